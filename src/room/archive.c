/* archive.c -- the threads that read logs, for whoever may not wait for a disk
 *
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "proto/mail.h"
#include "room/archive.h"
#include "room/room.h"

enum {
	SLICES,		/* and all that is short */
	SEARCHES,
	ARCHIVES,
	/* What is unfolded of a text lies on the stack, some 150 KiB; pages
	 * that are not touched cost nothing. */
	ARCHIVE_STACK = 1024 * 1024
};

struct archive {
	struct thread    thread;
	struct mailbox   box;	/* (s) what is asked is bounded by who asks */
	struct mailbox **boxes;	/* (c) */
	struct mail      stop;
};

struct archives {
	struct archive archive[ARCHIVES];
	unsigned       running;
};

struct archives *
archives_new(struct mailbox **boxes)
{
	struct archives *all = xcalloc(1, sizeof(*all));

	for (int i = 0; i < ARCHIVES; i++) {
		mailbox_init(&all->archive[i].box, 1);
		all->archive[i].boxes = boxes;
		all->archive[i].stop.kind = MAIL_ORDER;
	}
	return all;
}

static void
run(void *arg)
{
	struct archive *a = arg;
	struct mail *waiters, *m, *next;
	bool stop = false;

	while (!stop) {
		m = mailbox_wait(&a->box, UINT64_MAX, &waiters);
		for (; m != NULL; m = next) {
			next = m->next;
			if (m->kind == MAIL_ORDER)
				stop = true;
			else
				archive_answer(a->boxes, m);
		}
	}
}

int
archives_start(struct archives *all)
{
	char name[16];
	int rc;

	for (; all->running < ARCHIVES; all->running++) {
		struct archive *a = &all->archive[all->running];

		snprintf(name, sizeof(name), "archive %u", all->running);
		rc = thread_start(&a->thread, name, ARCHIVE_STACK, false, run,
		    a);
		if (rc < 0) {
			archives_stop(all);
			return rc;
		}
	}
	return 0;
}

void
archives_stop(struct archives *all)
{
	while (all->running > 0) {
		struct archive *a = &all->archive[--all->running];

		mailbox_send(&a->box, &a->stop);
		thread_join(&a->thread);
	}
}

void
archives_free(struct archives **at)
{
	struct archives *all = *at;

	*at = NULL;
	if (all == NULL)
		return;
	for (int i = 0; i < ARCHIVES; i++)
		mailbox_fini(&all->archive[i].box);
	free(all);
}

void
archives_read(struct archives *all, struct reading *r)
{
	mailbox_send(&all->archive[SLICES].box, &r->mail);
}

void
archives_ask(struct archives *all, struct request *r)
{
	bool search = r->words.command->verb == VERB_SEARCH;

	mailbox_send(&all->archive[search ? SEARCHES : SLICES].box, &r->mail);
}

/* A room's `keep` is shorter than what is on the disk. */
static void
skip_old(struct reading *r)
{
	struct slice room = r->room->name;
	uint64_t oldest;

	oldest = ledger_oldest(r->room->ledger, clock_wall_ms());
	if (r->next >= oldest)
		return;
	blob_printf(&r->bytes, "GAP %.*s %" PRIu64 " %" PRIu64 "\n",
	    (int)room.len, room.at, r->next, oldest - 1);
	r->next = oldest;
}

static void
read_slice(struct reading *r)
{
	if (r->spot.segment == 0)
		skip_old(r);
	r->failure = ledger_read(r->room->ledger, r->room->name, &r->next,
	    &r->spot, r->most, &r->bytes);
	if (r->failure < 0)
		log_warn("%.*s: cannot be read now: %s",
		    (int)r->room->name.len, r->room->name.at,
		    strerror(-r->failure));
	if (r->bytes != NULL)
		r->failure = 0;
}

static uint64_t
before(const struct request *r)
{
	return r->words.number > 0 ? r->words.number : UINT64_MAX;
}

static unsigned
how_many(const struct request *r)
{
	return r->words.many < PAGE_EVENTS ? r->words.many : PAGE_EVENTS;
}

