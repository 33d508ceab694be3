/* test_archive.c -- what the threads that read logs answer
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "proto/mail.h"
#include "room/archive.h"
#include "room/room.h"
#include "shelf.h"
#include "suite.h"
#include "wire/vcrp.h"

/* A room with a log of 30 messages, number 10 on, a segment a time ten. */
struct hall {
	struct shelf   *shelf;
	struct room    *room;
	struct feed    *feed;
	struct mailbox  boxes[2];
	struct mailbox *box_at[2];
};

static struct hall *
hall_new(void)
{
	struct hall *h = xcalloc(1, sizeof(*h));

	h->shelf = shelf_new(10);
	for (unsigned i = 0; i < 30; i++) {
		shelf_say(h->shelf, i % 2 == 0 ? "Even" : "odd");
		if (i % 10 == 9)
			shelf_put(h->shelf, SHELF_SUMMED);
	}
	h->room = xcalloc(1, sizeof(*h->room) + sizeof(h->room->feeds[0]));
	h->room->name = slice_of("lobby");
	h->room->ledger = h->shelf->ledger;
	mailbox_init(&h->room->inbox, 100);
	h->feed = &h->room->feeds[0];
	h->feed->room = h->room;
	for (int i = 0; i < 2; i++) {
		mailbox_init(&h->boxes[i], 100);
		h->box_at[i] = &h->boxes[i];
	}
	return h;
}

static void
hall_free(struct hall **at)
{
	struct hall *h = *at;

	*at = NULL;
	for (int i = 0; i < 2; i++)
		mailbox_fini(&h->boxes[i]);
	mailbox_fini(&h->room->inbox);
	free(h->room);
	shelf_free(&h->shelf);
	free(h);
}

static struct request *
request(struct hall *h, const char *line)
{
	char why[WHY_MAX];
	struct request *r;
	struct words w;

	CU_ASSERT_EQUAL_FATAL(vcrp_parse(slice_of(line), &w, why), ERROR_NONE);
	r = request_new(NULL, &w, slice_of(line));
	r->io = 1;
	r->feed = h->feed;
	return r;
}

static struct mail *
taken(struct mailbox *box)
{
	struct mail *waiters;

	return mailbox_take(box, &waiters);
}

/* Is that the answer, in the box of the io thread? */
static bool
answers(struct hall *h, const char *line, const char *expected)
{
	struct request *r = request(h, line);
	bool good;

	archive_answer(h->box_at, &r->mail);
	good = taken(&h->boxes[1]) == &r->mail &&
	    shelf_same(r->reply, slice_of(expected));
	request_free(NULL, &r);
	return good;
}

#define LINE(number, text) \
	"MSG lobby " number " 17000000000" number " ~alice " text "\n"

static void
history_is_a_page(void)
{
	struct hall *h = hall_new();

	CU_ASSERT(answers(h, "@id=x HISTORY lobby 2", "PAGE lobby 2\n"
	    LINE("38", "Even") LINE("39", "odd") "@id=x OK HISTORY lobby\n"));
	CU_ASSERT(answers(h, "HISTORY lobby 2 21", "PAGE lobby 2\n"
	    LINE("19", "odd") LINE("20", "Even") "OK HISTORY lobby\n"));
	CU_ASSERT(answers(h, "HISTORY lobby 9 12", "PAGE lobby 2\n"
	    LINE("10", "Even") LINE("11", "odd") "OK HISTORY lobby\n"));
	CU_ASSERT(answers(h, "HISTORY lobby 1000 10",
	    "PAGE lobby 0\nOK HISTORY lobby\n"));
	hall_free(&h);
}

static void
history_keeps_to_the_oldest(void)
{
	struct hall *h = hall_new();

	atomic_store(&h->shelf->ledger->keep_count, 1);
	CU_ASSERT(answers(h, "HISTORY lobby 100", "PAGE lobby 1\n"
	    LINE("39", "odd") "OK HISTORY lobby\n"));
	/* All of it is years old. */
	atomic_store(&h->shelf->ledger->keep_ms, 1000);
	CU_ASSERT(answers(h, "HISTORY lobby 100",
	    "PAGE lobby 0\nOK HISTORY lobby\n"));
	CU_ASSERT(answers(h, "SEARCH lobby 100 odd",
	    "PAGE lobby 0\nOK SEARCH lobby 40\n"));
	hall_free(&h);
}

