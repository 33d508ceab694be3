/* stream.c -- rooms as they are told: who is in them, and their numbers
 *
 * SPDX-License-Identifier: MIT */
#include "lib/stream.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/repair.h"

int64_t
vstream_own_number(const struct vcrp *v, const struct vline *line)
{
	char id[VID_SIZE];
	size_t len = strlen(v->prefix);
	uint64_t number;

	if (!vline_attribute(line->attributes, "id", id, sizeof(id)) ||
	    strncmp(id, v->prefix, len) != 0 || id[len] != '-' ||
	    !vline_number(id + len + 1, &number))
		return 0;
	return (int64_t)number;
}

struct vroom *
vstream_asking(struct vcrp *v, int64_t number)
{
	struct vroom *room;

	if (v->control.first != NULL && v->control.first->number == number)
		return &v->control;
	for (room = v->rooms; room != NULL; room = room->next) {
		if (room->first != NULL && room->first->number == number)
			return room;
	}
	return NULL;
}

void
vstream_finish(struct vcrp *v, struct vroom *room, struct vcrp_event *event)
{
	struct vrequest *request = vroom_pop(room);

	if (room == &v->control)
		v->page_left = 0;
	if (v->link.udp != NULL)
		vsession_answered(v, request);
	event->request = request->number;
	free(request);
	v->pending--;
}

static void
set_position(struct vroom *room, uint64_t cursor)
{
	room->cursor = cursor;
	if (room->state == VROOM_REPLAY && cursor >= room->last)
		room->state = VROOM_IN;
}

/* Two requests may have called one room by two names; its state is kept under
 * the first of them. */
static struct vroom *
joined_room(struct vcrp *v, struct vroom *asked, const char *name)
{
	struct vroom *room = vroom_find_name(v->rooms, name);

	if (room == NULL)
		room = asked != NULL ? asked : vroom_obtain(&v->rooms, name);
	if (room == NULL || !vroom_set_name(room, name))
		return NULL;
	return room;
}

struct vroom *
vstream_rejoining(struct vcrp *v, int64_t number)
{
	struct vroom *room;

	for (room = v->rooms; room != NULL; room = room->next) {
		if (room->state == VROOM_JOINING && room->join == number)
			return room;
	}
	return NULL;
}

void
vstream_joined(struct vcrp *v, int64_t number, const char *name, uint64_t last)
{
	struct vroom *asked = vstream_rejoining(v, number), *room;
	int64_t after = VCRP_NOW;

	if (asked != NULL) {
		after = (int64_t)asked->cursor;
	} else if (number > 0) {
		asked = vstream_asking(v, number);
		if (asked == &v->control)
			asked = NULL;
		else if (asked != NULL && asked->first->kind == VERB_JOIN)
			after = asked->first->after;
	}
	room = joined_room(v, asked, name);
	if (room == NULL) {
		vsession_down(v, "out of memory", -1);
		return;
	}
	/* Above last, the cursor is of another life of the room. */
	if (after < 0 || (uint64_t)after > last)
		after = (int64_t)last;
	room->last = last;
	room->state = VROOM_REPLAY;
	set_position(room, (uint64_t)after);
	if (v->link.udp != NULL)
		vrepair_begin(v, room, number);
}

void
vstream_out(struct vcrp *v, const char *name, struct vcrp_event *event)
{
	struct vroom *room = vroom_find_name(v->rooms, name);

	event->room = name;
	if (room == NULL || room->state == VROOM_OUT)
		return;
	room->state = VROOM_OUT;
	vrepair_forget(v, room);
	event->out = true;
}

static bool
bans_us(const struct vcrp *v, const struct vline *line)
{
	return line->kind == VERB_ROLE && line->count == 6 &&
	    strcmp(line->words[4], v->name) == 0 &&
	    strcmp(line->words[5], "banned") == 0;
}

/* Puts a defect before the event, which is kept for the next call. */
static void
precede(struct vcrp *v, struct vcrp_event *event, uint64_t expected,
    uint64_t got)
{
	v->event = *event;
	v->held = true;
	snprintf(v->text, sizeof(v->text),
	    "number %" PRIu64 " follows where %" PRIu64 " should", got,
	    expected);
	*event = (struct vcrp_event){
		.kind = VCRP_DEFECT, .room = event->room, .text = v->text
	};
}

static bool
in_room(const struct vroom *room)
{
	return room->state == VROOM_REPLAY || room->state == VROOM_IN;
}