static void
put_page(struct request *r, const struct blob *lines, unsigned count)
{
	struct slice room = r->feed->room->name;

	blob_printf(&r->reply, "PAGE %.*s %u\n", (int)room.len, room.at,
	    count);
	if (lines != NULL)
		blob_add(&r->reply,
		    (struct slice){ lines->data, lines->len });
}

static int
history(struct request *r)
{
	struct room *room = r->feed->room;
	struct blob *lines = NULL;
	unsigned count;
	int rc;

	rc = ledger_page(room->ledger, room->name,
	    ledger_oldest(room->ledger, clock_wall_ms()), before(r),
	    how_many(r), r->page, &lines, &count);
	if (rc < 0)
		return rc;
	put_page(r, lines, count);
	blob_unref(&lines);
	request_ok(r, "%.*s", (int)room->name.len, room->name.at);
	return 0;
}

static int
search(struct request *r)
{
	struct words_sought *sought = words_sought_new(r->words.text);
	struct room *room = r->feed->room;
	struct blob *lines = NULL;
	unsigned count;
	uint64_t from;
	int rc;

	if (sought == NULL) {
		request_error(r, ERROR_BAD_VALUE, "there is no word in it");
		return 0;
	}
	rc = ledger_search(room->ledger, sought,
	    ledger_oldest(room->ledger, clock_wall_ms()), before(r),
	    how_many(r), r->page < SEARCH_BYTES ? r->page : SEARCH_BYTES,
	    SEARCH_WORK, &lines, &count, &from);
	words_sought_free(&sought);
	if (rc < 0)
		return rc;
	put_page(r, lines, count);
	blob_unref(&lines);
	request_ok(r, "%.*s %" PRIu64, (int)room->name.len, room->name.at,
	    from);
	return 0;
}

/* Of EDIT, DELETE and REACT. */
static int
look_up(struct request *r)
{
	int rc = ledger_line(r->feed->room->ledger, r->words.number,
	    &r->target);

	r->looked = true;
	return rc < 0 ? rc : 0;
}

/* What is only read for who has gone, as at a stop, is not read. */
static bool
is_unwanted(const struct request *r, enum verb verb)
{
	return (verb == VERB_HISTORY || verb == VERB_SEARCH) &&
	    r->unwanted != NULL && atomic_load(r->unwanted);
}

static void
answer(struct mailbox **boxes, struct request *r)
{
	struct room *room = r->feed->room;
	enum verb verb = r->words.command->verb;
	int rc = 0;

	if (is_unwanted(r, verb))
		;
	else if (verb == VERB_HISTORY)
		rc = history(r);
	else if (verb == VERB_SEARCH)
		rc = search(r);
	else
		rc = look_up(r);
	if (rc < 0) {
		log_warn("%.*s: cannot be read now: %s", (int)room->name.len,
		    room->name.at, strerror(-rc));
		request_error(r, ERROR_INTERNAL,
		    "the log cannot be read now");
	}
	if (verb == VERB_HISTORY || verb == VERB_SEARCH)
		mailbox_send(boxes[r->io], &r->mail);
	else
		mailbox_send(&room->inbox, &r->mail);
}

void
archive_answer(struct mailbox **boxes, struct mail *m)
{
	struct reading *r;

	switch (m->kind) {
	case MAIL_READ:
		r = list_entry(m, struct reading, mail);
		read_slice(r);
		mailbox_send(r->back, m);
		break;
	case MAIL_REQUEST:
		answer(boxes, list_entry(m, struct request, mail));
		break;
	default:
		abort();
	}
}

bool
archives_round(struct archives *all)
{
	struct mail *waiters, *m, *next;
	bool any = false;

	for (int i = 0; i < ARCHIVES; i++) {
		m = mailbox_take(&all->archive[i].box, &waiters);
		for (; m != NULL; m = next) {
			next = m->next;
			archive_answer(all->archive[i].boxes, m);
			any = true;
		}
	}
	return any;
}
