/* test_read.c -- a log in slices: everything once, or a GAP
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/disk.h"
#include "ledger/blocks.h"
#include "ledger/walk.h"
#include "shelf.h"
#include "suite.h"

static struct slice
whole(const struct blob *b)
{
	return (struct slice){ b == NULL ? "" : b->data,
		b == NULL ? 0 : b->len };
}

/* Is all of it, from that number on, what is to be read? */
static bool
reads(struct shelf *s, uint64_t next, size_t most)
{
	struct blob *expected = shelf_from(s, next);
	struct blob *got = shelf_read(s, next, most);
	bool same = shelf_same(got, whole(expected));

	blob_unref(&expected);
	blob_unref(&got);
	return same;
}

/* From some numbers on, in slices of some sizes. */
static bool
reads_all(struct shelf *s)
{
	static const size_t most[] = { 1, 5000, 65536, 300000 };
	uint64_t last = ledger_last(s->ledger);
	bool good = true;

	for (unsigned i = 1; i < 4; i++)
		for (uint64_t next = 1; next <= last + 1; next += last / 7 + 1)
			good = good && reads(s, next, most[i]);
	return good && reads(s, last > 40 ? last - 40 : 1, most[0]);
}

/* Three segments, GAPs, lines of 4 KiB; sums of all, of a part, of none. */
static struct shelf *
mixed(void)
{
	struct shelf *s = shelf_new(1000);

	shelf_mix(s, 150000);
	shelf_skip(s, 100);
	shelf_mix(s, 350000);
	shelf_put(s, SHELF_SUMMED);
	shelf_skip(s, 1);
	shelf_mix(s, 3 * SUM_BLOCK);
	shelf_skip(s, 7);
	shelf_skip(s, 5);
	shelf_mix(s, 250000);
	shelf_put(s, 3 * SUM_BLOCK);
	shelf_mix(s, 100000);
	shelf_put(s, 70000);
	return s;
}

static void
gives_all_from_any_number_in_any_slices(void)
{
	struct shelf *s = mixed();
	struct blob *rest = shelf_from(s, 1), *some;
	const char *at = rest->data, *lf;
	bool good = true;

	CU_ASSERT(reads_all(s));
	CU_ASSERT(reads(s, 1, 65536));
	CU_ASSERT(reads(s, 999, 100000));
	/* One slice from every number. */
	lf = memchr(at, '\n', rest->len);
	for (uint64_t next = 1000; good && next < s->next; next++) {
		struct spot spot = { 0 };
		uint64_t after = next;
		struct log_line line;

		for (;; at = lf + 1) {
			lf = memchr(at, '\n', (size_t)(rest->data + rest->len -
			    at));
			log_line_parse((struct slice){ at,
			    (size_t)(lf + 1 - at) }, &line);
			if (line.to >= next)
				break;
		}
		some = NULL;
		good = ledger_read(s->ledger, slice_of("lobby"), &after, &spot,
		    next % 3 == 0 ? 1 : 2000 + next % 9000, &some) == 0 &&
		    some != NULL && memcmp(some->data, at, some->len) == 0 &&
		    after > next;
		blob_unref(&some);
	}
	CU_ASSERT(good);
	blob_unref(&rest);
	shelf_free(&s);
}

static void
is_nothing_behind_the_end(void)
{
	struct shelf *s = shelf_new(5);
	struct spot spot = { 0 };
	struct blob *b = NULL;
	uint64_t next = 5;

	CU_ASSERT_EQUAL(ledger_read(s->ledger, slice_of("lobby"), &next, &spot,
	    100, &b), 0);
	CU_ASSERT(b == NULL && next == 5);
	shelf_say(s, "a");
	shelf_put(s, 0);
	next = 6;
	CU_ASSERT_EQUAL(ledger_read(s->ledger, slice_of("lobby"), &next, &spot,
	    100, &b), 0);
	CU_ASSERT(b == NULL && next == 6);
	/* What was there goes behind what the caller has. */
	blob_add(&b, slice_of("before\n"));
	next = 4;
	CU_ASSERT_EQUAL(ledger_read(s->ledger, slice_of("lobby"), &next, &spot,
	    100, &b), 0);
	CU_ASSERT(shelf_same(b, slice_of("before\nGAP lobby 4 4\n"
	    "MSG lobby 5 1700000000005 ~alice a\n")));
	CU_ASSERT_EQUAL(next, 6);
	blob_unref(&b);
	shelf_free(&s);
}