struct vroom *
vstream_conversation(struct vcrp *v, struct vroom *asked, const char *name,
    uint64_t number)
{
	struct vroom *room;

	if (asked == &v->control)
		asked = NULL;
	room = joined_room(v, asked, name);
	if (room != NULL) {
		room->state = VROOM_IN;
		room->last = 0;
		room->cursor = number - 1;
		room->heard_at = vclock_now();
	}
	return room;
}

static void
advance(struct vcrp *v, struct vroom *room, struct vcrp_event *event)
{
	uint64_t number = event->number, before = room->cursor;

	event->replay = number <= room->last;
	if (number > before)
		set_position(room, number);
	if (before == 0 || number == before + 1)
		return;
	precede(v, event, before + 1, number);
	/* What came already is not delivered twice, unless it is an answer. */
	v->held = number > before || v->event.request != 0;
}

static bool
is_of_page(struct vcrp *v, struct vcrp_event *event)
{
	if (v->page_left == 0)
		return false;
	v->page_left--;
	event->page = v->page;
	return true;
}

bool
vstream_numbered(struct vcrp *v, const struct vline *line,
    struct vcrp_event *event)
{
	struct vroom *room, *asked = NULL;
	int64_t own = vstream_own_number(v, line);
	bool paged = is_of_page(v, event);

	if (line->count < 4 || !vline_number(line->words[1], &event->number) ||
	    !vline_number(line->words[2], &event->time))
		return true;
	event->room = line->words[0];
	event->name = line->words[3];
	event->mine = own > 0 && strcmp(event->name, v->name) == 0;
	if (paged)
		return true;
	if (event->mine)
		asked = vstream_asking(v, own);
	room = vroom_find_name(v->rooms, event->room);
	/* What comes before the answer to JOIN comes again after it. */
	if (room != NULL && (room->state == VROOM_REJOIN ||
	    room->state == VROOM_JOINING))
		return false;
	if (v->link.udp != NULL && !vrepair_event(v, room, asked, event))
		return false;
	if (event->room[0] == '@' && (room == NULL || room->state == VROOM_OUT))
		room = vstream_conversation(v, asked, event->room,
		    event->number);
	if (asked != NULL)
		vstream_finish(v, asked, event);
	if (room == NULL || !in_room(room))
		return true;
	/* A ban of the past, in a replay, is not one any more. */
	if (event->number > room->last && bans_us(v, line))
		vstream_out(v, event->room, event);
	advance(v, room, event);
	return true;
}

bool
vstream_gap(struct vcrp *v, const struct vline *line, struct vcrp_event *event)
{
	struct vroom *room;
	uint64_t from, to, before;
	bool paged = is_of_page(v, event);

	if (line->count < 3 || !vline_number(line->words[1], &from) ||
	    !vline_number(line->words[2], &to))
		return true;
	event->room = line->words[0];
	room = vroom_find_name(v->rooms, event->room);
	if (paged)
		return true;
	if (v->link.udp != NULL && !vrepair_gap(v, room, from, to))
		return false;
	if (room == NULL || !in_room(room))
		return true;
	before = room->cursor;
	if (to > before)
		set_position(room, to);
	if (before > 0 && from > before + 1)
		precede(v, event, before + 1, from);
	return true;
}

bool
vstream_reset(struct vcrp *v, const struct vline *line,
    struct vcrp_event *event)
{
	struct vroom *room;
	uint64_t last;

	if (line->count < 2 || !vline_number(line->words[1], &last))
		return true;
	event->room = line->words[0];
	room = vroom_find_name(v->rooms, event->room);
	if (room == NULL)
		return true;
	if (v->link.udp != NULL && !vrepair_reset(room, last))
		return false;
	if (in_room(room))
		set_position(room, last);
	return true;
}

bool
vstream_page(struct vcrp *v, const struct vline *line,
    struct vcrp_event *event)
{
	if (line->count < 2 || !vline_number(line->words[1], &v->page_left))
		return true;
	/* One request at a time is on its way that a page can answer. */
	v->page = v->control.first != NULL ? v->control.first->number : 0;
	event->page = v->page;
	event->room = line->words[0];
	return true;
}

bool
vstream_presence(struct vcrp *v, const struct vline *line,
    struct vcrp_event *event)
{
	if (line->count < 2)
		return true;
	event->room = line->words[0];
	event->name = line->words[1];
	if (line->kind == VERB_LEAVE && strcmp(event->name, v->name) == 0) {
		vstream_out(v, event->room, event);
		/* It is said more than once. */
		return event->out || v->link.udp == NULL;
	}
	return true;
}
