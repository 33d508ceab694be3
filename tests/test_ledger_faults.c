/* test_ledger_faults.c -- lines are appended, or nothing of them counts
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "faulty.h"
#include "lobby.h"
#include "suite.h"

static void
a_short_write_is_undone(void)
{
	struct ledger *l;

	lobby_begin(SYNC_INTERVAL);
	l = scribe_ledger(lobby.scribe, "lobby");
	CU_ASSERT_EQUAL(lobby_add(l, 1, 2, "a"), 0);
	for (unsigned some = 0; some < 80; some += 7) {
		char rule[64];

		snprintf(rule, sizeof(rule), "write:EIO:n=1:short=%u", some);
		faulty_set(rule);
		CU_ASSERT_EQUAL(lobby_add(l, 3, 5, "lost"), -EIO);
		faulty_set(NULL);
		CU_ASSERT_EQUAL(ledger_last(l), 2);
		CU_ASSERT_EQUAL(ledger_failure(l), 0);
		lobby_holds(l, 1,
		    "MSG lobby 1 1700000000001 ~alice a\n"
		    "MSG lobby 2 1700000000002 ~alice a\n");
	}
	CU_ASSERT(lobby.scribe->vault->counters.failures > 0);
	CU_ASSERT_EQUAL(lobby_add(l, 3, 3, "b"), 0);
	lobby_loads_to(3);
	lobby_end(&l);
}

/* In the first write, and with a gap before it in the second. */
static void
a_full_disk_is_no_end(void)
{
	struct ledger *l;

	lobby_begin(SYNC_ALWAYS);
	l = scribe_ledger(lobby.scribe, "lobby");
	faulty_space(10);
	CU_ASSERT_EQUAL(lobby_add(l, 1, 1, "a"), -ENOSPC);
	CU_ASSERT_EQUAL(ledger_last(l), 0);
	CU_ASSERT_EQUAL(scribe_segments(l), 0);
	faulty_space(-1);
	CU_ASSERT_EQUAL(lobby_add(l, 1, 2, "a"), 0);
	faulty_space(20);
	CU_ASSERT_EQUAL(lobby_add(l, 3, 4, "b"), -ENOSPC);
	faulty_space(20);
	CU_ASSERT_EQUAL(lobby_add(l, 10, 10, "b"), -ENOSPC);
	faulty_space(0);
	CU_ASSERT_EQUAL(lobby_add(l, 3, 4, "b"), -ENOSPC);
	CU_ASSERT_EQUAL(
	    ledger_note(l, slice_of("MSG lobby 3 1 ~a b\n")), -ENOSPC);
	CU_ASSERT_EQUAL(ledger_last(l), 2);
	CU_ASSERT_EQUAL(ledger_failure(l), 0);
	lobby_loads_to(2);
	faulty_space(-1);
	CU_ASSERT_EQUAL(lobby_add(l, 3, 4, "b"), 0);
	lobby_loads_to(4);
	lobby_end(&l);
}

/* Whichever call of an append, a roll or a start fails, nothing that was
 * acknowledged is missing and nothing that was refused is there. */
static void
any_call_may_fail(void)
{
	static const char *const kinds[] = { "any", "sync", "truncate" };
	uint64_t last;
	char rule[64];

	for (unsigned k = 0; k < 3; k++) {
		for (unsigned n = 1; n < 40; n++) {
			struct ledger *l;

			lobby_begin(SYNC_ALWAYS);
			snprintf(rule, sizeof(rule), "%s:EIO:n=%u:short=9%s",
			    kinds[k], n,
			    k == 2 ? ",write:ENOSPC:n=3:short=30" : "");
			faulty_set(rule);
			l = ledger_new(lobby.scribe->vault, "lobby");
			ledger_load(l);
			last = 0;
			for (uint64_t i = 1; i <= 6; i++) {
				l->full = i % 3 == 0;
				if (lobby_add(l, last + 1, last + 2, "x") == 0)
					last += 2;
				CU_ASSERT_EQUAL_FATAL(ledger_last(l), last);
			}
			faulty_set(NULL);
			lobby_loads_to(last);
			lobby_end(&l);
		}
	}
}