static void
a_hint_is_only_a_hint(void)
{
	struct shelf *s = mixed();
	struct blob *expected = shelf_from(s, 1500), *b;
	bool good = true;

	for (unsigned i = 0; i < 300; i++) {
		struct spot spot = {
			s->segments[i % 3].first + (i % 5 == 4), i * 1013 };
		uint64_t next = 1500;

		b = NULL;
		good = good && ledger_read(s->ledger, slice_of("lobby"), &next,
		    &spot, 3000, &b) == 0 && b != NULL &&
		    memcmp(b->data, expected->data, b->len) == 0;
		blob_unref(&b);
	}
	CU_ASSERT(good);
	blob_unref(&expected);
	shelf_free(&s);
}

static void
damage_is_a_gap_over_its_lines(void)
{
	struct shelf *s = mixed();

	CU_ASSERT_EQUAL(s->segments[0].bytes->len / SUM_BLOCK, 5);
	/* Each block alone, then more and more of them. */
	for (unsigned i = 0; i < 6; i++) {
		shelf_flip(s, 0, i * SUM_BLOCK + (i * 7919) % 20000);
		CU_ASSERT(reads_all(s));
		shelf_write(s, 0, ".log", 0, s->segments[0].bytes->data,
		    s->segments[0].bytes->len);
		s->segments[0].bad[i] = false;
	}
	CU_ASSERT(reads_all(s));
	for (unsigned i = 0; i < 6; i++) {
		shelf_flip(s, 0, i * 5 % 6 * SUM_BLOCK + 5);
		CU_ASSERT(reads_all(s));
	}
	shelf_flip(s, 1, 2 * SUM_BLOCK);
	shelf_flip(s, 2, 100);
	CU_ASSERT(reads_all(s));
	/* Each was told of once. */
	CU_ASSERT_EQUAL(atomic_load(&s->vault->counters.damaged), 6 + 2);
	shelf_free(&s);
}

/* Where lines end exactly at the edges of blocks, or a byte beside them. */
static void
damage_is_exact_at_the_edges_of_blocks(void)
{
	for (size_t off = 0; off < 3; off++) {
		struct shelf *s = shelf_new(1);

		shelf_fill(s, 4095 + off);
		for (unsigned i = 1; i < 64; i++)
			shelf_fill(s, 1024 * 4);
		shelf_put(s, SHELF_SUMMED);
		CU_ASSERT(reads_all(s));
		shelf_flip(s, 0, SUM_BLOCK + 4000);
		CU_ASSERT(reads_all(s));
		shelf_flip(s, 0, 3 * SUM_BLOCK);
		CU_ASSERT(reads_all(s));
		shelf_free(&s);
	}
}

static void
segments_that_cannot_be_read_are_gaps(void)
{
	struct shelf *s = mixed();
	char path[LEDGER_PATH];

	for (unsigned i = 0; i < 3; i++) {
		shelf_path(s, i, ".log", path);
		disk_unlink(s->vault->rooms, path);
		s->segments[i].lost = true;
		CU_ASSERT(reads_all(s));
		/* Something else in its place is no better. */
		disk_mkdir(s->vault->rooms, path);
		CU_ASSERT(reads_all(s));
		unlinkat(s->vault->rooms, path, AT_REMOVEDIR);
		shelf_write(s, i, ".log", 0, s->segments[i].bytes->data,
		    s->segments[i].bytes->len);
		s->segments[i].lost = i == 2;
	}
	shelf_path(s, 2, ".log", path);
	disk_unlink(s->vault->rooms, path);
	CU_ASSERT_EQUAL(symlinkat("away", s->vault->rooms, path), 0);
	CU_ASSERT(reads_all(s));
	shelf_free(&s);
}

static void
short_segments_are_gaps_from_their_end_on(void)
{
	struct shelf *s = mixed();
	char path[LEDGER_PATH];
	int fd;

	shelf_path(s, 0, ".log", path);
	fd = disk_open(s->vault->rooms, path, O_RDWR);
	CU_ASSERT_EQUAL_FATAL(disk_truncate(fd, 2 * SUM_BLOCK + 77), 0);
	for (unsigned i = 2; i < SHELF_BLOCKS; i++)
		s->segments[0].bad[i] = true;
	CU_ASSERT(reads_all(s));
	CU_ASSERT_EQUAL(disk_truncate(fd, 0), 0);
	s->segments[0].lost = true;
	CU_ASSERT(reads_all(s));
	disk_close(fd);
	shelf_free(&s);
}