static void
search_is_a_page_and_how_far_it_looked(void)
{
	struct hall *h = hall_new();

	CU_ASSERT(answers(h, "@id=x SEARCH lobby 2 EVEN", "PAGE lobby 2\n"
	    LINE("36", "Even") LINE("38", "Even")
	    "@id=x OK SEARCH lobby 36\n"));
	CU_ASSERT(answers(h, "@before=13 SEARCH lobby 9 od", "PAGE lobby 1\n"
	    LINE("11", "odd") "OK SEARCH lobby 10\n"));
	CU_ASSERT(answers(h, "SEARCH lobby 9 even odd",
	    "PAGE lobby 0\nOK SEARCH lobby 10\n"));
	CU_ASSERT(answers(h, "SEARCH lobby 9 \xcc\x88",
	    "ERR bad-value there is no word in it\n"));
	hall_free(&h);
}

/* What somebody asked who has gone comes back without having been looked for;
 * what it did is done. */
static void
who_has_gone_wants_no_page(void)
{
	static const char *const lines[] = { "HISTORY lobby 9",
		"SEARCH lobby 9 odd", "DELETE lobby 11" };
	struct hall *h = hall_new();
	atomic_bool gone;

	atomic_init(&gone, true);
	for (int i = 0; i < 3; i++) {
		struct request *r = request(h, lines[i]);
		bool page = i < 2;

		r->unwanted = &gone;
		archive_answer(h->box_at, &r->mail);
		CU_ASSERT(taken(page ? &h->boxes[1] : &h->room->inbox) ==
		    &r->mail);
		CU_ASSERT(r->reply == NULL);
		CU_ASSERT_EQUAL(r->target != NULL, !page);
		request_free(NULL, &r);
	}
	hall_free(&h);
}

/* EDIT, DELETE and REACT go back to the room. */
static void
targets_are_looked_up(void)
{
	static const struct {
		const char *line;
		const char *target;
	} lines[] = {
		{ "EDIT lobby 20 text", LINE("20", "Even") },
		{ "DELETE lobby 11", LINE("11", "odd") },
		{ "REACT lobby 39 x", LINE("39", "odd") },
		{ "EDIT lobby 9 text", NULL },
		{ "REACT lobby 40 x", NULL },
	};
	struct hall *h = hall_new();

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct request *r = request(h, lines[i].line);

		archive_answer(h->box_at, &r->mail);
		CU_ASSERT(taken(&h->room->inbox) == &r->mail);
		CU_ASSERT(r->looked && r->reply == NULL);
		CU_ASSERT_EQUAL(r->target != NULL, lines[i].target != NULL);
		if (lines[i].target != NULL)
			CU_ASSERT(shelf_same(r->target,
			    slice_of(lines[i].target)));
		request_free(NULL, &r);
	}
	hall_free(&h);
}

static bool
reads(struct hall *h, uint64_t next, struct spot spot, const char *expected,
    uint64_t then)
{
	struct reading r = { .mail = { .kind = MAIL_READ },
		.back = &h->boxes[0], .room = h->room, .next = next,
		.spot = spot, .most = 65536 };
	bool good;

	archive_answer(h->box_at, &r.mail);
	good = taken(&h->boxes[0]) == &r.mail && r.failure == 0 &&
	    shelf_same(r.bytes, slice_of(expected)) && r.next == then;
	blob_unref(&r.bytes);
	return good;
}

static void
slices_go_back_with_where_they_end(void)
{
	struct hall *h = hall_new();
	struct spot spot = { 0 }, known = { 30, 0 };

	CU_ASSERT(reads(h, 38, spot, LINE("38", "Even") LINE("39", "odd"),
	    40));
	CU_ASSERT(reads(h, 40, spot, "", 40));
	/* What `keep` does not give any more is a GAP, but for somebody who
	 * is in the middle of it. */
	atomic_store(&h->shelf->ledger->keep_count, 1);
	CU_ASSERT(reads(h, 1, spot, "GAP lobby 1 38\n" LINE("39", "odd"),
	    40));
	CU_ASSERT(reads(h, 38, known, LINE("38", "Even") LINE("39", "odd"),
	    40));
	atomic_store(&h->shelf->ledger->keep_ms, 1000);
	CU_ASSERT(reads(h, 5, spot, "GAP lobby 5 39\n", 40));
	hall_free(&h);
}

