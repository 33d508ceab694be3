/* govern.c -- a room's switches and roles: SET and ROLE
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "proto/event.h"
#include "room/room.h"

enum { GRANTS_MAX = 10000 };

static struct event
event_of(const struct request *r, struct slice first, struct slice second,
    struct slice text)
{
	return (struct event){
		.verb = r->words.command->name, .attrs = r->words.attrs,
		.name = person_name(r->who), .word = { first, second },
		.text = text
	};
}

/* Can the switch have this value? */
static enum error
check_switch(struct slice key, struct slice value, const char **why_r)
{
	struct settings scratch = { 0 };
	enum error e = settings_change(&scratch, key, value, why_r);

	blob_unref(&scratch.topic);
	return e;
}

static void
change_switch(struct room *room, struct request *r)
{
	struct slice key = r->words.word[1], value = r->words.text;
	struct event e = event_of(r, slice_of(settings_key(key)),
	    (struct slice){ 0 }, value);
	bool ephemeral = room->settings.ephemeral;
	uint64_t number;
	const char *why;

	number = room_event_todo(room, r, &e, true);
	if (number == 0)
		return;
	lock_take(&room->registry->lock);
	settings_change(&room->settings, key, value, &why);
	lock_drop(&room->registry->lock);
	/* The window has what was not to be kept. */
	if (ephemeral && !room->settings.ephemeral)
		stream_raise(&room->stream, number);
	room_save_switches(room);
	room_keep(room);
	request_ok(r, "%.*s %llu", (int)room->name.len, room->name.at,
	    (unsigned long long)number);
}

void
room_set(struct room *room, struct request *r)
{
	struct slice key = r->words.word[1];
	bool topic = slice_is_nocase(key, "topic");
	const char *why;
	enum error e;

	if (room_may(room, r, !topic) != ERROR_NONE)
		return;
	e = check_switch(key, r->words.text, &why);
	if (e != ERROR_NONE)
		request_error(r, e, why);
	else
		change_switch(room, r);
}

bool
room_name_key(struct room *room, struct request *r, char *bytes,
    struct slice *key_r)
{
	const char *why;
	bool good = people_key(room->registry, r->words.word[1], bytes, key_r,
	    &why);

	if (!good)
		request_error(r, ERROR_BAD_NAME, why);
	return good;
}

enum error
room_may_touch(struct room *room, struct request *r, struct slice key,
    enum role role)
{
	struct actor a = room_actor(room, r);
	enum error e = may_give(&a,
	    settings_role(&room->settings, key, room->now), role);

	if (e != ERROR_NONE)
		request_error(r, e, "only an owner may do this to a "
		    "moderator or an owner, or make one");
	return e;
}

/* Is there such a person to be given this role? */
static enum error
check_person(struct room *room, struct slice key, enum role role,
    const char **why_r)
{
	struct person *p;
	bool known;

	if (key.at[0] == '~') {
		*why_r = "a guest can only be muted, banned or none";
		return role <= ROLE_NONE ? ERROR_NONE : ERROR_DENIED;
	}
	p = people_get(room->registry, key);
	known = p != NULL;
	person_unref(&p);
	*why_r = error_help(ERROR_NO_SUCH_NAME);
	return known || settings_role(&room->settings, key, room->now) !=
	    ROLE_NONE ? ERROR_NONE : ERROR_NO_SUCH_NAME;
}

static enum role
wanted_role(struct room *room, struct request *r, struct slice key)
{
	enum role role = role_find(r->words.word[2]);
	const char *why;
	enum error e;

	if (role == ROLE_COUNT) {
		request_error(r, ERROR_BAD_VALUE, "owner, moderator, voice, "
		    "member, none, muted or banned");
		return ROLE_COUNT;
	}
	if (role != ROLE_NONE && room->settings.grants.count >= GRANTS_MAX &&
	    settings_role(&room->settings, key, room->now) == ROLE_NONE) {
		request_limited(r, ERROR_TOO_MANY, "roles", 0,
		    "a room has at most 10000 roles");
		return ROLE_COUNT;
	}
	e = check_person(room, key, role, &why);
	if (e != ERROR_NONE) {
		request_error(r, e, why);
		return ROLE_COUNT;
	}
	return room_may_touch(room, r, key, role) == ERROR_NONE ?
	    role : ROLE_COUNT;
}

/* The line just told, which began at `at`, is the last that somebody banned
 * hears of the room, and is heard once. */
static void
ban(struct room *room, struct request *r, struct slice key, uint64_t at)
{
	struct occupant *o = roster_find(&room->roster, key);
	struct slice line;
	char reason[128];
	int len;

	if (o == NULL || !stream_line(&room->stream, room->stream.last, &line))
		return;
	len = snprintf(reason, sizeof(reason), "banned by %.*s",
	    (int)person_name(r->who).len, person_name(r->who).at);
	room_throw(room, o, at, (struct slice){ reason, (size_t)len }, line);
}

void
room_give(struct room *room, struct slice key, enum role role,
    uint64_t until)
{
	lock_take(&room->registry->lock);
	settings_give(&room->settings, key, role, until);
	lock_drop(&room->registry->lock);
}

void
room_strike(struct room *room)
{
	struct slice key;
	struct blob *struck;

	lock_take(&room->registry->lock);
	struck = room->struck;
	room->struck = NULL;
	lock_drop(&room->registry->lock);
	if (struck == NULL)
		return;
	for (size_t at = 0; at < struck->len; at += key.len + 1) {
		key = slice_of(struck->data + at);
		if (settings_role(&room->settings, key, 0) == ROLE_NONE)
			continue;
		room_give(room, key, ROLE_NONE, UINT64_MAX);
		/* The store may have had it from here after it forgot all of
		 * them. */
		room_save_grant(room, key, ROLE_NONE, UINT64_MAX);
	}
	blob_unref(&struck);
}

void
room_role(struct room *room, struct request *r)
{
	char bytes[NAME_KEY_MAX + 1];
	struct person *who;
	struct slice key;
	struct event e;
	enum role role;
	uint64_t until = UINT64_MAX, at, number;

	if (room_may(room, r, true) != ERROR_NONE ||
	    !room_name_key(room, r, bytes, &key))
		return;
	role = wanted_role(room, r, key);
	if (role == ROLE_COUNT)
		return;
	if (r->words.for_ms > 0)
		until = room->now + r->words.for_ms;
	who = people_get(room->registry, key);
	at = stream_end(&room->stream);
	e = event_of(r, who != NULL ? person_name(who) : r->words.word[1],
	    slice_of(role_name(role)), (struct slice){ 0 });
	number = room_event_todo(room, r, &e, true);
	person_unref(&who);
	if (number == 0)
		return;
	room_give(room, key, role, until);
	room_save_grant(room, key, role, until);
	request_ok(r, "%.*s %llu", (int)room->name.len, room->name.at,
	    (unsigned long long)number);
	if (role == ROLE_BANNED)
		ban(room, r, key, at);
}