/* What a lost power leaves where there is no sum yet. */
static void
zeros_are_no_lines(void)
{
	struct shelf *s = mixed();
	struct shelf_segment *own = &s->segments[2];
	char zeros[9000] = { 0 };

	memset(own->bytes->data + 80000, 0, sizeof(zeros));
	shelf_write(s, 2, ".log", 80000, zeros, sizeof(zeros));
	CU_ASSERT(reads_all(s));
	/* Where there is one they are damage. */
	shelf_write(s, 2, ".log", 1000, zeros, 5);
	own->bad[0] = true;
	CU_ASSERT(reads_all(s));
	shelf_free(&s);
}

/* Whole lines whose numbers are wrong are not given, whatever their sums say. */
static void
check_rising(uint64_t summed)
{
	struct shelf *s = shelf_new(10);
	struct blob *b;

	shelf_say(s, "a");
	blob_add(&s->bytes, slice_of("MSG lobby 5 1 ~alice low\n"
	    "MSG lobby 10 1 ~alice twice\nMSG lobby 99 1 ~alice high\n"
	    "GAP lobby 11 99\nGAP lobby 12 11\nnonsense\n\n"));
	shelf_say(s, "b");
	s->next++;
	shelf_say(s, "c");
	shelf_put(s, summed);
	b = shelf_read(s, 10, 1000);
	CU_ASSERT(shelf_same(b, slice_of("MSG lobby 10 1700000000010 ~alice a\n"
	    "MSG lobby 11 1700000000011 ~alice b\nGAP lobby 12 12\n"
	    "MSG lobby 13 1700000000013 ~alice c\n")));
	blob_unref(&b);
	shelf_free(&s);
}

static void
numbers_only_rise(void)
{
	check_rising(0);
	check_rising(SHELF_SUMMED);
}

static void
what_was_let_go_is_a_gap(void)
{
	struct shelf *s = mixed();
	uint64_t next = 1000, second;
	struct spot spot = { 0 };
	struct blob *b = NULL;
	char gap[64];

	CU_ASSERT_EQUAL(ledger_read(s->ledger, slice_of("lobby"), &next, &spot,
	    4000, &b), 0);
	blob_unref(&b);
	shelf_drop(s);
	second = s->segments[0].first;
	snprintf(gap, sizeof(gap), "GAP lobby %llu %llu\n",
	    (unsigned long long)next, (unsigned long long)second - 1);
	CU_ASSERT_EQUAL(ledger_read(s->ledger, slice_of("lobby"), &next, &spot,
	    4000, &b), 0);
	CU_ASSERT(b != NULL && memcmp(b->data, gap, strlen(gap)) == 0);
	blob_unref(&b);
	CU_ASSERT(reads_all(s));
	shelf_drop(s);
	shelf_drop(s);
	b = shelf_read(s, second, 100);
	snprintf(gap, sizeof(gap), "GAP lobby %llu %llu\n",
	    (unsigned long long)second, (unsigned long long)s->next - 1);
	CU_ASSERT(shelf_same(b, slice_of(gap)));
	blob_unref(&b);
	shelf_free(&s);
}

/* In the middle of one slice. */
static void
what_is_let_go_meanwhile_is_a_gap_behind_what_was_given(void)
{
	struct shelf *s = mixed();
	struct blob *b = NULL;
	struct walk w = { .ledger = s->ledger, .room = slice_of("lobby"),
		.next = 1200, .least = 1200, .until = UINT64_MAX,
		.most = SIZE_MAX, .bytes = &b };
	uint64_t second = s->segments[1].first;
	char gap[64];
	size_t len;

	CU_ASSERT_EQUAL_FATAL(walk_on(&w), 1);
	CU_ASSERT_EQUAL_FATAL(w.next, second);
	len = b->len;
	shelf_drop(s);
	shelf_drop(s);
	CU_ASSERT_EQUAL_FATAL(walk_on(&w), 1);
	snprintf(gap, sizeof(gap), "GAP lobby %llu %llu\n",
	    (unsigned long long)second,
	    (unsigned long long)s->segments[0].first - 1);
	CU_ASSERT(memcmp(b->data + len, gap, strlen(gap)) == 0);
	CU_ASSERT_EQUAL(w.next, s->next);
	blob_unref(&b);
	shelf_free(&s);
}

