/* say.c -- what is said in a room: SAY, EDIT, DELETE, REACT, SIGNAL
 *
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>

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
may_speak_now(struct room *room, struct request *r)
{
	if (r->wait > 0) {
		request_limited(r, ERROR_TOO_FAST, "limits.lines", r->wait,
		    "slower, please");
		return false;
	}
	return room_may(room, r, false) == ERROR_NONE;
}

/* Of whom is nothing known yet? */
static bool
is_new(const struct room *room, const struct person *p)
{
	uint64_t young =
	    (uint64_t)config_get(&room->config->accounts_young) * 3600000;

	return !p->account || p->since + young > room->wall;
}

static bool
is_over_pace(struct request *r, const char *limit, uint64_t wait)
{
	if (wait > 0)
		request_limited(r, ERROR_TOO_FAST, limit, wait,
		    *limit == 's' ? "this room is slow" : "calm: who is new "
		    "here says one thing at a time");
	return wait > 0;
}

/* The whole server's calm: in all rooms together. Asked first, and taken when
 * nothing else is against it. */
static uint64_t
calm_left(struct room *room, struct request *r, uint64_t pause, bool take)
{
	uint64_t said = atomic_load(&r->who->said);

	if (pause == 0)
		return 0;
	if (said > 0 && said + pause > room->now)
		return said + pause - room->now;
	/* Another room was quicker. */
	return !take || atomic_compare_exchange_strong(&r->who->said, &said,
	    room->now) ? 0 : pause;
}

/* Both paces are the room's own: `slow` for all who do not moderate it, `calm`
 * for those who are new. */
static bool
is_too_fast(struct room *room, struct request *r)
{
	uint64_t slow = (uint64_t)room->settings.slow * 1000;
	uint64_t calm = (uint64_t)room->settings.calm * 1000;
	uint64_t all = (uint64_t)config_get(&room->config->limits_calm) * 1000;
	uint64_t pause, most = slow > calm ? slow : calm;
	struct actor a = room_actor(room, r);

	if (most + all == 0 || a.admin || a.role >= ROLE_MODERATOR)
		return false;
	if (!is_new(room, r->who))
		calm = all = 0;
	pause = slow > calm ? slow : calm;
	return is_over_pace(r, "calm", calm_left(room, r, all, false)) ||
	    (pause > 0 && is_over_pace(r, calm > slow ? "calm" : "slow",
	    pace_take(&room->pace, person_key(r->who), room->now, pause,
	    most))) ||
	    is_over_pace(r, "calm", calm_left(room, r, all, true));
}

/* The event of the request. */
static struct event
event_of(const struct request *r, struct slice target)
{
	/* A guest may have begun a little ahead of this turn's clock, and what
	 * it says must not seem to be another's. */
	return (struct event){
		.verb = r->words.command->verb == VERB_SAY ? "MSG" :
		    r->words.command->name, .attrs = r->words.attrs,
		.time = r->who->since, .name = person_name(r->who),
		.word = { target }, .text = r->words.text
	};
}

static void
note(struct room *room, struct request *r, const struct event *e)
{
	struct said said = { .key = person_key(r->who), .time = e->time,
		.number = e->number, .words = &r->words };

	repeats_note(&room->repeats, &said);
}

/* Says it; the echo is the answer. */
static void
tell(struct room *room, struct request *r, struct slice target)
{
	struct event e = event_of(r, target);

	if (room->pair[0] != NULL) {
		room_flush(room);
		room_invite(room);
	}
	room_event(room, &e, true);
	note(room, r, &e);
	room_batched(room, r);
}

void
room_say(struct room *room, struct request *r)
{
	if (said_before(room, r) || !may_speak_now(room, r) ||
	    is_too_fast(room, r))
		return;
	tell(room, r, (struct slice){ 0 });
}

enum target { TARGET_THERE, TARGET_NONE, TARGET_AWAY };

/* The message that the second word names: in the window, or else in the log,
 * which another thread looks at. */
static enum target
find_target(struct room *room, struct request *r, struct event *e)
{
	uint64_t number = r->words.number;
	struct slice line, verb;
	bool there = stream_line(&room->stream, number, &line);

	if (!there && room->ledger != NULL && !r->looked &&
	    number <= ledger_last(room->ledger)) {
		room->lookups++;
		r->asks = true;
		return TARGET_AWAY;
	}
	/* It could not be looked at, and was told so. */
	if (r->reply != NULL)
		return TARGET_NONE;
	if (!there && r->target != NULL) {
		line = (struct slice){ r->target->data, r->target->len };
		there = true;
	}
	if (there && event_parse(line, e, &verb) && slice_is(verb, "MSG") &&
	    !event_is_erased(e) && !room_is_erased(room, number))
		return TARGET_THERE;
	request_error(r, ERROR_NO_SUCH_NUMBER,
	    error_help(ERROR_NO_SUCH_NUMBER));
	return TARGET_NONE;
}

/* A guest's own is only what was said under its present reservation. */
static bool
is_own(const struct request *r, const struct event *e)
{
	return slice_same(e->name, person_name(r->who)) &&
	    e->time >= r->who->since;
}

static void
delete(struct room *room, struct request *r)
{
	struct event e = event_of(r, r->words.word[1]);
	uint64_t by;
	bool kept;

	if (room->pair[0] != NULL) {
		room_flush(room);
		room_invite(room);
	}
	/* What the log has is erased there, whatever the room is now. */
	kept = room->ledger != NULL &&
	    r->words.number <= ledger_last(room->ledger);
	by = room_event_todo(room, r, &e, kept || !room->settings.ephemeral);
	if (by == 0)
		return;
	note(room, r, &e);
	repeats_settle(&room->repeats);
	room_erase(room, r->words.number, by);
}

void
room_amend(struct room *room, struct request *r)
{
	enum verb verb = r->words.command->verb;
	struct event target;
	bool own;

	/* Or who waits for erasures might wait for ever. */
	if (verb == VERB_DELETE && !r->looked && room->parked.first != NULL &&
	    room_park(room, &r->mail)) {
		r->away = true;
		return;
	}
	if (said_before(room, r) || !may_speak_now(room, r) ||
	    find_target(room, r, &target) != TARGET_THERE)
		return;
	own = is_own(r, &target);
	if (verb == VERB_EDIT && !own) {
		request_error(r, ERROR_DENIED,
		    "only one's own messages can be edited");
		return;
	}
	if (verb == VERB_DELETE && room_may(room, r, !own) != ERROR_NONE)
		return;
	if (verb == VERB_DELETE)
		delete(room, r);
	else
		tell(room, r, r->words.word[1]);
}

void
room_signal(struct room *room, struct request *r)
{
	struct event e = {
		.verb = "SIGNAL", .attrs = r->words.attrs,
		.name = person_name(r->who), .text = r->words.text
	};

	if (room_may(room, r, false) != ERROR_NONE)
		return;
	if (room->pair[0] != NULL) {
		room_flush(room);
		room_invite(room);
	}
	room_event(room, &e, false);
}
