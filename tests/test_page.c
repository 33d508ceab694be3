/* test_page.c -- pages of a log, one line of it, and what `keep` leaves
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "base/disk.h"
#include "shelf.h"
#include "suite.h"

/* Of what is to be read from `oldest` on: the newest `count` lines that begin
 * below `before`. */
static struct slice
expected(const struct blob *all, uint64_t before, unsigned count,
    unsigned *count_r)
{
	struct slice page = { "", 0 };
	const char *at, *end, *lf, *lines[2000];
	struct log_line line;
	unsigned n = 0;

	*count_r = 0;
	if (all == NULL)
		return page;
	at = end = all->data;
	for (; at < all->data + all->len; at = lf + 1) {
		lf = memchr(at, '\n', (size_t)(all->data + all->len - at));
		log_line_parse((struct slice){ at, (size_t)(lf + 1 - at) },
		    &line);
		if (line.from >= before)
			break;
		CU_ASSERT_FATAL(n < 2000);
		lines[n++] = at;
		end = lf + 1;
	}
	*count_r = n < count ? n : count;
	if (*count_r > 0)
		page = (struct slice){ lines[n - *count_r],
			(size_t)(end - lines[n - *count_r]) };
	return page;
}

static bool
is_page(struct shelf *s, const struct blob *all, uint64_t oldest,
    uint64_t before, unsigned count)
{
	struct slice page;
	struct blob *got;
	unsigned n, m;
	bool good;

	page = expected(before > oldest ? all : NULL, before, count, &m);
	good = ledger_page(s->ledger, slice_of("lobby"), oldest, before, count,
	    1000000, &got, &n) == 0 && shelf_same(got, page) && n == m;
	if (!good)
		printf("\n    oldest %llu before %llu count %u: %u, not %u",
		    (unsigned long long)oldest, (unsigned long long)before,
		    count, n, m);
	blob_unref(&got);
	return good;
}

static bool
are_pages(struct shelf *s, uint64_t oldest)
{
	struct blob *all = shelf_from(s, oldest);
	bool good = true;

	for (uint64_t before = 1; good && before < s->next + 3; before++)
		for (unsigned count = 1; good && count < 40;
		    count += count < 4 ? 1 : 5)
			good = is_page(s, all, oldest, before, count);
	good = good && is_page(s, all, oldest, UINT64_MAX, 1000);
	blob_unref(&all);
	return good;
}

static struct shelf *
small(void)
{
	struct shelf *s = shelf_new(20);

	for (unsigned i = 0; i < 20; i++)
		shelf_say(s, "one");
	shelf_skip(s, 10);
	for (unsigned i = 0; i < 3; i++)
		shelf_say(s, "two");
	shelf_put(s, SHELF_SUMMED);
	shelf_skip(s, 30);
	shelf_skip(s, 1);
	shelf_say(s, "three");
	shelf_skip(s, 3);
	shelf_put(s, 0);
	for (unsigned i = 0; i < 20; i++)
		shelf_fill(s, 4096 - i % 3);
	shelf_put(s, SHELF_SUMMED);
	for (unsigned i = 0; i < 30; i++)
		shelf_say(s, "four");
	shelf_put(s, 100);
	return s;
}

static void
every_page_of_a_small_log(void)
{
	struct shelf *s = small();

	CU_ASSERT(are_pages(s, 20));
	CU_ASSERT(are_pages(s, 1));
	CU_ASSERT(are_pages(s, 25));
	CU_ASSERT(are_pages(s, 43));
	CU_ASSERT(are_pages(s, 90));
	CU_ASSERT(are_pages(s, s->next - 1));
	CU_ASSERT(are_pages(s, s->next));
	shelf_free(&s);
}

