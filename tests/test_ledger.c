/* test_ledger.c -- lines are appended, or nothing of them counts
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "faulty.h"
#include "proto/words.h"
#include "scribe.h"
#include "suite.h"

static struct scribe *s;

static void
begin(enum config_sync sync)
{
	s = scribe_new(sync);
	atomic_store(&s->config->storage_files, 0);
}

static void
end(struct ledger **l)
{
	if (l != NULL)
		ledger_unref(l);
	scribe_free(&s);
}

/* "MSG lobby N T ~alice TEXT" for each of first to last; 0 or -errno. */
static int
add(struct ledger *l, uint64_t first, uint64_t last, const char *text)
{
	struct iovec pieces[64];
	char *lines[64], line[LINE_MAX_BYTES];
	unsigned count = (unsigned)(last - first) + 1;
	int rc;

	assert(count <= 64);
	for (unsigned i = 0; i < count; i++) {
		int len = snprintf(line, sizeof(line),
		    "MSG lobby %llu %llu ~alice %s\n",
		    (unsigned long long)(first + i),
		    (unsigned long long)(SCRIBE_WALL + first + i), text);

		lines[i] = xmemdup(line, (size_t)len);
		pieces[i] = (struct iovec){ lines[i], (size_t)len };
	}
	rc = ledger_append(l, slice_of("lobby"), pieces, count, first, last,
	    SCRIBE_WALL + first);
	for (unsigned i = 0; i < count; i++)
		free(lines[i]);
	return rc;
}

static void
holds(struct ledger *l, uint64_t first, const char *expected)
{
	size_t len;
	char *text = scribe_read(s, l->dir, first, ".log", &len);

	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	CU_ASSERT_STRING_EQUAL(text, expected);
	free(text);
}

/* A start finds what was acknowledged, and nothing else. */
static void
loads_to(uint64_t last)
{
	struct ledger *l = ledger_new(s->vault, "lobby");

	CU_ASSERT_EQUAL(ledger_load(l), last);
	CU_ASSERT_EQUAL(ledger_last(l), last);
	CU_ASSERT_EQUAL(s->vault->counters.cut, 0);
	CU_ASSERT_EQUAL(s->vault->counters.damaged, 0);
	ledger_unref(&l);
}

static void
lines_stand_as_they_were_said(void)
{
	struct ledger *l;

	begin(SYNC_INTERVAL);
	l = ledger_new(s->vault, "lobby");
	CU_ASSERT_EQUAL(ledger_load(l), 0);
	CU_ASSERT_EQUAL(ledger_last(l), 0);
	CU_ASSERT_EQUAL(add(l, 5, 6, "hello"), 0);
	CU_ASSERT_EQUAL(add(l, 7, 7, "there"), 0);
	CU_ASSERT_EQUAL(ledger_last(l), 7);
	holds(l, 5,
	    "MSG lobby 5 1700000000005 ~alice hello\n"
	    "MSG lobby 6 1700000000006 ~alice hello\n"
	    "MSG lobby 7 1700000000007 ~alice there\n");
	CU_ASSERT_EQUAL(ledger_bytes(l), 3 * 39 + 4096);
	CU_ASSERT_EQUAL(s->vault->bytes, 3 * 39 + 4096);
	CU_ASSERT_EQUAL(scribe_segment(l, 0).time, SCRIBE_WALL + 5);
	loads_to(7);
	end(&l);
}

