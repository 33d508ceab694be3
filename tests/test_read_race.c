/* test_read_race.c -- a log is read while it is written, summed, erased in and
 *                     let go
 *
 * SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "ledger/read.h"
#include "proto/mail.h"
#include "scribe.h"
#include "suite.h"

enum { STACK = 1024 * 1024, LINES = 1500 };

struct race {
	struct ledger   *ledger;
	_Atomic uint64_t last;		/* that will be written; 0: not yet */
	uint64_t         gaps;		/* numbers that were not there */
	bool             good;
};

/* Are they the lines from a number on, each once? */
static bool
follow(struct race *r, const struct blob *b, uint64_t *next)
{
	const char *at = b->data, *lf;
	struct log_line line;

	for (; at < b->data + b->len; at = lf + 1) {
		lf = memchr(at, '\n', (size_t)(b->data + b->len - at));
		if (lf == NULL || !log_line_parse((struct slice){ at,
		    (size_t)(lf + 1 - at) }, &line) || line.from != *next)
			return false;
		if (line.time == 0)
			r->gaps += line.to - line.from + 1;
		*next = line.to + 1;
	}
	return true;
}

static void
read_all(void *arg)
{
	struct race *r = arg;
	uint64_t next = 1, heard = 1, last = 0;
	struct spot spot = { 0 };
	struct blob *b;

	while (r->good && (last == 0 || next <= last)) {
		b = NULL;
		r->good = ledger_read(r->ledger, slice_of("lobby"), &next,
		    &spot, 20000, &b) == 0;
		if (b != NULL)
			r->good = r->good && follow(r, b, &heard) &&
			    heard == next;
		blob_unref(&b);
		last = atomic_load(&r->last);
	}
}

/* The newest page, and whether the newest of that is found. */
static void
look_all(void *arg)
{
	struct race *r = arg;
	struct words_sought *w = words_sought_new(slice_of("X"));
	uint64_t from, next;
	struct blob *b;
	unsigned n;

	do {
		uint64_t last = ledger_last(r->ledger);

		r->good = ledger_page(r->ledger, slice_of("lobby"), 1,
		    last + 1, 20, 1 << 20, &b, &n) == 0;
		if (b != NULL) {
			next = last + 1 - n;
			r->good = r->good && follow(r, b, &next) &&
			    next == last + 1;
		}
		blob_unref(&b);
		r->good = r->good && ledger_search(r->ledger, w, 1, last + 1,
		    1, 5000, 1 << 20, &b, &n, &from) == 0 &&
		    (last == 0 || (n == 1 && from == last));
		blob_unref(&b);
	} while (r->good && atomic_load(&r->last) == 0);
	words_sought_free(&w);
}

static void
all_is_read_while_it_is_written(void)
{
	struct scribe *s = scribe_new(SYNC_INTERVAL);
	struct ledger *l = scribe_ledger(s, "lobby");
	struct race reader = { .ledger = l, .good = true }, looker = reader;
	struct thread threads[2];

	CU_ASSERT_EQUAL_FATAL(thread_start(&threads[0], "reader", STACK, false,
	    read_all, &reader), 0);
	CU_ASSERT_EQUAL_FATAL(thread_start(&threads[1], "looker", STACK, false,
	    look_all, &looker), 0);
	for (unsigned i = 0; i < LINES; i++) {
		scribe_fill(l, 70 + i * 7919 % 900 + (i % 40 == 0) * 2000);
		if (i % 50 == 0)
			scribe_settle(s);
	}
	atomic_store(&looker.last, ledger_last(l));
	atomic_store(&reader.last, ledger_last(l));
	thread_join(&threads[0]);
	thread_join(&threads[1]);
	CU_ASSERT(reader.good && looker.good);
	CU_ASSERT_EQUAL(reader.gaps + looker.gaps, 0);
	CU_ASSERT(scribe_segments(l) > 3);
	CU_ASSERT_EQUAL(atomic_load(&s->vault->counters.damaged), 0);
	ledger_unref(&l);
	scribe_free(&s);
}

/* Segments are let go in front of the reader: what it misses is a GAP. */
static void
nothing_is_missed_silently_when_it_is_let_go(void)
{
	struct scribe *s = scribe_new(SYNC_NEVER);
	struct ledger *l = scribe_ledger(s, "lobby");
	struct race reader = { .ledger = l, .good = true };
	struct thread thread;

	ledger_keep(l, 0, 100);
	CU_ASSERT_EQUAL_FATAL(thread_start(&thread, "reader", STACK, false,
	    read_all, &reader), 0);
	for (unsigned i = 0; i < LINES; i++) {
		scribe_fill(l, 500);
		if (i % 20 == 0)
			scribe_settle(s);
	}
	atomic_store(&reader.last, ledger_last(l));
	thread_join(&thread);
	CU_ASSERT(reader.good);
	CU_ASSERT_EQUAL(atomic_load(&s->vault->counters.damaged), 0);
	ledger_unref(&l);
	scribe_free(&s);
}

/* The texts of messages become spaces, block by block. */
static void
what_is_erased_meanwhile_is_given(void)
{
	struct scribe *s = scribe_new(SYNC_INTERVAL);
	struct ledger *l = scribe_ledger(s, "lobby");
	struct race reader = { .ledger = l, .good = true };
	struct erasure e[20];
	struct mailbox back;
	struct thread thread;
	struct mail *waiters;

	mailbox_init(&back, 100);
	for (unsigned i = 0; i < 500; i++)
		scribe_fill(l, 400);
	scribe_settle(s);
	CU_ASSERT_EQUAL_FATAL(thread_start(&thread, "reader", STACK, false,
	    read_all, &reader), 0);
	for (unsigned i = 0; i < 20; i++) {
		e[i] = (struct erasure){ .mail = { .kind = MAIL_ERASE },
			.ledger = ledger_ref(l), .target = 1 + i * 24,
			.by = 501, .back = &back };
		mailbox_send(s->vault->keeper, &e[i].mail);
		scribe_settle(s);
	}
	atomic_store(&reader.last, ledger_last(l));
	thread_join(&thread);
	CU_ASSERT(reader.good);
	CU_ASSERT_EQUAL(reader.gaps, 0);
	CU_ASSERT_EQUAL(atomic_load(&s->vault->counters.damaged), 0);
	CU_ASSERT_PTR_NOT_NULL(mailbox_take(&back, &waiters));
	for (unsigned i = 0; i < 20; i++) {
		CU_ASSERT(e[i].done);
		ledger_unref(&e[i].ledger);
	}
	mailbox_fini(&back);
	ledger_unref(&l);
	scribe_free(&s);
}

static CU_TestInfo tests[] = {
	{ "all is read while it is written", all_is_read_while_it_is_written },
	{ "nothing is missed silently when it is let go",
	    nothing_is_missed_silently_when_it_is_let_go },
	{ "what is erased meanwhile is given",
	    what_is_erased_meanwhile_is_given },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "read_race", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