static void
every_page_of_a_damaged_log(void)
{
	struct shelf *s = small();
	char path[LEDGER_PATH];

	shelf_flip(s, 2, 5000);
	CU_ASSERT(are_pages(s, 1));
	CU_ASSERT(are_pages(s, 95));
	shelf_flip(s, 2, SUM_BLOCK + 3);
	CU_ASSERT(are_pages(s, 30));
	shelf_flip(s, 0, 3);
	CU_ASSERT(are_pages(s, 1));
	CU_ASSERT(are_pages(s, 25));
	shelf_path(s, 1, ".log", path);
	disk_unlink(s->vault->rooms, path);
	s->segments[1].lost = true;
	CU_ASSERT(are_pages(s, 1));
	shelf_drop(s);
	CU_ASSERT(are_pages(s, 1));
	shelf_free(&s);
}

static void
a_page_is_bounded_by_its_bytes(void)
{
	struct shelf *s = shelf_new(1);
	struct blob *b;
	unsigned n;

	for (unsigned i = 0; i < 100; i++)
		shelf_fill(s, 4000);
	shelf_put(s, SHELF_SUMMED);
	ledger_page(s->ledger, slice_of("lobby"), 1, UINT64_MAX, 100, 40000,
	    &b, &n);
	CU_ASSERT_EQUAL(n, 10);
	CU_ASSERT_EQUAL(b->len, 40000);
	blob_unref(&b);
	ledger_page(s->ledger, slice_of("lobby"), 1, 50, 100, 39999, &b, &n);
	CU_ASSERT_EQUAL(n, 9);
	CU_ASSERT(memcmp(b->data, "MSG lobby 41 ", 13) == 0);
	blob_unref(&b);
	/* At least one. */
	ledger_page(s->ledger, slice_of("lobby"), 1, 50, 100, 10, &b, &n);
	CU_ASSERT_EQUAL(n, 1);
	CU_ASSERT(memcmp(b->data, "MSG lobby 49 ", 13) == 0);
	blob_unref(&b);
	shelf_free(&s);
}

static bool
is_line(struct shelf *s, uint64_t number)
{
	struct blob *all = shelf_from(s, number), *got;
	struct log_line line = { 0 };
	struct slice first = { "", 0 };
	bool there = false, good;
	int rc;

	if (all != NULL) {
		first.at = all->data;
		first.len = (size_t)((char *)memchr(all->data, '\n', all->len) +
		    1 - all->data);
		there = log_line_parse(first, &line) && line.from == number &&
		    line.time > 0;
	}
	rc = ledger_line(s->ledger, number, &got);
	good = rc == there && shelf_same(got, there ? first : slice_of(""));
	blob_unref(&all);
	blob_unref(&got);
	return good;
}

static void
every_line_by_its_number(void)
{
	struct shelf *s = small();
	bool good = true;

	for (uint64_t n = 1; n < s->next + 3; n++)
		good = good && is_line(s, n);
	CU_ASSERT(good);
	shelf_flip(s, 2, 5000);
	for (uint64_t n = 1; n < s->next + 3; n++)
		good = good && is_line(s, n);
	CU_ASSERT(good);
	shelf_free(&s);
}

static uint64_t
oldest(struct shelf *s, uint64_t wall, uint64_t ms, uint64_t count)
{
	atomic_store(&s->ledger->keep_ms, ms);
	atomic_store(&s->ledger->keep_count, count);
	return ledger_oldest(s->ledger, wall);
}

