/* repair.c -- rooms in datagrams: what was lost is asked for, nothing is told
 *             twice, and all in its order
 *
 * SPDX-License-Identifier: MIT */
#include "lib/repair.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/stream.h"

#define SILENCE_MAX	35000
#define AT_AFTER	200	/* the last event */

static bool
is_in(const struct vroom *room)
{
	return room != NULL &&
	    (room->state == VROOM_REPLAY || room->state == VROOM_IN);
}

static bool
is_missing(const struct vroom *room)
{
	return room->known > room->cursor;
}

static void
know(struct vroom *room, uint64_t number)
{
	/* The way is open: no reason to ask more and more rarely. */
	room->asks = 0;
	if (number > room->known)
		room->known = number;
}

static void
expect_at(const struct vcrp *v, struct vroom *room, int64_t now)
{
	room->at_due = now + AT_AFTER + vudp_patience(v->link.udp, 1);
}

/* A line before its time; one too many is as good as lost. */
static void
keep(struct vcrp *v, struct vroom *room, uint64_t number)
{
	struct vkept **at = &room->early, *early;
	size_t size = strlen(v->line) + 1;

	while (*at != NULL && (*at)->number < number)
		at = &(*at)->next;
	if ((*at != NULL && (*at)->number == number) ||
	    v->early_bytes + size > VEARLY_MAX)
		return;
	early = malloc(sizeof(*early) + size);
	if (early == NULL)
		return;
	early->number = number;
	memcpy(early->line, v->line, size);
	early->next = *at;
	*at = early;
	v->early_bytes += size;
}

static void
drop_early(struct vcrp *v, struct vroom *room)
{
	struct vkept *early = room->early;

	room->early = early->next;
	v->early_bytes -= strlen(early->line) + 1;
	free(early);
}

/* It comes as asked for: the rest may still be on its way. */
static void
progress(struct vcrp *v, struct vroom *room, int64_t now)
{
	room->asks = 0;
	if (room->asked != 0)
		room->repair_at = now + vudp_patience(v->link.udp, 1);
}

static bool
is_next(const struct vroom *room, uint64_t number)
{
	return room->cursor == 0 ? room->sure : number <= room->cursor + 1;
}

/* A page whose PAGE was lost looks like what is said. */
static bool
page_is_asked(const struct vcrp *v)
{
	const struct vrequest *first = v->control.first;

	return first != NULL && first->sent &&
	    (first->kind == VERB_HISTORY || first->kind == VERB_SEARCH);
}

bool
vrepair_event(struct vcrp *v, struct vroom *room, struct vroom *asked,
    const struct vcrp_event *event)
{
	int64_t now = vclock_now();

	if (!is_in(room))
		return event->room[0] == '@' && !page_is_asked(v);
	room->heard_at = now;
	if (room->cursor > 0 && event->number <= room->cursor)
		return false;
	expect_at(v, room, now);
	if (is_next(room, event->number)) {
		progress(v, room, now);
		return true;
	}
	know(room, event->number);
	if (room->cursor > 0)
		keep(v, room, event->number);
	if (asked != NULL)
		asked->first->done = event->number;
	return false;
}

bool
vrepair_gap(struct vcrp *v, struct vroom *room, uint64_t from, uint64_t to)
{
	int64_t now = vclock_now();

	if (!is_in(room) || to <= room->cursor)
		return false;
	room->heard_at = now;
	if (is_next(room, from)) {
		progress(v, room, now);
		return true;
	}
	know(room, to);
	if (room->cursor > 0)
		keep(v, room, from);
	return false;
}

/* Only what answers the JOIN from this very place. */
bool
vrepair_reset(struct vroom *room, uint64_t last)
{
	if (!is_in(room))
		return true;
	if (last >= room->cursor || room->cursor != room->asked_after)
		return false;
	room->known = last;
	return true;
}

static bool
is_joining(const struct vroom *room)
{
	return room->state == VROOM_REJOIN || room->state == VROOM_JOINING ||
	    (room->first != NULL && room->first->sent &&
	    room->first->kind == VERB_JOIN);
}

/* A conversation is asked for by another name than it is told by. */
static bool
joins_conversation(const struct vcrp *v)
{
	const struct vroom *room;

	for (room = v->rooms; room != NULL; room = room->next) {
		if (room->word[0] == '@' && is_joining(room))
			return true;
	}
	return false;
}

bool
vrepair_room(struct vcrp *v, const char *name, uint64_t last)
{
	const struct vroom *room = vroom_find_name(v->rooms, name);

	if (is_in(room)) {
		if (is_joining(room))
			return true;
		/* Of a conversation that one was entered into it is said
		 * again, with the place of then. */
		return room->asked != 0 ? !room->ours : name[0] != '@';
	}
	if (name[0] == '@' && !joins_conversation(v))
		vstream_conversation(v, NULL, name, last + 1);
	return true;
}

/* It only rises. */
bool
vrepair_read(struct vcrp *v, const char *name, uint64_t number)
{
	struct vroom *room = vroom_find_name(v->rooms, name);

	if (room == NULL)
		return true;
	if (number <= room->read)
		return false;
	room->read = number;
	return true;
}

