/* erase.c -- the text of a deleted message is not shown again
 *
 * SPDX-License-Identifier: MIT
 *
 * In memory the bytes stay, since they may be on their way; but nobody is
 * given a place there any more. In the log the keeper overwrites them; until
 * it has, nothing new that would read the log begins. */
#include <stdlib.h>

#include "base/alloc.h"
#include "proto/event.h"
#include "proto/mail.h"
#include "room/room.h"

bool
room_is_erased(const struct room *room, uint64_t number)
{
	for (size_t i = 0; i < room->erasures; i++)
		if (room->erased[i].number == number)
			return true;
	return false;
}

struct edits {
	uint64_t target;
	uint64_t last;	/* number of its last EDIT */
};

static void
look_for_edit(struct slice line, void *arg)
{
	struct edits *edits = arg;
	struct slice verb;
	struct event e;
	uint64_t target;

	if (event_number(line) > 0 && event_parse(line, &e, &verb) &&
	    slice_is(verb, "EDIT") && number_parse(e.word[0], 1, &target) &&
	    target == edits->target)
		edits->last = e.number;
}

/* Those that may still be asked about: in the window, still in the log, or
 * read from it before they were erased. */
static void
forget_old(struct room *room)
{
	size_t kept = 0;

	for (size_t i = 0; i < room->erasures; i++) {
		struct erased *e = &room->erased[i];

		if (e->pending || room->lookups > 0 ||
		    e->number >= room->stream.head->number)
			room->erased[kept++] = *e;
	}
	room->erasures = kept;
}

static void
remember(struct room *room, uint64_t number, bool pending)
{
	forget_old(room);
	room->erased = xrealloc(room->erased,
	    (room->erasures + 1) * sizeof(*room->erased));
	room->erased[room->erasures++] =
	    (struct erased){ number, pending };
}

void
room_erase_again(struct room *room, uint64_t number, uint64_t by)
{
	struct erasure *e;

	bool kept = room->ledger != NULL &&
	    room->registry->keeper != NULL &&
	    number <= ledger_last(room->ledger);

	remember(room, number, kept);
	if (!kept)
		return;
	e = xcalloc(1, sizeof(*e));
	e->mail.kind = MAIL_ERASE;
	e->ledger = ledger_ref(room->ledger);
	e->target = number;
	e->by = by;
	e->back = &room->inbox;
	room->jobs++;
	room->erasing++;
	mailbox_send(room->registry->keeper, &e->mail);
}

void
room_erase(struct room *room, uint64_t number, uint64_t by)
{
	struct edits edits = { .target = number, .last = number };
	uint64_t oldest = room->stream.head->number;

	/* Of its edits only those matter that the window has. */
	if (oldest <= room->stream.last) {
		stream_walk(&room->stream, number > oldest ? number : oldest,
		    look_for_edit, &edits);
		stream_raise(&room->stream, edits.last + 1);
	}
	room_erase_again(room, number, by);
}

void
room_was_erased(struct room *room, struct erasure *e)
{
	room->erasing--;
	for (size_t i = 0; i < room->erasures; i++)
		if (room->erased[i].number == e->target)
			room->erased[i].pending = false;
	forget_old(room);
	room_job_over(room, e->done);
	ledger_unref(&e->ledger);
	free(e);
}

bool
room_park(struct room *room, struct mail *m)
{
	if (room->erasing == 0)
		return false;
	chain_add(&room->parked, m);
	return true;
}
