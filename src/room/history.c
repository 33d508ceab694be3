/* history.c -- HISTORY and SEARCH, which the archive answers, READ and RETRY
 *
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>

#include "proto/event.h"
#include "room/marks.h"
#include "room/room.h"

void
room_history(struct room *room, struct request *r)
{
	if (room_may(room, r, false) != ERROR_NONE)
		return;
	if (room->ledger == NULL || room->settings.ephemeral) {
		blob_printf(&r->reply, "PAGE %.*s 0\n", (int)room->name.len,
		    room->name.at);
		if (r->words.command->verb == VERB_SEARCH)
			request_ok(r, "%.*s 1", (int)room->name.len,
			    room->name.at);
		else
			request_ok(r, "%.*s", (int)room->name.len,
			    room->name.at);
		return;
	}
	if (room_park(room, &r->mail))
		r->away = true;
	else
		r->asks = true;
}

void
room_read(struct room *room, struct request *r)
{
	char line[ROOM_NAME_MAX + 64];
	uint64_t number = r->words.number;
	int len;

	if (room_may(room, r, false) != ERROR_NONE)
		return;
	if (!r->who->account) {
		request_error(r, ERROR_DENIED,
		    "only accounts have marks of what they have read");
		return;
	}
	if (number > room->stream.last) {
		request_error(r, ERROR_NO_SUCH_NUMBER,
		    "the room has not come to this number");
		return;
	}
	len = snprintf(line, sizeof(line), "READ %.*s %" PRIu64 "\n",
	    (int)room->name.len, room->name.at, number);
	number = marks_raise(room->registry, r->who, r->conn_id, room->key,
	    number, (struct slice){ line, (size_t)len });
	request_ok(r, "%.*s %" PRIu64, (int)room->name.len, room->name.at,
	    number);
}

/* Numbers are given again, above all that may have been given before the disk
 * failed. */
static void
skip_to(struct room *room, uint64_t last)
{
	uint64_t from = room->stream.last + 1;
	char line[ROOM_NAME_MAX + 64];
	int len;

	if (last < from)
		return;
	len = snprintf(line, sizeof(line), "GAP %.*s %" PRIu64 " %" PRIu64
	    "\n", (int)room->name.len, room->name.at, from, last);
	memcpy(stream_reserve(&room->stream, (size_t)len), line, (size_t)len);
	stream_commit(&room->stream, (size_t)len, false);
	room->due = room->now;
	stream_skip(&room->stream, last);
}

void
room_retry(struct room *room, struct request *r)
{
	uint64_t last = 0;
	int rc;

	if (room_may(room, r, false) != ERROR_NONE)
		return;
	if (room->ledger == NULL) {
		request_error(r, ERROR_BAD_VALUE, "this room has no log");
		return;
	}
	rc = ledger_retry(room->ledger, &last);
	if (rc < 0) {
		room_storage_error(room, r, rc);
		return;
	}
	skip_to(room, last);
	room_read_again(room);
	request_ok(r, "%.*s %" PRIu64, (int)room->name.len, room->name.at,
	    room->stream.last);
}
