/* test_ledger.c -- lines are appended to a log, and the newest told
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "faulty.h"
#include "lobby.h"
#include "suite.h"

static void
lines_stand_as_they_were_said(void)
{
	struct ledger *l;

	lobby_begin(SYNC_INTERVAL);
	l = ledger_new(lobby.scribe->vault, "lobby");
	CU_ASSERT_EQUAL(ledger_load(l), 0);
	CU_ASSERT_EQUAL(ledger_last(l), 0);
	CU_ASSERT_EQUAL(lobby_add(l, 5, 6, "hello"), 0);
	CU_ASSERT_EQUAL(lobby_add(l, 7, 7, "there"), 0);
	CU_ASSERT_EQUAL(ledger_last(l), 7);
	lobby_holds(l, 5,
	    "MSG lobby 5 1700000000005 ~alice hello\n"
	    "MSG lobby 6 1700000000006 ~alice hello\n"
	    "MSG lobby 7 1700000000007 ~alice there\n");
	CU_ASSERT_EQUAL(ledger_bytes(l), 3 * 39 + 4096);
	CU_ASSERT_EQUAL(lobby.scribe->vault->bytes, 3 * 39 + 4096);
	CU_ASSERT_EQUAL(scribe_segment(l, 0).time, SCRIBE_WALL + 5);
	lobby_loads_to(7);
	lobby_end(&l);
}

static void
a_gap_stands_for_what_is_not_there(void)
{
	struct ledger *l;

	lobby_begin(SYNC_INTERVAL);
	l = scribe_ledger(lobby.scribe, "lobby");
	CU_ASSERT_EQUAL(lobby_add(l, 5, 5, "a"), 0);
	CU_ASSERT_EQUAL(lobby_add(l, 90, 90, "b"), 0);
	CU_ASSERT_EQUAL(lobby_add(l, 91, 91, "c"), 0);
	lobby_holds(l, 5,
	    "MSG lobby 5 1700000000005 ~alice a\n"
	    "GAP lobby 6 89\n"
	    "MSG lobby 90 1700000000090 ~alice b\n"
	    "MSG lobby 91 1700000000091 ~alice c\n");
	lobby_loads_to(91);
	lobby_end(&l);
}

static void
goes_on_in_a_new_segment(void)
{
	struct segment g;
	char text[1001];
	struct ledger *l;
	uint64_t number = 0;

	memset(text, 'x', 1000);
	text[1000] = '\0';
	lobby_begin(SYNC_INTERVAL);
	l = scribe_ledger(lobby.scribe, "lobby");
	while (scribe_segments(l) < 3) {
		number++;
		CU_ASSERT_EQUAL_FATAL(lobby_add(l, number, number, text), 0);
	}
	CU_ASSERT(scribe_segment(l, 0).size >= 65536);
	CU_ASSERT(scribe_segment(l, 0).size < 65536 + 1100);
	CU_ASSERT_EQUAL(scribe_segment(l, 2).first, number);
	CU_ASSERT(segment_find(l, scribe_segment(l, 1).first, &g));
	CU_ASSERT_EQUAL(g.first, scribe_segment(l, 1).first);
	CU_ASSERT(segment_find(l, scribe_segment(l, 1).first - 1, &g));
	CU_ASSERT_EQUAL(g.first, 1);
	CU_ASSERT(segment_find(l, 0, &g));
	CU_ASSERT_EQUAL(g.first, 1);
	CU_ASSERT(segment_find(l, UINT64_MAX, &g));
	CU_ASSERT_EQUAL(g.first, number);
	CU_ASSERT(segment_next(l, 1, &g));
	CU_ASSERT_EQUAL(g.first, scribe_segment(l, 1).first);
	CU_ASSERT_FALSE(segment_next(l, number, &g));
	CU_ASSERT(segment_oldest(l, &g));
	CU_ASSERT_EQUAL(g.first, 1);
	lobby_loads_to(number);
	/* A gap begins a segment like any line. */
	l->full = true;
	CU_ASSERT_EQUAL(lobby_add(l, number + 5, number + 5, "x"), 0);
	CU_ASSERT_EQUAL(scribe_segment(l, 3).first, number + 1);
	lobby_loads_to(number + 5);
	lobby_end(&l);
}