/* No descriptor is to be had. */
static void
says_when_it_cannot_read_now(void)
{
	struct reading r = { .mail = { .kind = MAIL_READ }, .next = 10,
		.most = 1000 };
	struct hall *h = hall_new();
	struct rlimit limit, none;
	struct request *edit;

	r.back = &h->boxes[0];
	r.room = h->room;
	CU_ASSERT_EQUAL_FATAL(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = 0;
	CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_NOFILE, &none), 0);
	CU_ASSERT(answers(h, "@id=x HISTORY lobby 2",
	    "@id=x ERR internal the log cannot be read now\n"));
	CU_ASSERT(answers(h, "SEARCH lobby 2 x",
	    "ERR internal the log cannot be read now\n"));
	edit = request(h, "EDIT lobby 20 text");
	archive_answer(h->box_at, &edit->mail);
	archive_answer(h->box_at, &r.mail);
	setrlimit(RLIMIT_NOFILE, &limit);
	CU_ASSERT(taken(&h->room->inbox) == &edit->mail);
	CU_ASSERT(edit->looked && edit->target == NULL);
	CU_ASSERT(shelf_same(edit->reply,
	    slice_of("ERR internal the log cannot be read now\n")));
	request_free(NULL, &edit);
	CU_ASSERT(taken(&h->boxes[0]) == &r.mail);
	CU_ASSERT(r.failure == -EMFILE && r.bytes == NULL && r.next == 10);
	CU_ASSERT_EQUAL(atomic_load(&h->shelf->vault->counters.damaged), 0);
	hall_free(&h);
}

/* With their threads: a hundred of each, all back, each in its order. */
static void
threads_answer_in_order(void)
{
	struct hall *h = hall_new();
	struct archives *all = archives_new(h->box_at);
	struct request *history[100], *search[100];
	unsigned histories = 0, searches = 0;
	bool order = true;

	CU_ASSERT_EQUAL_FATAL(archives_start(all), 0);
	for (unsigned i = 0; i < 100; i++) {
		history[i] = request(h, "HISTORY lobby 5");
		search[i] = request(h, "SEARCH lobby 5 odd");
		archives_ask(all, history[i]);
		archives_ask(all, search[i]);
	}
	while (histories + searches < 200) {
		struct mail *waiters, *next;
		struct mail *m = mailbox_wait(&h->boxes[1], UINT64_MAX,
		    &waiters);

		for (; m != NULL; m = next) {
			next = m->next;
			if (histories < 100 && m == &history[histories]->mail)
				histories++;
			else if (searches < 100 && m == &search[searches]->mail)
				searches++;
			else
				order = false;
		}
		if (!order)
			break;
	}
	CU_ASSERT(order);
	archives_stop(all);
	archives_free(&all);
	for (unsigned i = 0; i < 100; i++) {
		CU_ASSERT(shelf_same(search[i]->reply,
		    slice_of("PAGE lobby 5\n" LINE("31", "odd")
		    LINE("33", "odd") LINE("35", "odd") LINE("37", "odd")
		    LINE("39", "odd") "OK SEARCH lobby 31\n")));
		request_free(NULL, &history[i]);
		request_free(NULL, &search[i]);
	}
	hall_free(&h);
}

static void
an_archive_that_was_not_started_is_freed(void)
{
	struct archives *all = archives_new(NULL);

	archives_stop(all);
	archives_free(&all);
	CU_ASSERT_PTR_NULL(all);
	archives_free(&all);
}

static CU_TestInfo tests[] = {
	{ "HISTORY is a page", history_is_a_page },
	{ "HISTORY keeps to the oldest", history_keeps_to_the_oldest },
	{ "SEARCH is a page, and how far it looked",
	    search_is_a_page_and_how_far_it_looked },
	{ "who has gone wants no page", who_has_gone_wants_no_page },
	{ "targets are looked up", targets_are_looked_up },
	{ "slices go back with where they end",
	    slices_go_back_with_where_they_end },
	{ "says when it cannot read now", says_when_it_cannot_read_now },
	{ "threads answer in order", threads_answer_in_order },
	{ "an archive that was not started is freed",
	    an_archive_that_was_not_started_is_freed },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "archive", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