/* It grew, was summed and let go after somebody had looked how long it is. */
static void
what_is_let_go_meanwhile_is_not_damaged(void)
{
	struct shelf *s = mixed();
	struct reader r;
	struct blocks b;
	char *bytes = malloc(BLOCKS_MOST * SUM_BLOCK);

	CU_ASSERT_EQUAL_FATAL(reader_open(&r, s->ledger, 1000), 1);
	r.segment.size = SUM_BLOCK + 5000;
	shelf_drop(s);
	CU_ASSERT_EQUAL(blocks_read(&r, 0, BLOCKS_MOST, bytes, &b), 0);
	CU_ASSERT_EQUAL(b.count, 2);
	CU_ASSERT_EQUAL(b.state[0], BLOCK_SURE);
	CU_ASSERT_EQUAL(b.state[1], BLOCK_UNSURE);
	CU_ASSERT_EQUAL(atomic_load(&s->vault->counters.damaged), 0);
	reader_close(&r);
	free(bytes);
	shelf_free(&s);
}

/* While a block changes it is given, whatever its sum says. */
static void
what_is_being_erased_is_not_judged(void)
{
	struct shelf *s = mixed();

	shelf_write(s, 0, ".log", SUM_BLOCK + 200, "y", 1);
	s->segments[0].bytes->data[SUM_BLOCK + 200] = 'y';
	atomic_fetch_add(&s->ledger->erasing, 1);
	CU_ASSERT(reads(s, 1000, 65536));
	CU_ASSERT_EQUAL(atomic_load(&s->vault->counters.damaged), 0);
	atomic_fetch_add(&s->ledger->erasing, 1);
	s->segments[0].bad[1] = true;
	CU_ASSERT(reads(s, 1000, 65536));
	CU_ASSERT_EQUAL(atomic_load(&s->vault->counters.damaged), 1);
	shelf_free(&s);
}

static void
sums_that_say_nothing_are_none(void)
{
	struct shelf *s = mixed();
	char path[LEDGER_PATH];

	shelf_write(s, 0, ".sum", SUM_ENTRY, "-------- ------\n", SUM_ENTRY);
	shelf_write(s, 0, ".log", SUM_BLOCK + 200, "y", 1);
	s->segments[0].bytes->data[SUM_BLOCK + 200] = 'y';
	shelf_write(s, 1, ".sum", 3, "\0\0\xff", 3);
	CU_ASSERT(reads_all(s));
	shelf_path(s, 0, ".sum", path);
	disk_unlink(s->vault->rooms, path);
	disk_mkdir(s->vault->rooms, path);
	CU_ASSERT(reads_all(s));
	CU_ASSERT_EQUAL(atomic_load(&s->vault->counters.damaged), 0);
	shelf_free(&s);
}

static CU_TestInfo tests[] = {
	{ "gives all, from any number on, in any slices",
	    gives_all_from_any_number_in_any_slices },
	{ "is nothing behind the end", is_nothing_behind_the_end },
	{ "a hint is only a hint", a_hint_is_only_a_hint },
	{ "damage is a GAP over its lines", damage_is_a_gap_over_its_lines },
	{ "damage is exact at the edges of blocks",
	    damage_is_exact_at_the_edges_of_blocks },
	{ "segments that cannot be read are GAPs",
	    segments_that_cannot_be_read_are_gaps },
	{ "short segments are GAPs from their end on",
	    short_segments_are_gaps_from_their_end_on },
	{ "zeros are no lines", zeros_are_no_lines },
	{ "numbers only rise", numbers_only_rise },
	{ "what was let go is a GAP", what_was_let_go_is_a_gap },
	{ "what is let go meanwhile is a GAP behind what was given",
	    what_is_let_go_meanwhile_is_a_gap_behind_what_was_given },
	{ "what is let go meanwhile is not damaged",
	    what_is_let_go_meanwhile_is_not_damaged },
	{ "what is being erased is not judged",
	    what_is_being_erased_is_not_judged },
	{ "sums that say nothing are none", sums_that_say_nothing_are_none },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "read", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