static void
what_is_kept_a_while_is_cut_smaller(void)
{
	struct ledger *l;
	uint64_t n;

	lobby_begin(SYNC_INTERVAL);
	atomic_store(&lobby.scribe->config->storage_segment, 16384);
	l = scribe_ledger(lobby.scribe, "lobby");
	ledger_keep(l, 0, 8000);
	for (n = 1; n <= 2001; n++)
		CU_ASSERT_EQUAL_FATAL(lobby_add(l, n, n, "x"), 0);
	CU_ASSERT_EQUAL(scribe_segments(l), 1);
	CU_ASSERT_EQUAL(lobby_add(l, n, n, "x"), 0);
	CU_ASSERT_EQUAL(scribe_segments(l), 2);
	CU_ASSERT_EQUAL(scribe_segment(l, 1).first, 2002);
	ledger_keep(l, 0, 10);
	while (scribe_segments(l) == 2) {
		n++;
		CU_ASSERT_EQUAL_FATAL(lobby_add(l, n, n, "x"), 0);
	}
	CU_ASSERT_EQUAL(scribe_segment(l, 2).first, 2002 + 1001);
	/* By its time, which is its number. */
	ledger_keep(l, 400, 0);
	for (uint64_t to = n + 100; n < to;) {
		n++;
		CU_ASSERT_EQUAL_FATAL(lobby_add(l, n, n, "x"), 0);
	}
	CU_ASSERT_EQUAL(scribe_segments(l), 3);
	n++;
	CU_ASSERT_EQUAL_FATAL(lobby_add(l, n, n, "x"), 0);
	CU_ASSERT_EQUAL(scribe_segments(l), 4);
	lobby_end(&l);
}

static void
limits_are_kept(void)
{
	struct ledger *l;
	char text[1001];
	uint64_t n = 0;
	int rc;

	memset(text, 'x', 1000);
	text[1000] = '\0';
	lobby_begin(SYNC_INTERVAL);
	atomic_store(&lobby.scribe->config->storage_limit, 1);
	l = scribe_ledger(lobby.scribe, "lobby");
	while ((rc = lobby_add(l, n + 1, n + 1, text)) == 0)
		n++;
	CU_ASSERT_EQUAL(rc, -EDQUOT);
	CU_ASSERT(lobby.scribe->vault->bytes <= 1 << 20);
	CU_ASSERT(lobby.scribe->vault->bytes > (1 << 20) - 1100);
	atomic_store(&lobby.scribe->config->storage_limit, 2);
	CU_ASSERT_EQUAL(lobby_add(l, n + 1, n + 1, text), 0);
	/* Numbers are below the ceiling. */
	atomic_store(&lobby.scribe->vault->ceiling, n + 4);
	CU_ASSERT_EQUAL(lobby_add(l, n + 2, n + 4, text), -EAGAIN);
	CU_ASSERT_EQUAL(lobby_add(l, n + 2, n + 3, text), 0);
	lobby_end(&l);
}

static void
few_descriptors_are_enough(void)
{
	struct ledger *l[20];
	char name[16];

	lobby_begin(SYNC_INTERVAL);
	lobby.scribe->vault->open_most = 3;
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "room-%d", i);
		l[i] = scribe_ledger(lobby.scribe, name);
	}
	for (int round = 0; round < 5; round++)
		for (int i = 0; i < 20; i++) {
			scribe_add(l[i], 0, "MSG", "x");
			CU_ASSERT(lobby.scribe->vault->open_count <= 3);
			CU_ASSERT(l[i]->fd >= 0);
		}
	/* The longest idle was closed first. */
	CU_ASSERT(l[17]->fd >= 0 && l[18]->fd >= 0 && l[19]->fd >= 0);
	scribe_add(l[17], 0, "MSG", "x");
	scribe_add(l[0], 0, "MSG", "x");
	CU_ASSERT(l[18]->fd < 0 && l[17]->fd >= 0);
	ledger_rest(l[0]);
	CU_ASSERT_EQUAL(l[0]->fd, -1);
	CU_ASSERT_EQUAL(lobby.scribe->vault->open_count, 2);
	/* There are none left: another's is taken. */
	faulty_set("open:EMFILE:n=1,open:EMFILE:n=2");
	scribe_add(l[1], 0, "MSG", "x");
	faulty_set(NULL);
	scribe_settle(lobby.scribe);
	for (int i = 0; i < 20; i++) {
		CU_ASSERT_EQUAL(scribe_count(lobby.scribe, l[i], "MSG"),
		    5 + (i == 17 || i == 0 || i == 1));
		ledger_unref(&l[i]);
	}
	CU_ASSERT_EQUAL(lobby.scribe->vault->open_count, 0);
	lobby_end(NULL);
}

enum { WRITERS = 4, ROOMS = 3, ROUNDS = 100 };

/* A few rooms of its own, one after the other. */
static void *
write_rooms(void *arg)
{
	struct ledger **l = arg;

	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < ROOMS; i++)
			scribe_add(l[i], 0, "MSG", "x");
		ledger_rest(l[round % ROOMS]);
	}
	return NULL;
}

