/* test_keeper_faults.c -- the keeper on disks that fail
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>

#include "faulty.h"
#include "proto/mail.h"
#include "scribe.h"
#include "suite.h"

static void
a_failed_sync_is_never_tried_again(void)
{
	struct scribe *s = scribe_new(SYNC_INTERVAL);
	struct ledger *l = scribe_ledger(s, "lobby");
	struct ledger *other = scribe_ledger(s, "other");
	unsigned long syncs;
	uint64_t last;

	scribe_fill(l, 1000);
	scribe_settle(s);
	scribe_fill(l, 1000);
	scribe_fill(other, 1000);
	faulty_set("sync:EIO:n=1:path=lobby/");
	scribe_settle(s);
	CU_ASSERT_EQUAL(ledger_failure(l), -EIO);
	CU_ASSERT(atomic_load(&s->vault->counters.failures) > 0);
	CU_ASSERT_EQUAL(scribe_say(l, 3, "no"), -EIO);
	CU_ASSERT_EQUAL(scribe_segment(l, 0).synced, 1000);
	CU_ASSERT_EQUAL(scribe_segment(l, 0).summed, 1000);
	CU_ASSERT_EQUAL(ledger_failure(other), 0);
	CU_ASSERT(scribe_summed(s, other));
	/* The ceiling tells of it, once. */
	scribe_settle(s);
	syncs = faulty_calls("sync");
	scribe_settle(s);
	scribe_settle(s);
	CU_ASSERT_EQUAL(faulty_calls("sync"), syncs);
	/* What comes later does not bring it back. */
	CU_ASSERT_EQUAL(ledger_retry(l, &last), 0);
	scribe_fill(l, 1000);
	scribe_settle(s);
	CU_ASSERT_EQUAL(scribe_segments(l), 2);
	CU_ASSERT_EQUAL(scribe_segment(l, 0).synced, 1000);
	CU_ASSERT_EQUAL(scribe_segment(l, 0).summed, 1000);
	CU_ASSERT_EQUAL(scribe_segment(l, 1).summed, 1000);
	faulty_set(NULL);
	ledger_unref(&l);
	ledger_unref(&other);
	scribe_free(&s);
}

/* The room's own sync failed; RETRY comes before the keeper looks, or not. */
static void
nor_is_one_that_the_room_tried(bool looks)
{
	struct scribe *s = scribe_new(SYNC_INTERVAL);
	struct ledger *l = scribe_ledger(s, "lobby");
	uint64_t last;

	scribe_fill(l, 1000);
	ledger_fail(l, "sync", -EIO);
	if (looks)
		scribe_settle(s);
	CU_ASSERT_EQUAL(ledger_retry(l, &last), 0);
	scribe_fill(l, 1000);
	scribe_settle(s);
	CU_ASSERT_EQUAL(scribe_segment(l, 0).synced, 0);
	CU_ASSERT_EQUAL(scribe_segment(l, 0).summed, 0);
	CU_ASSERT_EQUAL(scribe_segment(l, 1).summed, 1000);
	ledger_unref(&l);
	scribe_free(&s);
}

static void
nor_is_one_of_the_rooms(void)
{
	nor_is_one_that_the_room_tried(false);
	nor_is_one_that_the_room_tried(true);
}

static void
what_can_be_tried_again_is(void)
{
	static const char *const rules[] = {
		"write:ENOSPC:path=.sum", "open:EACCES:path=.sum",
		"read:EIO:path=.log", "open:EMFILE:path=.log"
	};

	for (unsigned i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		struct scribe *s = scribe_new(SYNC_INTERVAL);
		struct ledger *l = scribe_ledger(s, "lobby");

		scribe_fill(l, 1000);
		faulty_set(rules[i]);
		scribe_settle(s);
		scribe_settle(s);
		CU_ASSERT_EQUAL(ledger_failure(l), 0);
		CU_ASSERT_EQUAL(scribe_segment(l, 0).summed, 0);
		faulty_set(NULL);
		scribe_settle(s);
		CU_ASSERT(scribe_summed(s, l));
		ledger_unref(&l);
		scribe_free(&s);
	}
}

static void
what_cannot_be_erased_now_is_said(void)
{
	static const char *const rules[] = {
		"open:EMFILE:path=.log", "read:EIO:path=.log",
		"open:EIO:path=.sum", "read:EIO:path=.sum",
		"write:EIO:path=.sum", "sync:EIO:path=.sum",
		"write:ENOSPC:path=.log", "sync:EIO:path=.log",
		"write:EIO:n=2:path=.sum", "sync:EIO:n=2:path=.sum"
	};

	for (unsigned i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		struct scribe *s = scribe_new(SYNC_INTERVAL);
		struct ledger *l = scribe_ledger(s, "lobby");
		uint64_t target, by;

		scribe_fill(l, 1000);
		target = scribe_add(l, 0, "MSG", "secret");
		by = scribe_add(l, 0, "DELETE", "2");
		scribe_settle(s);
		faulty_set(rules[i]);
		CU_ASSERT_FALSE(scribe_erase(s, l, target, by));
		faulty_set(NULL);
		CU_ASSERT_EQUAL(ledger_failure(l), 0);
		CU_ASSERT_EQUAL(atomic_load(&l->erasing) % 2, 0);
		CU_ASSERT(scribe_undamaged(s, l));
		CU_ASSERT(scribe_erase(s, l, target, by));
		CU_ASSERT_EQUAL(scribe_count(s, l, "secret"), 0);
		scribe_fill(l, 100);
		scribe_settle(s);
		CU_ASSERT(scribe_summed(s, l));
		ledger_unref(&l);
		scribe_free(&s);
	}
}

/* Lines that wait for their sync are in the file whose sync failed. */
static void
a_sync_that_fails_while_erasing_counts_for_all(void)
{
	struct scribe *s = scribe_new(SYNC_INTERVAL);
	struct ledger *l = scribe_ledger(s, "lobby");
	struct mailbox back;
	struct mail *waiters;
	struct erasure e = { .mail.kind = MAIL_ERASE, .ledger = l,
		.target = 1, .by = 2, .back = &back };

	mailbox_init(&back, 1);
	scribe_add(l, 0, "MSG", "secret");
	keeper_round(s->keeper, 1000, SCRIBE_WALL, false);
	scribe_fill(l, 100);
	mailbox_send(s->vault->keeper, &e.mail);
	faulty_set("sync:EIO:path=.log");
	keeper_round(s->keeper, 1001, SCRIBE_WALL, false);
	CU_ASSERT_PTR_EQUAL(mailbox_take(&back, &waiters), &e.mail);
	CU_ASSERT_FALSE(e.done);
	CU_ASSERT_EQUAL(ledger_failure(l), -EIO);
	faulty_set(NULL);
	mailbox_fini(&back);
	ledger_unref(&l);
	scribe_free(&s);
}

static CU_TestInfo tests[] = {
	{ "a failed sync is never tried again",
	    a_failed_sync_is_never_tried_again },
	{ "nor is one that the room tried", nor_is_one_of_the_rooms },
	{ "what can be tried again is", what_can_be_tried_again_is },
	{ "what cannot be erased now is said",
	    what_cannot_be_erased_now_is_said },
	{ "a sync that fails while erasing counts for all",
	    a_sync_that_fails_while_erasing_counts_for_all },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ .pName = "keeper, faults", .pTests = tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
