/* history.c -- HISTORY and SEARCH, which the archive answers, and RETRY
 *
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "proto/event.h"
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