bool
vrepair_done(struct vcrp *v, int64_t request, const char *name,
    uint64_t number)
{
	struct vroom *asked = vstream_asking(v, request);
	struct vroom *room = vroom_find_name(v->rooms, name);

	if (asked == NULL || asked == &v->control || !is_in(room) ||
	    number <= room->cursor)
		return true;
	know(room, number);
	asked->first->done = number;
	return false;
}

void
vrepair_retire(struct vcrp *v, int64_t number)
{
	v->retired[v->retirements++ % VRETIRED] = number;
}

bool
vrepair_is_stale(struct vcrp *v, int64_t number)
{
	size_t i;

	if (number <= 0 || vstream_asking(v, number) != NULL ||
	    vstream_rejoining(v, number) != NULL ||
	    vrepair_asking(v, number) != NULL)
		return false;
	for (i = 0; i < VRETIRED; i++) {
		if (v->retired[i] == number)
			return true;
	}
	return false;
}

struct vroom *
vrepair_asking(struct vcrp *v, int64_t number)
{
	struct vroom *room;

	for (room = v->rooms; room != NULL; room = room->next) {
		if (room->asked != 0 && room->asked == number && room->ours)
			return room;
	}
	return NULL;
}

bool
vrepair_joined(struct vcrp *v, int64_t number, uint64_t last)
{
	struct vroom *room = vrepair_asking(v, number);
	int64_t now = vclock_now();

	if (room == NULL)
		return false;
	room->heard_at = now;
	room->answered = true;
	room->sure = true;
	know(room, last);
	progress(v, room, now);
	return true;
}

void
vrepair_begin(struct vcrp *v, struct vroom *room, int64_t number)
{
	int64_t now = vclock_now();

	while (room->early != NULL)
		drop_early(v, room);
	room->heard_at = now;
	room->known = room->last;
	room->asked = number;
	room->asked_after = room->cursor;
	room->ours = false;
	room->answered = room->sure = true;
	room->asks = 0;
	room->repair_at = now + vudp_patience(v->link.udp, 1);
}

void
vrepair_hole(struct vcrp *v)
{
	struct vroom *room;

	for (room = v->rooms; room != NULL; room = room->next)
		room->sure = false;
}

void
vrepair_at(struct vcrp *v, const char *name, uint64_t last)
{
	struct vroom *room = vroom_find_name(v->rooms, name);
	int64_t now = vclock_now();

	if (name[0] == '@' && (room == NULL || room->state == VROOM_OUT))
		room = vstream_conversation(v, NULL, name, last);
	if (!is_in(room))
		return;
	room->heard_at = now;
	room->at_due = 0;
	if (room->answered) {
		/* That was all of the replay. */
		if (room->ours)
			vrepair_retire(v, room->asked);
		room->asked = 0;
		room->answered = false;
		room->repair_at = now;
	}
	know(room, last);
}

/* When to ask for the room. */
static int64_t
ask_at(const struct vroom *room)
{
	int64_t silence = room->heard_at + SILENCE_MAX;

	return is_missing(room) && room->repair_at < silence ?
	    room->repair_at : silence;
}

void
vrepair_pump(struct vcrp *v, struct vroom *room, int64_t now)
{
	char line[VLINE_MAX];

	if (v->link.udp == NULL || !is_in(room))
		return;
	if (room->at_due > 0 && now >= room->at_due) {
		room->at_due = 0;
		if (!vudp_is_waiting(v->link.udp))
			vtrial_ping(v);
	}
	if (now < ask_at(room))
		return;
	snprintf(line, sizeof(line), " JOIN %s %" PRIu64, room->name,
	    room->cursor);
	if (!vsession_send(v, v->numbers + 1, line))
		return;
	if (room->ours && room->asked != 0)
		vrepair_retire(v, room->asked);
	room->asked = ++v->numbers;
	room->asked_after = room->cursor;
	room->ours = true;
	room->answered = false;
	room->heard_at = now;
	room->repair_at = now + vudp_patience(v->link.udp, ++room->asks);
}

int64_t
vrepair_deadline(const struct vroom *room)
{
	int64_t ask = ask_at(room);

	if (!is_in(room))
		return INT64_MAX;
	return room->at_due > 0 && room->at_due < ask ? room->at_due : ask;
}

bool
vrepair_take(struct vcrp *v)
{
	struct vroom *room;

	if (v->early_bytes == 0)
		return false;
	for (room = v->rooms; room != NULL; room = room->next) {
		if (!is_in(room) || room->early == NULL ||
		    room->early->number > room->cursor + 1)
			continue;
		strcpy(v->line, room->early->line);
		drop_early(v, room);
		return true;
	}
	return false;
}

void
vrepair_forget(struct vcrp *v, struct vroom *room)
{
	while (room->early != NULL)
		drop_early(v, room);
	room->known = 0;
	room->asked = 0;
	room->answered = false;
	room->asks = 0;
	room->at_due = 0;
}
