/* batch.c -- what a turn says is in the log before anybody is told
 *
 * SPDX-License-Identifier: MIT
 *
 * Numbered lines collect at the stream's end, unpublished, and are written by
 * one call. If that fails they are taken back: the stream's end, the numbers
 * and the repeat ids are as before, and the requests are refused. So nothing
 * that gives a place away, or depends on them, may run between: whoever does
 * flushes first. What is only said (SAY, EDIT, REACT, SIGNAL) need not. */
#include <assert.h>
#include <errno.h>

#include "base/alloc.h"
#include "base/log.h"
#include "proto/event.h"
#include "room/room.h"

static void
begin(struct room *room, const struct event *e)
{
	struct batch *b = &room->batch;

	b->mark = stream_mark(&room->stream);
	b->first = e->number;
	b->time = e->time;
	b->log = room->ledger != NULL && !room->settings.ephemeral;
}

/* The line that was just rendered at `at`. */
static void
add_run(struct batch *b, char *at, size_t len)
{
	struct iovec *end = b->runs + b->count;

	if (b->count > 0 && (char *)end[-1].iov_base + end[-1].iov_len == at) {
		end[-1].iov_len += len;
		return;
	}
	end->iov_base = at;
	end->iov_len = len;
	b->count++;
}

void
room_batch_line(struct room *room, struct event *e)
{
	struct batch *b = &room->batch;
	char *at;
	size_t len;

	if (b->count == BATCH_RUNS || b->events == BATCH_EVENTS) {
		room_flush(room);
		e->number = room->stream.last + 1;
	}
	if (b->events == 0)
		begin(room, e);
	at = stream_reserve(&room->stream, event_bound(e));
	len = event_render(e, at);
	stream_commit(&room->stream, len, true);
	b->latest = e->time;
	registry_note_time(room->registry, e->time);
	add_run(b, at, len);
	b->events++;
}

void
room_batched(struct room *room, struct request *r)
{
	r->next_said = room->batch.requests;
	room->batch.requests = r;
}

void
room_storage_error(struct room *room, struct request *r, int failure)
{
	counter_add(&room->counters.unsaid, 1);
	switch (failure) {
	case -EDQUOT:
		request_limited(r, ERROR_STORAGE_FULL, "storage.limit", 0,
		    "the server's logs take all that they may");
		break;
	case -ENOSPC:
		request_error(r, ERROR_STORAGE_FULL,
		    "the server's disk is full");
		break;
	case -EBUSY:
		request_error(r, ERROR_STORAGE_FULL, "what was set and "
		    "deleted here waits to be kept; try again");
		break;
	case -EAGAIN:
		request_error(r, ERROR_STORAGE_FULL,
		    "the server cannot give a number now");
		break;
	default:
		request_error(r, ERROR_STORAGE_FULL,
		    "the server's disk has failed for this room");
	}
}

static void
take_back(struct room *room, int failure)
{
	struct batch *b = &room->batch;

	stream_rewind(&room->stream, &b->mark);
	repeats_undo(&room->repeats);
	for (struct request *r = b->requests; r != NULL; r = r->next_said)
		room_storage_error(room, r, failure);
}

/* Told once, not with every line. */
static void
note_failure(struct room *room, int failure)
{
	if (failure != 0 && room->failure == 0)
		log_warn("room %.*s: nothing can be stored: %s",
		    (int)room->name.len, room->name.at, strerror(-failure));
	if (failure == 0 && room->failure != 0)
		log_info("room %.*s: stored again", (int)room->name.len,
		    room->name.at);
	room->failure = failure;
}

static int
write_batch(struct room *room)
{
	struct batch *b = &room->batch;
	uint64_t last = room->stream.last;

	if (b->log)
		return ledger_append(room->ledger, room->name, b->runs,
		    b->count, b->first, last, b->time);
	if (room->registry->vault != NULL &&
	    last >= atomic_load(&room->registry->vault->ceiling))
		return -EAGAIN;
	return 0;
}

static void
end(struct batch *b)
{
	b->count = b->events = 0;
	b->requests = NULL;
}

bool
room_flush(struct room *room)
{
	struct batch *b = &room->batch;
	int rc;

	if (b->events == 0)
		return true;
	rc = write_batch(room);
	note_failure(room, rc);
	if (rc < 0)
		take_back(room, rc);
	else
		repeats_settle(&room->repeats);
	if (rc == 0)
		counter_add(&room->counters.events, b->events);
	if (rc == 0 && room->registry->vault != NULL)
		vault_note(room->registry->vault, room->stream.last,
		    b->latest);
	end(b);
	return rc == 0;
}

uint64_t
room_event_todo(struct room *room, struct request *r, struct event *e,
    bool log)
{
	struct batch *b = &room->batch;
	size_t noted = 0;
	uint64_t last;
	int rc = 0;

	room_flush(room);
	last = room_event(room, e, true);
	room_batched(room, r);
	b->log = log && room->ledger != NULL;
	if (b->log) {
		noted = b->runs[0].iov_len;
		rc = ledger_note(room->ledger,
		    (struct slice){ b->runs[0].iov_base, noted });
	}
	if (rc == 0 && room_flush(room))
		return last;
	if (rc == 0 && noted > 0)
		ledger_unnote(room->ledger, noted);
	if (rc < 0) {
		/* All else can be stored. */
		if (rc != -EBUSY)
			note_failure(room, rc);
		take_back(room, rc);
		end(b);
	}
	return 0;
}