static void
a_gap_stands_for_what_is_not_there(void)
{
	struct ledger *l;

	begin(SYNC_INTERVAL);
	l = scribe_ledger(s, "lobby");
	CU_ASSERT_EQUAL(add(l, 5, 5, "a"), 0);
	CU_ASSERT_EQUAL(add(l, 90, 90, "b"), 0);
	CU_ASSERT_EQUAL(add(l, 91, 91, "c"), 0);
	holds(l, 5,
	    "MSG lobby 5 1700000000005 ~alice a\n"
	    "GAP lobby 6 89\n"
	    "MSG lobby 90 1700000000090 ~alice b\n"
	    "MSG lobby 91 1700000000091 ~alice c\n");
	loads_to(91);
	end(&l);
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
	begin(SYNC_INTERVAL);
	l = scribe_ledger(s, "lobby");
	while (scribe_segments(l) < 3) {
		number++;
		CU_ASSERT_EQUAL_FATAL(add(l, number, number, text), 0);
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
	loads_to(number);
	/* A gap begins a segment like any line. */
	l->full = true;
	CU_ASSERT_EQUAL(add(l, number + 5, number + 5, "x"), 0);
	CU_ASSERT_EQUAL(scribe_segment(l, 3).first, number + 1);
	loads_to(number + 5);
	end(&l);
}

static void
what_is_kept_a_while_is_cut_smaller(void)
{
	struct ledger *l;
	uint64_t n;

	begin(SYNC_INTERVAL);
	atomic_store(&s->config->storage_segment, 16384);
	l = scribe_ledger(s, "lobby");
	ledger_keep(l, 0, 8000);
	for (n = 1; n <= 2001; n++)
		CU_ASSERT_EQUAL_FATAL(add(l, n, n, "x"), 0);
	CU_ASSERT_EQUAL(scribe_segments(l), 1);
	CU_ASSERT_EQUAL(add(l, n, n, "x"), 0);
	CU_ASSERT_EQUAL(scribe_segments(l), 2);
	CU_ASSERT_EQUAL(scribe_segment(l, 1).first, 2002);
	ledger_keep(l, 0, 10);
	while (scribe_segments(l) == 2) {
		n++;
		CU_ASSERT_EQUAL_FATAL(add(l, n, n, "x"), 0);
	}
	CU_ASSERT_EQUAL(scribe_segment(l, 2).first, 2002 + 1001);
	/* By its time, which is its number. */
	ledger_keep(l, 400, 0);
	for (uint64_t to = n + 100; n < to;) {
		n++;
		CU_ASSERT_EQUAL_FATAL(add(l, n, n, "x"), 0);
	}
	CU_ASSERT_EQUAL(scribe_segments(l), 3);
	n++;
	CU_ASSERT_EQUAL_FATAL(add(l, n, n, "x"), 0);
	CU_ASSERT_EQUAL(scribe_segments(l), 4);
	end(&l);
}

static void
a_short_write_is_undone(void)
{
	struct ledger *l;

	begin(SYNC_INTERVAL);
	l = scribe_ledger(s, "lobby");
	CU_ASSERT_EQUAL(add(l, 1, 2, "a"), 0);
	for (unsigned some = 0; some < 80; some += 7) {
		char rule[64];

		snprintf(rule, sizeof(rule), "write:EIO:n=1:short=%u", some);
		faulty_set(rule);
		CU_ASSERT_EQUAL(add(l, 3, 5, "lost"), -EIO);
		faulty_set(NULL);
		CU_ASSERT_EQUAL(ledger_last(l), 2);
		CU_ASSERT_EQUAL(ledger_failure(l), 0);
		holds(l, 1,
		    "MSG lobby 1 1700000000001 ~alice a\n"
		    "MSG lobby 2 1700000000002 ~alice a\n");
	}
	CU_ASSERT(s->vault->counters.failures > 0);
	CU_ASSERT_EQUAL(add(l, 3, 3, "b"), 0);
	loads_to(3);
	end(&l);
}

/* In the first write, and with a gap before it in the second. */
static void
a_full_disk_is_no_end(void)
{
	struct ledger *l;

	begin(SYNC_ALWAYS);
	l = scribe_ledger(s, "lobby");
	faulty_space(10);
	CU_ASSERT_EQUAL(add(l, 1, 1, "a"), -ENOSPC);
	CU_ASSERT_EQUAL(ledger_last(l), 0);
	CU_ASSERT_EQUAL(scribe_segments(l), 0);
	faulty_space(-1);
	CU_ASSERT_EQUAL(add(l, 1, 2, "a"), 0);
	faulty_space(20);
	CU_ASSERT_EQUAL(add(l, 3, 4, "b"), -ENOSPC);
	faulty_space(20);
	CU_ASSERT_EQUAL(add(l, 10, 10, "b"), -ENOSPC);
	faulty_space(0);
	CU_ASSERT_EQUAL(add(l, 3, 4, "b"), -ENOSPC);
	CU_ASSERT_EQUAL(
	    ledger_note(l, slice_of("MSG lobby 3 1 ~a b\n")), -ENOSPC);
	CU_ASSERT_EQUAL(ledger_last(l), 2);
	CU_ASSERT_EQUAL(ledger_failure(l), 0);
	loads_to(2);
	faulty_space(-1);
	CU_ASSERT_EQUAL(add(l, 3, 4, "b"), 0);
	loads_to(4);
	end(&l);
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

			begin(SYNC_ALWAYS);
			snprintf(rule, sizeof(rule), "%s:EIO:n=%u:short=9%s",
			    kinds[k], n,
			    k == 2 ? ",write:ENOSPC:n=3:short=30" : "");
			faulty_set(rule);
			l = ledger_new(s->vault, "lobby");
			ledger_load(l);
			last = 0;
			for (uint64_t i = 1; i <= 6; i++) {
				l->full = i % 3 == 0;
				if (add(l, last + 1, last + 2, "x") == 0)
					last += 2;
				CU_ASSERT_EQUAL_FATAL(ledger_last(l), last);
			}
			faulty_set(NULL);
			loads_to(last);
			end(&l);
		}
	}
}