/* Events are at SHELF_WALL and their number. */
static void
keep_says_what_is_the_oldest(void)
{
	struct shelf *s = small();
	uint64_t last = s->next - 1;

	CU_ASSERT_EQUAL(oldest(s, SHELF_WALL, 0, 0), 20);
	CU_ASSERT_EQUAL(oldest(s, SHELF_WALL, 0, 1), last);
	CU_ASSERT_EQUAL(oldest(s, SHELF_WALL, 0, 30), last - 29);
	CU_ASSERT_EQUAL(oldest(s, SHELF_WALL, 0, 1000000), 20);
	for (uint64_t age = 1; age < last - 20; age++) {
		uint64_t least = oldest(s, SHELF_WALL + last, age, 0);
		struct blob *b = NULL;
		struct spot spot = { 0 };
		uint64_t next = least;
		struct log_line line = { 0 };

		/* None is older, and the one before is. */
		CU_ASSERT_FATAL(ledger_read(s->ledger, slice_of("lobby"),
		    &next, &spot, 1, &b) == 0 && b != NULL);
		log_line_parse((struct slice){ b->data, b->len }, &line);
		blob_unref(&b);
		CU_ASSERT(line.time == 0 || line.from >= last - age);
		CU_ASSERT(ledger_line(s->ledger, least - 1, &b) == 1 &&
		    least - 1 < last - age);
		blob_unref(&b);
	}
	/* All of it is too old, or none. */
	CU_ASSERT_EQUAL(oldest(s, SHELF_WALL + last + 50, 49, 0), last + 1);
	CU_ASSERT_EQUAL(oldest(s, SHELF_WALL + last + 50, 50, 0), last);
	CU_ASSERT_EQUAL(oldest(s, SHELF_WALL + 20, 5, 0), 20);
	CU_ASSERT_EQUAL(oldest(s, SHELF_WALL + last, SHELF_WALL * 2, 0), 20);
	CU_ASSERT_EQUAL(oldest(s, SHELF_WALL + last, 30, 10), last - 9);
	CU_ASSERT_EQUAL(oldest(s, SHELF_WALL + last, 10, 25), last - 10);
	/* The segments' times are known by now. */
	for (unsigned i = 0; i < s->ledger->count; i++)
		CU_ASSERT(s->ledger->segments[i].time == 0 ||
		    s->ledger->segments[i].time >= SHELF_WALL +
		    s->segments[i].first);
	shelf_free(&s);
}

/* A clock that was ahead, and then set right. */
static void
what_is_newest_is_not_too_old(void)
{
	struct shelf *s = shelf_new(1);

	blob_add(&s->bytes, slice_of("MSG lobby 1 1000 ~alice a\n"
	    "MSG lobby 2 2000 ~alice a\nMSG lobby 3 900 ~alice a\n"
	    "MSG lobby 4 100 ~alice a\nMSG lobby 5 1900 ~alice a\n"));
	s->next = 6;
	shelf_put(s, SHELF_SUMMED);
	for (uint64_t wall = 1; wall < 3000; wall += 7)
		CU_ASSERT(oldest(s, wall, 100, 0) <= (wall <= 2000 ? 5 : 6));
	shelf_free(&s);
}

static void
an_empty_log_has_no_oldest(void)
{
	struct shelf *s = shelf_new(50);
	struct blob *b;
	unsigned n;

	CU_ASSERT_EQUAL(oldest(s, SHELF_WALL, 1000, 10), 1);
	CU_ASSERT_EQUAL(ledger_page(s->ledger, slice_of("lobby"), 0,
	    UINT64_MAX, 10, 1000, &b, &n), 0);
	CU_ASSERT(b == NULL && n == 0);
	CU_ASSERT_EQUAL(ledger_line(s->ledger, 50, &b), 0);
	shelf_say(s, "a");
	shelf_put(s, 0);
	CU_ASSERT_EQUAL(oldest(s, SHELF_WALL, 0, 0), 50);
	shelf_drop(s);
	CU_ASSERT_EQUAL(oldest(s, SHELF_WALL, 1000, 10), 51);
	shelf_free(&s);
}

static CU_TestInfo tests[] = {
	{ "every page of a small log", every_page_of_a_small_log },
	{ "every page of a damaged log", every_page_of_a_damaged_log },
	{ "a page is bounded by its bytes", a_page_is_bounded_by_its_bytes },
	{ "every line by its number", every_line_by_its_number },
	{ "keep says what is the oldest", keep_says_what_is_the_oldest },
	{ "what is newest is not too old", what_is_newest_is_not_too_old },
	{ "an empty log has no oldest", an_empty_log_has_no_oldest },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "page", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