static void
rooms_share_descriptors_at_the_same_time(void)
{
	struct ledger *l[WRITERS * ROOMS];
	pthread_t writers[WRITERS];
	char name[16];

	lobby_begin(SYNC_INTERVAL);
	lobby.scribe->vault->open_most = 3;
	for (int i = 0; i < WRITERS * ROOMS; i++) {
		snprintf(name, sizeof(name), "room-%d", i);
		l[i] = scribe_ledger(lobby.scribe, name);
	}
	for (int i = 0; i < WRITERS; i++)
		CU_ASSERT_EQUAL_FATAL(pthread_create(&writers[i], NULL,
					  write_rooms, &l[i * ROOMS]),
		    0);
	for (int i = 0; i < ROUNDS; i++)
		scribe_settle(lobby.scribe);
	for (int i = 0; i < WRITERS; i++)
		pthread_join(writers[i], NULL);
	scribe_settle(lobby.scribe);
	for (int i = 0; i < WRITERS * ROOMS; i++) {
		CU_ASSERT_EQUAL(
		    scribe_count(lobby.scribe, l[i], "MSG"), ROUNDS);
		CU_ASSERT(scribe_summed(lobby.scribe, l[i]));
		ledger_unref(&l[i]);
	}
	CU_ASSERT_EQUAL(lobby.scribe->vault->open_count, 0);
	lobby_end(NULL);
}

static unsigned long tail_count;
static uint64_t tail_first, tail_last;

static void
see(struct slice text, void *arg)
{
	struct log_line line;

	(void)arg;
	CU_ASSERT_FATAL(log_line_parse(text, &line));
	if (tail_count++ == 0)
		tail_first = line.from;
	else
		CU_ASSERT_EQUAL(line.from, tail_last + 1);
	tail_last = line.to;
}

static void
tail(struct ledger *l, unsigned count)
{
	tail_count = tail_first = tail_last = 0;
	ledger_tail(l, count, see, NULL);
}

static void
the_newest_lines_are_told(void)
{
	char text[3001];
	struct ledger *l;
	uint64_t n;

	memset(text, 'x', 3000);
	text[3000] = '\0';
	lobby_begin(SYNC_INTERVAL);
	l = scribe_ledger(lobby.scribe, "lobby");
	tail(l, 10);
	CU_ASSERT_EQUAL(tail_count, 0);
	for (n = 1; n <= 100; n++)
		CU_ASSERT_EQUAL_FATAL(
		    lobby_add(l, n, n, n % 3 ? text : "short"), 0);
	CU_ASSERT_EQUAL(lobby_add(l, 200, 200, "x"), 0);
	CU_ASSERT(scribe_segments(l) >= 4);
	for (unsigned count = 1; count <= 102; count++) {
		tail(l, count);
		CU_ASSERT_EQUAL(tail_count, count);
		CU_ASSERT_EQUAL(tail_last, 200);
		if (count > 2)
			CU_ASSERT_EQUAL(tail_first, 103 - count);
	}
	tail(l, 1000000);
	CU_ASSERT_EQUAL(tail_count, 102);
	CU_ASSERT_EQUAL(tail_first, 1);
	tail(l, 0);
	CU_ASSERT_EQUAL(tail_count, 0);
	lobby_end(&l);
}

static void
the_keeper_is_told_once(void)
{
	struct ledger *l;

	lobby_begin(SYNC_INTERVAL);
	l = scribe_ledger(lobby.scribe, "lobby");
	CU_ASSERT_FALSE(l->told);
	CU_ASSERT_EQUAL(lobby_add(l, 1, 1, "a"), 0);
	CU_ASSERT(l->told);
	CU_ASSERT_EQUAL(l->refs, 2);
	CU_ASSERT_EQUAL(lobby_add(l, 2, 2, "a"), 0);
	CU_ASSERT_EQUAL(l->refs, 2);
	scribe_settle(lobby.scribe);
	CU_ASSERT_FALSE(l->told);
	CU_ASSERT(scribe_summed(lobby.scribe, l));
	ledger_keep(l, 1000000, 0);
	CU_ASSERT(l->told);
	lobby_end(&l);
}

static CU_TestInfo tests[] = { { "lines stand as they were said",
				   lines_stand_as_they_were_said },
	{ "a gap stands for what is not there",
	    a_gap_stands_for_what_is_not_there },
	{ "goes on in a new segment", goes_on_in_a_new_segment },
	{ "what is kept a while is cut smaller",
	    what_is_kept_a_while_is_cut_smaller },
	{ "limits are kept", limits_are_kept },
	{ "few descriptors are enough", few_descriptors_are_enough },
	{ "rooms share descriptors at the same time",
	    rooms_share_descriptors_at_the_same_time },
	{ "the newest lines are told", the_newest_lines_are_told },
	{ "the keeper is told once", the_keeper_is_told_once },
	CU_TEST_INFO_NULL };

static CU_SuiteInfo suites[] = { { "ledger", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL };

int
main(void)
{
	return suite_run(suites);
}