static void
a_failed_sync_is_the_end_until_retry(void)
{
	unsigned long syncs;
	struct ledger *l;
	uint64_t last;

	begin(SYNC_ALWAYS);
	l = scribe_ledger(s, "lobby");
	CU_ASSERT_EQUAL(add(l, 1, 2, "a"), 0);
	faulty_set("sync:EIO:n=1");
	CU_ASSERT_EQUAL(add(l, 3, 4, "b"), -EIO);
	syncs = faulty_calls("sync");
	CU_ASSERT_EQUAL(ledger_failure(l), -EIO);
	CU_ASSERT_EQUAL(add(l, 3, 4, "b"), -EIO);
	CU_ASSERT_EQUAL(ledger_note(l, slice_of("MSG lobby 3 1 ~a b\n")), -EIO);
	CU_ASSERT_EQUAL(faulty_calls("sync"), syncs);
	CU_ASSERT_EQUAL(ledger_last(l), 2);
	faulty_set("open:ENOSPC");
	CU_ASSERT_EQUAL(ledger_retry(l, &last), -ENOSPC);
	CU_ASSERT_EQUAL(add(l, 3, 4, "b"), -ENOSPC);
	faulty_set(NULL);
	CU_ASSERT_EQUAL(ledger_retry(l, &last), 0);
	CU_ASSERT_EQUAL(last, 2);
	CU_ASSERT_EQUAL(ledger_failure(l), 0);
	CU_ASSERT_EQUAL(add(l, 3, 4, "b"), 0);
	CU_ASSERT_EQUAL(scribe_segments(l), 2);
	CU_ASSERT_EQUAL(scribe_segment(l, 1).first, 3);
	holds(l, 1,
	    "MSG lobby 1 1700000000001 ~alice a\n"
	    "MSG lobby 2 1700000000002 ~alice a\n");
	CU_ASSERT_EQUAL(ledger_retry(l, &last), 0);
	CU_ASSERT_EQUAL(last, 4);
	CU_ASSERT_EQUAL(scribe_segments(l), 2);
	loads_to(4);
	end(&l);
}

/* With the interval a segment is synced before the next one begins. */
static void
a_roll_waits_for_its_sync(void)
{
	struct ledger *l;

	begin(SYNC_INTERVAL);
	l = scribe_ledger(s, "lobby");
	CU_ASSERT_EQUAL(add(l, 1, 2, "a"), 0);
	l->full = true;
	faulty_set("sync:EIO:path=.log");
	CU_ASSERT_EQUAL(add(l, 3, 3, "b"), -EIO);
	CU_ASSERT_EQUAL(ledger_failure(l), -EIO);
	CU_ASSERT_EQUAL(scribe_segments(l), 1);
	faulty_set(NULL);
	loads_to(2);
	end(&l);
}

