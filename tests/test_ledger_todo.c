/* test_ledger_todo.c -- what is still to be done is noted beside a log
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "faulty.h"
#include "lobby.h"
#include "suite.h"

static char noted[512];

static void
note(struct slice line, void *arg)
{
	(void)arg;
	strncat(noted, line.at, line.len);
}

static const char *
todo(struct ledger *l)
{
	noted[0] = '\0';
	ledger_noted(l, note, NULL);
	return noted;
}

#define ONE "SET lobby 3 1 ~a topic=x\n"
#define TWO "DELETE lobby 4 1 ~a 2\n"

static void
what_is_to_be_done_is_noted(void)
{
	struct ledger *l;

	lobby_begin(SYNC_INTERVAL);
	l = scribe_ledger(lobby.scribe, "lobby");
	CU_ASSERT_STRING_EQUAL(todo(l), "");
	ledger_done(l);
	CU_ASSERT_EQUAL(ledger_note(l, slice_of(ONE)), 0);
	CU_ASSERT_EQUAL(ledger_note(l, slice_of(TWO)), 0);
	CU_ASSERT_EQUAL(ledger_note(l, slice_of(TWO)), 0);
	ledger_unnote(l, strlen(TWO));
	ledger_unref(&l);
	l = scribe_ledger(lobby.scribe, "lobby");
	CU_ASSERT_STRING_EQUAL(todo(l), ONE TWO);
	CU_ASSERT_EQUAL(ledger_note(l, slice_of(ONE)), 0);
	ledger_unref(&l);
	/* Whoever does not ask adds to it all the same. */
	l = scribe_ledger(lobby.scribe, "lobby");
	CU_ASSERT_EQUAL(ledger_note(l, slice_of(TWO)), 0);
	CU_ASSERT_STRING_EQUAL(todo(l), ONE TWO ONE TWO);
	ledger_done(l);
	CU_ASSERT_EQUAL(l->todo, -1);
	ledger_unref(&l);
	l = scribe_ledger(lobby.scribe, "lobby");
	CU_ASSERT_STRING_EQUAL(todo(l), "");
	lobby_end(&l);
}

static void
a_torn_note_is_cut_off(void)
{
	struct ledger *l;

	lobby_begin(SYNC_INTERVAL);
	l = scribe_ledger(lobby.scribe, "lobby");
	CU_ASSERT_EQUAL(ledger_note(l, slice_of(ONE)), 0);
	faulty_set("write:EIO:short=5:n=1");
	CU_ASSERT_EQUAL(ledger_note(l, slice_of(TWO)), -EIO);
	faulty_set("write:EIO:short=5:n=1,truncate:EIO");
	CU_ASSERT_EQUAL(ledger_note(l, slice_of(TWO)), -EIO);
	faulty_set(NULL);
	ledger_unref(&l);
	l = scribe_ledger(lobby.scribe, "lobby");
	CU_ASSERT_STRING_EQUAL(todo(l), ONE);
	CU_ASSERT_EQUAL(ledger_note(l, slice_of(TWO)), 0);
	CU_ASSERT_STRING_EQUAL(todo(l), ONE TWO);
	/* It does not grow for ever. */
	for (int i = 0; i < 10000; i++)
		if (ledger_note(l, slice_of(ONE)) != 0)
			break;
	CU_ASSERT_EQUAL(ledger_note(l, slice_of(ONE)), -EBUSY);
	CU_ASSERT(l->todo_size <= 65536);
	lobby_end(&l);
}

static CU_TestInfo tests[] = {
	{ "what is to be done is noted", what_is_to_be_done_is_noted },
	{ "a torn note is cut off", a_torn_note_is_cut_off }, CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "ledger_todo", NULL, NULL, NULL, NULL, tests }, CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