static void
a_failed_sync_is_the_end_until_retry(void)
{
	unsigned long syncs;
	struct ledger *l;
	uint64_t last;

	lobby_begin(SYNC_ALWAYS);
	l = scribe_ledger(lobby.scribe, "lobby");
	CU_ASSERT_EQUAL(lobby_add(l, 1, 2, "a"), 0);
	faulty_set("sync:EIO:n=1");
	CU_ASSERT_EQUAL(lobby_add(l, 3, 4, "b"), -EIO);
	syncs = faulty_calls("sync");
	CU_ASSERT_EQUAL(ledger_failure(l), -EIO);
	CU_ASSERT_EQUAL(lobby_add(l, 3, 4, "b"), -EIO);
	CU_ASSERT_EQUAL(ledger_note(l, slice_of("MSG lobby 3 1 ~a b\n")), -EIO);
	CU_ASSERT_EQUAL(faulty_calls("sync"), syncs);
	CU_ASSERT_EQUAL(ledger_last(l), 2);
	faulty_set("open:ENOSPC");
	CU_ASSERT_EQUAL(ledger_retry(l, &last), -ENOSPC);
	CU_ASSERT_EQUAL(lobby_add(l, 3, 4, "b"), -ENOSPC);
	faulty_set(NULL);
	CU_ASSERT_EQUAL(ledger_retry(l, &last), 0);
	CU_ASSERT_EQUAL(last, 2);
	CU_ASSERT_EQUAL(ledger_failure(l), 0);
	CU_ASSERT_EQUAL(lobby_add(l, 3, 4, "b"), 0);
	CU_ASSERT_EQUAL(scribe_segments(l), 2);
	CU_ASSERT_EQUAL(scribe_segment(l, 1).first, 3);
	lobby_holds(l, 1,
	    "MSG lobby 1 1700000000001 ~alice a\n"
	    "MSG lobby 2 1700000000002 ~alice a\n");
	CU_ASSERT_EQUAL(ledger_retry(l, &last), 0);
	CU_ASSERT_EQUAL(last, 4);
	CU_ASSERT_EQUAL(scribe_segments(l), 2);
	lobby_loads_to(4);
	lobby_end(&l);
}

/* With the interval a segment is synced before the next one begins. */
static void
a_roll_waits_for_its_sync(void)
{
	struct ledger *l;

	lobby_begin(SYNC_INTERVAL);
	l = scribe_ledger(lobby.scribe, "lobby");
	CU_ASSERT_EQUAL(lobby_add(l, 1, 2, "a"), 0);
	l->full = true;
	faulty_set("sync:EIO:path=.log");
	CU_ASSERT_EQUAL(lobby_add(l, 3, 3, "b"), -EIO);
	CU_ASSERT_EQUAL(ledger_failure(l), -EIO);
	CU_ASSERT_EQUAL(scribe_segments(l), 1);
	faulty_set(NULL);
	lobby_loads_to(2);
	lobby_end(&l);
}

static void
an_end_that_cannot_be_cut_is_a_failure(void)
{
	struct ledger *l;
	uint64_t last;

	lobby_begin(SYNC_INTERVAL);
	l = scribe_ledger(lobby.scribe, "lobby");
	CU_ASSERT_EQUAL(lobby_add(l, 1, 2, "a"), 0);
	faulty_set("write:ENOSPC:short=40,truncate:EIO");
	CU_ASSERT_EQUAL(lobby_add(l, 3, 4, "b"), -ENOSPC);
	faulty_set(NULL);
	CU_ASSERT_EQUAL(ledger_failure(l), -EIO);
	CU_ASSERT_EQUAL(lobby_add(l, 3, 4, "b"), -EIO);
	CU_ASSERT_EQUAL(ledger_retry(l, &last), 0);
	CU_ASSERT_EQUAL(lobby_add(l, 3, 4, "c"), 0);
	lobby_loads_to(4);
	CU_ASSERT_EQUAL(scribe_count(lobby.scribe, l, "b\n"), 0);
	lobby_end(&l);
}

/* A write that fails late is not forgotten because its file was closed. */
static void
is_synced_before_it_is_closed(void)
{
	struct ledger *l;

	lobby_begin(SYNC_INTERVAL);
	l = scribe_ledger(lobby.scribe, "lobby");
	CU_ASSERT_EQUAL(lobby_add(l, 1, 1, "a"), 0);
	faulty_set("sync:EIO");
	ledger_rest(l);
	CU_ASSERT_EQUAL(ledger_failure(l), -EIO);
	faulty_set(NULL);
	lobby_end(&l);
}

static CU_TestInfo tests[] = { { "a short write is undone",
				   a_short_write_is_undone },
	{ "a full disk is no end", a_full_disk_is_no_end },
	{ "any call may fail", any_call_may_fail },
	{ "a failed sync is the end until retry",
	    a_failed_sync_is_the_end_until_retry },
	{ "a roll waits for its sync", a_roll_waits_for_its_sync },
	{ "an end that cannot be cut is a failure",
	    an_end_that_cannot_be_cut_is_a_failure },
	{ "is synced before it is closed", is_synced_before_it_is_closed },
	CU_TEST_INFO_NULL };

static CU_SuiteInfo suites[] = {
	{ "ledger_faults", NULL, NULL, NULL, NULL, tests }, CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