static void
an_end_that_cannot_be_cut_is_a_failure(void)
{
	struct ledger *l;
	uint64_t last;

	begin(SYNC_INTERVAL);
	l = scribe_ledger(s, "lobby");
	CU_ASSERT_EQUAL(add(l, 1, 2, "a"), 0);
	faulty_set("write:ENOSPC:short=40,truncate:EIO");
	CU_ASSERT_EQUAL(add(l, 3, 4, "b"), -ENOSPC);
	faulty_set(NULL);
	CU_ASSERT_EQUAL(ledger_failure(l), -EIO);
	CU_ASSERT_EQUAL(add(l, 3, 4, "b"), -EIO);
	CU_ASSERT_EQUAL(ledger_retry(l, &last), 0);
	CU_ASSERT_EQUAL(add(l, 3, 4, "c"), 0);
	loads_to(4);
	CU_ASSERT_EQUAL(scribe_count(s, l, "b\n"), 0);
	end(&l);
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
	begin(SYNC_INTERVAL);
	atomic_store(&s->config->storage_limit, 1);
	l = scribe_ledger(s, "lobby");
	while ((rc = add(l, n + 1, n + 1, text)) == 0)
		n++;
	CU_ASSERT_EQUAL(rc, -EDQUOT);
	CU_ASSERT(s->vault->bytes <= 1 << 20);
	CU_ASSERT(s->vault->bytes > (1 << 20) - 1100);
	atomic_store(&s->config->storage_limit, 2);
	CU_ASSERT_EQUAL(add(l, n + 1, n + 1, text), 0);
	/* Numbers are below the ceiling. */
	atomic_store(&s->vault->ceiling, n + 4);
	CU_ASSERT_EQUAL(add(l, n + 2, n + 4, text), -EAGAIN);
	CU_ASSERT_EQUAL(add(l, n + 2, n + 3, text), 0);
	end(&l);
}

static void
few_descriptors_are_enough(void)
{
	struct ledger *l[20];
	char name[16];

	begin(SYNC_INTERVAL);
	s->vault->open_most = 3;
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "room-%d", i);
		l[i] = scribe_ledger(s, name);
	}
	for (int round = 0; round < 5; round++)
		for (int i = 0; i < 20; i++) {
			scribe_add(l[i], 0, "MSG", "x");
			CU_ASSERT(s->vault->open_count <= 3);
			CU_ASSERT(l[i]->fd >= 0);
		}
	/* The longest idle was closed first. */
	CU_ASSERT(l[17]->fd >= 0 && l[18]->fd >= 0 && l[19]->fd >= 0);
	scribe_add(l[17], 0, "MSG", "x");
	scribe_add(l[0], 0, "MSG", "x");
	CU_ASSERT(l[18]->fd < 0 && l[17]->fd >= 0);
	ledger_rest(l[0]);
	CU_ASSERT_EQUAL(l[0]->fd, -1);
	CU_ASSERT_EQUAL(s->vault->open_count, 2);
	/* There are none left: another's is taken. */
	faulty_set("open:EMFILE:n=1,open:EMFILE:n=2");
	scribe_add(l[1], 0, "MSG", "x");
	faulty_set(NULL);
	scribe_settle(s);
	for (int i = 0; i < 20; i++) {
		CU_ASSERT_EQUAL(scribe_count(s, l[i], "MSG"),
		    5 + (i == 17 || i == 0 || i == 1));
		ledger_unref(&l[i]);
	}
	CU_ASSERT_EQUAL(s->vault->open_count, 0);
	end(NULL);
}

/* A write that fails late is not forgotten because its file was closed. */
static void
is_synced_before_it_is_closed(void)
{
	struct ledger *l;

	begin(SYNC_INTERVAL);
	l = scribe_ledger(s, "lobby");
	CU_ASSERT_EQUAL(add(l, 1, 1, "a"), 0);
	faulty_set("sync:EIO");
	ledger_rest(l);
	CU_ASSERT_EQUAL(ledger_failure(l), -EIO);
	faulty_set(NULL);
	end(&l);
}

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

	begin(SYNC_INTERVAL);
	l = scribe_ledger(s, "lobby");
	CU_ASSERT_STRING_EQUAL(todo(l), "");
	ledger_done(l);
	CU_ASSERT_EQUAL(ledger_note(l, slice_of(ONE)), 0);
	CU_ASSERT_EQUAL(ledger_note(l, slice_of(TWO)), 0);
	CU_ASSERT_EQUAL(ledger_note(l, slice_of(TWO)), 0);
	ledger_unnote(l, strlen(TWO));
	ledger_unref(&l);
	l = scribe_ledger(s, "lobby");
	CU_ASSERT_STRING_EQUAL(todo(l), ONE TWO);
	CU_ASSERT_EQUAL(ledger_note(l, slice_of(ONE)), 0);
	ledger_unref(&l);
	/* Whoever does not ask adds to it all the same. */
	l = scribe_ledger(s, "lobby");
	CU_ASSERT_EQUAL(ledger_note(l, slice_of(TWO)), 0);
	CU_ASSERT_STRING_EQUAL(todo(l), ONE TWO ONE TWO);
	ledger_done(l);
	CU_ASSERT_EQUAL(l->todo, -1);
	ledger_unref(&l);
	l = scribe_ledger(s, "lobby");
	CU_ASSERT_STRING_EQUAL(todo(l), "");
	end(&l);
}

