/* test_read_faults.c -- a log on a disk that cannot read some of it
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "faulty.h"
#include "shelf.h"
#include "suite.h"

static struct shelf *
two_segments(void)
{
	struct shelf *s = shelf_new(1);

	shelf_mix(s, 200000);
	shelf_put(s, SHELF_SUMMED);
	shelf_mix(s, 100000);
	shelf_put(s, 70000);
	return s;
}

static bool
reads(struct shelf *s)
{
	struct blob *all = shelf_from(s, 1), *got = shelf_read(s, 1, 300000);
	bool good = shelf_same(got, (struct slice){ all->data, all->len });

	blob_unref(&all);
	blob_unref(&got);
	return good;
}

/* What one call cannot read, others may: then nothing is missing. */
static void
one_failed_read_takes_nothing_with_it(void)
{
	struct shelf *s = two_segments();
	char rule[64];

	for (unsigned i = 1; i < 12; i++) {
		snprintf(rule, sizeof(rule), "read:EIO:n=%u:path=.log", i);
		faulty_set(rule);
		CU_ASSERT(reads(s));
		faulty_set(NULL);
	}
	CU_ASSERT_EQUAL(atomic_load(&s->vault->counters.damaged), 0);
	shelf_free(&s);
}

static void
what_cannot_be_read_is_a_gap(void)
{
	struct shelf *s = two_segments();
	struct words_sought *w = words_sought_new(slice_of("x"));
	struct blob *b;
	uint64_t from;
	unsigned n;

	faulty_set("read:EIO:path=0001.log");
	s->segments[0].lost = true;
	CU_ASSERT(reads(s));
	CU_ASSERT(atomic_load(&s->vault->counters.damaged) > 0);
	CU_ASSERT_EQUAL(ledger_line(s->ledger, 5, &b), 0);
	CU_ASSERT_EQUAL(ledger_page(s->ledger, slice_of("lobby"), 1,
	    s->segments[1].first + 1, 10, 50000, &b, &n), 0);
	CU_ASSERT_EQUAL(n, 2);
	blob_unref(&b);
	CU_ASSERT_EQUAL(ledger_search(s->ledger, w, 1,
	    s->segments[1].first + 1, 10, 50000, 1 << 20, &b, &n, &from), 0);
	CU_ASSERT(n == 1 && from <= 1);
	blob_unref(&b);
	faulty_set("open:EACCES:path=0001.log");
	CU_ASSERT(reads(s));
	/* Without its sums it is given as it is. */
	s->segments[0].lost = false;
	faulty_set("open:EACCES:path=.sum");
	CU_ASSERT(reads(s));
	faulty_set("read:EIO:path=.sum");
	CU_ASSERT(reads(s));
	faulty_set(NULL);
	words_sought_free(&w);
	shelf_free(&s);
}

static void
what_cannot_be_read_now_is_not_lost(void)
{
	/* 12 is ENOMEM, 23 ENFILE. */
	static const char *const rules[] = { "open:EMFILE", "open:23",
	    "open:EMFILE:path=.sum", "read:12", "open:12",
	    "read:12:path=.sum" };
	struct words_sought *w = words_sought_new(slice_of("x"));
	struct shelf *s = two_segments();
	uint64_t next = 1, from;
	struct spot spot = { 0 };
	struct blob *b = NULL;
	unsigned n;

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		faulty_set(rules[i]);
		CU_ASSERT(ledger_read(s->ledger, slice_of("lobby"), &next,
		    &spot, 1000, &b) < 0);
		CU_ASSERT(b == NULL && next == 1);
		CU_ASSERT(ledger_line(s->ledger, 5, &b) < 0);
		CU_ASSERT(b == NULL);
		CU_ASSERT(ledger_page(s->ledger, slice_of("lobby"), 1, 20, 5,
		    1000, &b, &n) < 0);
		CU_ASSERT(b == NULL && n == 0);
		CU_ASSERT(ledger_search(s->ledger, w, 1, 20, 5, 1000, 1000,
		    &b, &n, &from) < 0);
		CU_ASSERT(b == NULL && n == 0);
	}
	faulty_set(NULL);
	CU_ASSERT(reads(s));
	CU_ASSERT_EQUAL(atomic_load(&s->vault->counters.damaged), 0);
	words_sought_free(&w);
	shelf_free(&s);
}

/* What was read before the descriptors ran out is given. */
static void
a_part_is_given(void)
{
	struct shelf *s = two_segments();
	uint64_t next = s->segments[1].first - 2;
	struct spot spot = { 0 };
	struct blob *b = NULL;

	/* The log and the sums of the first. */
	faulty_set("open:EMFILE:from=3");
	CU_ASSERT_EQUAL(ledger_read(s->ledger, slice_of("lobby"), &next, &spot,
	    50000, &b), 0);
	CU_ASSERT_EQUAL(next, s->segments[1].first);
	CU_ASSERT(b != NULL);
	blob_unref(&b);
	CU_ASSERT_EQUAL(ledger_read(s->ledger, slice_of("lobby"), &next, &spot,
	    50000, &b), -EMFILE);
	faulty_set(NULL);
	CU_ASSERT_EQUAL(ledger_read(s->ledger, slice_of("lobby"), &next, &spot,
	    50000, &b), 0);
	CU_ASSERT(b != NULL && next > s->segments[1].first);
	blob_unref(&b);
	shelf_free(&s);
}

static CU_TestInfo tests[] = {
	{ "one failed read takes nothing with it",
	    one_failed_read_takes_nothing_with_it },
	{ "what cannot be read is a GAP", what_cannot_be_read_is_a_gap },
	{ "what cannot be read now is not lost",
	    what_cannot_be_read_now_is_not_lost },
	{ "a part is given", a_part_is_given },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "read_faults", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
