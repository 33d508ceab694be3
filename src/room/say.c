/* say.c -- what is said in a room: SAY, EDIT, DELETE, REACT, SIGNAL
 *
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "base/alloc.h"
#include "proto/event.h"
#include "room/room.h"

/* Was it said before? Then the request is answered: before rights, rate and
 * everything else are looked at, since the first time decided them. */
static bool
said_before(struct room *room, struct request *r)
{
	bool same = false;
	uint64_t number = repeats_find(&room->repeats, r->who, &r->words,
	    &same);

	if (number == 0)
		return false;
	counter_add(&room->counters.repeats, 1);
	if (!same) {
		request_error(r, ERROR_BAD_VALUE,
		    "this id was used for something else");
		return true;
	}
	/* What it was is the OK's first word, whichever of the four. */
	request_ok(r, "%.*s %" PRIu64, (int)room->name.len, room->name.at,
	    number);
	return true;
}

static bool
may_speak_now(struct room *room, struct request *r, bool others)
{
	if (r->wait > 0) {
		request_limited(r, ERROR_TOO_FAST, "limits.lines", r->wait,
		    "slower, please");
		return false;
	}
	return room_may(room, r, others) == ERROR_NONE;
}

/* The room's own pace, for all who do not moderate it. */
static bool
is_too_fast(struct room *room, struct request *r)
{
	uint64_t pause = (uint64_t)room->settings.slow * 1000, wait;
	struct actor a = room_actor(room, r);

	if (pause == 0 || a.admin || a.role >= ROLE_MODERATOR)
		return false;
	wait = pace_take(&room->pace, r->who->key, room->now, pause);
	if (wait > 0)
		request_limited(r, ERROR_TOO_FAST, "slow", wait,
		    "this room is slow");
	return wait > 0;
}

/* The event of the request; its echo is the answer. */
static void
tell(struct room *room, struct request *r, struct slice target)
{
	/* A guest may have begun a little ahead of this turn's clock, and what
	 * it says must not seem to be another's. */
	struct event e = {
		.verb = r->words.command->name, .attrs = r->words.attrs,
		.time = r->who->since, .name = r->who->name,
		.word = { target }, .text = r->words.text
	};
	uint64_t number;

	if (r->words.command->verb == VERB_SAY)
		e.verb = "MSG";
	if (room->pair[0] != NULL)
		room_invite(room);
	number = room_event(room, &e, true);
	repeats_note(&room->repeats, r->who, &r->words, number);
}

void
room_say(struct room *room, struct request *r)
{
	if (said_before(room, r) || !may_speak_now(room, r, false) ||
	    is_too_fast(room, r))
		return;
	tell(room, r, (struct slice){ 0 });
}

static bool
is_erased(const struct room *room, uint64_t number)
{
	for (size_t i = 0; i < room->erasures; i++)
		if (room->erased[i] == number)
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

/* The text is not shown again, nor that of its edits: who comes from before
 * the last of them is given a GAP. */
static void
erase(struct room *room, uint64_t number)
{
	struct edits edits = { .target = number, .last = number };
	size_t kept = 0;

	stream_walk(&room->stream, number, look_for_edit, &edits);
	stream_raise(&room->stream, edits.last + 1);
	for (size_t i = 0; i < room->erasures; i++)
		if (room->erased[i] >= room->stream.head->number)
			room->erased[kept++] = room->erased[i];
	room->erasures = kept;
	room->erased = xrealloc(room->erased,
	    (kept + 1) * sizeof(*room->erased));
	room->erased[room->erasures++] = number;
}

/* The message that the second word names, if it can still be looked at. */
static bool
find_target(struct room *room, struct request *r, struct event *e)
{
	uint64_t number = r->words.number;
	struct slice line, verb;

	if (stream_line(&room->stream, number, &line) &&
	    event_parse(line, e, &verb) && slice_is(verb, "MSG") &&
	    !is_erased(room, number))
		return true;
	request_error(r, ERROR_NO_SUCH_NUMBER,
	    error_help(ERROR_NO_SUCH_NUMBER));
	return false;
}

/* A guest's own is only what was said under its present reservation. */
static bool
is_own(const struct request *r, const struct event *e)
{
	return slice_same(e->name, r->who->name) && e->time >= r->who->since;
}

void
room_amend(struct room *room, struct request *r)
{
	enum verb verb = r->words.command->verb;
	struct event target;
	bool own;

	if (said_before(room, r) || !may_speak_now(room, r, false) ||
	    !find_target(room, r, &target))
		return;
	own = is_own(r, &target);
	if (verb == VERB_EDIT && !own) {
		request_error(r, ERROR_DENIED,
		    "only one's own messages can be edited");
		return;
	}
	if (verb == VERB_DELETE && room_may(room, r, !own) != ERROR_NONE)
		return;
	tell(room, r, r->words.word[1]);
	if (verb == VERB_DELETE)
		erase(room, r->words.number);
}

void
room_signal(struct room *room, struct request *r)
{
	struct event e = {
		.verb = "SIGNAL", .attrs = r->words.attrs,
		.name = r->who->name, .text = r->words.text
	};

	if (room_may(room, r, false) != ERROR_NONE)
		return;
	if (room->pair[0] != NULL)
		room_invite(room);
	room_event(room, &e, false);
}
