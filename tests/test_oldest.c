/* test_oldest.c -- the oldest event that a room's `keep` leaves
 *
 * SPDX-License-Identifier: MIT */
#include "ledger/read.h"
#include "scribe.h"
#include "suite.h"

enum { FIRST = 1000, JUMP = 1 << 30 };

/* Ten messages, and ten more after a jump. */
static struct ledger *
jumped(struct scribe *s)
{
	struct ledger *l = scribe_ledger(s, "lobby");

	scribe_add(l, FIRST, "MSG", "one");
	for (unsigned i = 1; i < 10; i++)
		scribe_add(l, 0, "MSG", "more");
	scribe_add(l, FIRST + JUMP, "MSG", "after");
	for (unsigned i = 1; i < 10; i++)
		scribe_add(l, 0, "MSG", "more");
	return l;
}

static void
events_are_counted_and_not_numbers(void)
{
	struct scribe *s = scribe_new(SYNC_NEVER);
	struct ledger *l = jumped(s);
	uint64_t wall = SCRIBE_WALL;

	CU_ASSERT_EQUAL(ledger_oldest(l, wall), FIRST);
	for (unsigned n = 1; n <= 10; n++) {
		ledger_keep(l, 0, n);
		CU_ASSERT_EQUAL(ledger_oldest(l, wall), FIRST + JUMP + 10 - n);
		ledger_keep(l, 0, 10 + n);
		CU_ASSERT_EQUAL(ledger_oldest(l, wall), FIRST + 10 - n);
	}
	ledger_keep(l, 0, 100);
	CU_ASSERT_EQUAL(ledger_oldest(l, wall), FIRST);
	ledger_keep(l, 0, 3 * (uint64_t)JUMP);
	CU_ASSERT_EQUAL(ledger_oldest(l, wall), FIRST);
	ledger_unref(&l);
	scribe_free(&s);
}

static void
two_jumps_are_passed(void)
{
	struct scribe *s = scribe_new(SYNC_NEVER);
	struct ledger *l = jumped(s);

	scribe_add(l, FIRST + 2 * (uint64_t)JUMP, "MSG", "again");
	ledger_keep(l, 0, 1);
	CU_ASSERT_EQUAL(ledger_oldest(l, SCRIBE_WALL),
	    FIRST + 2 * (uint64_t)JUMP);
	ledger_keep(l, 0, 11);
	CU_ASSERT_EQUAL(ledger_oldest(l, SCRIBE_WALL), FIRST + JUMP);
	ledger_keep(l, 0, 12);
	CU_ASSERT_EQUAL(ledger_oldest(l, SCRIBE_WALL), FIRST + 9);
	ledger_unref(&l);
	scribe_free(&s);
}

static CU_TestInfo tests[] = {
	{ "events are counted, and not numbers",
	    events_are_counted_and_not_numbers },
	{ "two jumps are passed", two_jumps_are_passed },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "oldest", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