static void
a_torn_note_is_cut_off(void)
{
	struct ledger *l;

	begin(SYNC_INTERVAL);
	l = scribe_ledger(s, "lobby");
	CU_ASSERT_EQUAL(ledger_note(l, slice_of(ONE)), 0);
	faulty_set("write:EIO:short=5:n=1");
	CU_ASSERT_EQUAL(ledger_note(l, slice_of(TWO)), -EIO);
	faulty_set("write:EIO:short=5:n=1,truncate:EIO");
	CU_ASSERT_EQUAL(ledger_note(l, slice_of(TWO)), -EIO);
	faulty_set(NULL);
	ledger_unref(&l);
	l = scribe_ledger(s, "lobby");
	CU_ASSERT_STRING_EQUAL(todo(l), ONE);
	CU_ASSERT_EQUAL(ledger_note(l, slice_of(TWO)), 0);
	CU_ASSERT_STRING_EQUAL(todo(l), ONE TWO);
	/* It does not grow for ever. */
	for (int i = 0; i < 10000; i++)
		if (ledger_note(l, slice_of(ONE)) != 0)
			break;
	CU_ASSERT_EQUAL(ledger_note(l, slice_of(ONE)), -ENOSPC);
	CU_ASSERT(l->todo_size <= 65536);
	end(&l);
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
	begin(SYNC_INTERVAL);
	l = scribe_ledger(s, "lobby");
	tail(l, 10);
	CU_ASSERT_EQUAL(tail_count, 0);
	for (n = 1; n <= 100; n++)
		CU_ASSERT_EQUAL_FATAL(add(l, n, n, n % 3 ? text : "short"), 0);
	CU_ASSERT_EQUAL(add(l, 200, 200, "x"), 0);
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
	end(&l);
}

static void
the_keeper_is_told_once(void)
{
	struct ledger *l;

	begin(SYNC_INTERVAL);
	l = scribe_ledger(s, "lobby");
	CU_ASSERT_FALSE(l->told);
	CU_ASSERT_EQUAL(add(l, 1, 1, "a"), 0);
	CU_ASSERT(l->told);
	CU_ASSERT_EQUAL(l->refs, 2);
	CU_ASSERT_EQUAL(add(l, 2, 2, "a"), 0);
	CU_ASSERT_EQUAL(l->refs, 2);
	scribe_settle(s);
	CU_ASSERT_FALSE(l->told);
	CU_ASSERT(scribe_summed(s, l));
	ledger_keep(l, 1000000, 0);
	CU_ASSERT(l->told);
	end(&l);
}

static CU_TestInfo tests[] = { { "lines stand as they were said",
				   lines_stand_as_they_were_said },
	{ "a gap stands for what is not there",
	    a_gap_stands_for_what_is_not_there },
	{ "goes on in a new segment", goes_on_in_a_new_segment },
	{ "what is kept a while is cut smaller",
	    what_is_kept_a_while_is_cut_smaller },
	{ "a short write is undone", a_short_write_is_undone },
	{ "a full disk is no end", a_full_disk_is_no_end },
	{ "any call may fail", any_call_may_fail },
	{ "a failed sync is the end until retry",
	    a_failed_sync_is_the_end_until_retry },
	{ "a roll waits for its sync", a_roll_waits_for_its_sync },
	{ "an end that cannot be cut is a failure",
	    an_end_that_cannot_be_cut_is_a_failure },
	{ "limits are kept", limits_are_kept },
	{ "few descriptors are enough", few_descriptors_are_enough },
	{ "is synced before it is closed", is_synced_before_it_is_closed },
	{ "what is to be done is noted", what_is_to_be_done_is_noted },
	{ "a torn note is cut off", a_torn_note_is_cut_off },
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
