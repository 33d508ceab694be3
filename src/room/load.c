/* load.c -- a room and what is kept of it: its log's end, its switches, its
 *           roles
 *
 * SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "proto/event.h"
#include "proto/mail.h"
#include "room/room.h"

enum { DAY_MS = 86400000, REDO_MS = 10000 };

/* The room's own bounds, else the server's. */
void
room_keep(struct room *room)
{
	const struct config *c = room->config;
	uint64_t ms = room->settings.keep_ms;
	uint64_t count = room->settings.keep_count;

	if (room->ledger == NULL)
		return;
	if (ms == 0 && count == 0) {
		ms = (uint64_t)config_get(&c->storage_keep_days) * DAY_MS;
		count = (uint64_t)config_get(&c->storage_keep_events);
	}
	ledger_keep(room->ledger, ms, count);
}

/* The value of an attribute, "id=" say, or empty. */
static struct slice
attribute_of(struct slice attrs, const char *mark)
{
	const char *end = attrs.at + attrs.len;
	size_t skip = strlen(mark);

	for (const char *at = attrs.at; at < end;) {
		const char *next = memchr(at, ';', (size_t)(end - at));
		size_t len = (size_t)((next != NULL ? next : end) - at);

		if (len > skip && memcmp(at, mark, skip) == 0)
			return (struct slice){ at + skip, len - skip };
		at += len + 1;
	}
	return (struct slice){ 0 };
}

/* A line of the log, as the request that it was. */
static void
note_said(struct slice line, void *arg)
{
	struct room *room = arg;
	const char *why;
	char bytes[NAME_KEY_MAX + 1];
	struct words w = { .count = 1 };
	struct said said = { .words = &w };
	struct slice verb;
	struct event e;

	if (event_gap_end(line) > 0 || !event_parse(line, &e, &verb))
		return;
	w.command = slice_is(verb, "MSG") ? command_at(VERB_SAY) :
	    command_find(verb);
	if (w.command == NULL || !w.command->stores ||
	    !people_key(room->registry, e.name, bytes, &said.key, &why))
		return;
	w.id = attribute_of(e.attrs, "id=");
	w.text = e.text;
	if (e.word[0].len > 0)
		w.word[w.count++] = e.word[0];
	said.time = e.time;
	said.number = e.number;
	said.erased = w.command->text == TEXT_MUST && event_is_erased(&e);
	repeats_note(&room->repeats, &said);
}

/* SET and ROLE of todo are done again: the store may not have had them. */
static void
redo_set(struct room *room, struct slice rest)
{
	const char *space = memchr(rest.at, ' ', rest.len), *why;
	struct slice key = rest, value = { 0 };

	if (space != NULL) {
		key.len = (size_t)(space - rest.at);
		value = (struct slice){ space + 1, rest.len - key.len - 1 };
	}
	lock_take(&room->registry->lock);
	settings_change(&room->settings, key, value, &why);
	lock_drop(&room->registry->lock);
	room_save_switches(room);
}

static void
redo_role(struct room *room, const struct event *e, struct slice rest)
{
	const char *space = memchr(rest.at, ' ', rest.len);
	const char *why;
	char bytes[NAME_KEY_MAX + 1];
	uint64_t ms = 0, until = UINT64_MAX;
	struct slice who = rest, key, mark;
	enum role role;

	if (space == NULL)
		return;
	who.len = (size_t)(space - rest.at);
	role = role_find((struct slice){ space + 1, rest.len - who.len - 1 });
	if (role == ROLE_COUNT ||
	    !people_key(room->registry, who, bytes, &key, &why))
		return;
	/* It was another account's of that name, which is gone. */
	if (key.at[0] != '~' && !accounts_had(room->registry, key, e->time))
		return;
	mark = attribute_of(e->attrs, "for=");
	if (mark.len > 0 && duration_parse(mark, &ms))
		until = e->time + ms > room->wall ?
		    room->now + (e->time + ms - room->wall) : room->now;
	room_give(room, key, role, until);
	room_save_grant(room, key, role, until);
}

/* The number of a ROLE that no event told: who made the room owns it. */
enum { MADE = 1 };

/* Its number may have become another's that was killed before it was said. */
static bool
was_said(struct room *room, uint64_t number, struct slice line)
{
	struct blob *there = NULL;
	bool same;

	if (number == MADE)
		return true;
	same = number <= ledger_last(room->ledger) &&
	    ledger_line(room->ledger, number, &there) == 1 &&
	    slice_same((struct slice){ there->data, there->len }, line);
	blob_unref(&there);
	return same;
}

/* A line of todo, unless it did not come to be said. */
static void
redo(struct slice line, void *arg)
{
	struct room *room = arg;
	struct slice verb;
	struct event e;
	uint64_t target;

	if (!event_parse(line, &e, &verb) || !was_said(room, e.number, line))
		return;
	if (slice_is(verb, "SET"))
		redo_set(room, e.text);
	else if (slice_is(verb, "ROLE"))
		redo_role(room, &e, e.text);
	else if (slice_is(verb, "DELETE") &&
	    number_parse(e.word[0], 1, &target))
		room_erase_again(room, target, e.number);
}

/* Who made it owns it, also when the server ends before the store knows. */
static void
save_maker(struct room *room)
{
	struct table_node *n = table_next(&room->settings.grants, NULL);
	struct event e = { .verb = "ROLE", .room = room->name,
		.number = MADE, .time = room->wall };
	char line[LINE_MAX_BYTES];
	struct slice key;

	if (n == NULL)
		return;
	key = settings_grant(n)->key;
	e.name = e.word[0] = key;
	e.word[1] = slice_of(role_name(ROLE_OWNER));
	if (ledger_note(room->ledger, (struct slice){ line,
	    event_render(&e, line) }) == 0)
		room_save_grant(room, key, ROLE_OWNER, UINT64_MAX);
}

static void
go_on_after(struct room *room, uint64_t last)
{
	if (last > room->stream.last) {
		stream_fini(&room->stream);
		room->last = last;
		stream_init(&room->stream, room->stream.window, last);
		counter_set(&room->seen_last, last);
	}
	vault_note(room->registry->vault, room->stream.last, 0);
}

static void
read_log(struct room *room)
{
	room->loaded = true;
	go_on_after(room, ledger_load(room->ledger));
	room->unread = ledger_failure(room->ledger) != 0;
}

static void
read_ids(struct room *room)
{
	repeats_init(&room->repeats,
	    (uint32_t)config_get(&room->config->rooms_repeat_ids));
	ledger_tail(room->ledger, room->repeats.limit, note_said, room);
	repeats_settle(&room->repeats);
}

void
room_load(struct room *room)
{
	bool first = !room->loaded;

	if (room->ledger == NULL)
		return;
	room->now = clock_ms();
	room->wall = clock_wall_ms();
	if (first)
		read_log(room);
	read_ids(room);
	room_keep(room);
	if (first && room->made)
		save_maker(room);
	else if (first || room->undone)
		room_redo(room);
	/* What it said while it was ephemeral is in no log. */
	if (first && room->settings.ephemeral)
		go_on_after(room, room->registry->vault->floor);
}

void
room_redo(struct room *room)
{
	room->undone = false;
	room->redo = UINT64_MAX;
	ledger_noted(room->ledger, redo, room);
}

void
room_read_again(struct room *room)
{
	if (!room->unread)
		return;
	room->unread = false;
	repeats_fini(&room->repeats);
	read_ids(room);
	if (!room->made)
		room_redo(room);
}

static struct change *
new_change(struct room *room)
{
	struct change *c = xcalloc(1, sizeof(*c));

	c->mail.kind = MAIL_CHANGE;
	c->back = &room->inbox;
	c->key = room->key;
	c->name = room->name;
	return c;
}

static void
send_change(struct room *room, struct change *c)
{
	room->jobs++;
	mailbox_send(room->registry->store, &c->mail);
}

void
room_save_switches(struct room *room)
{
	const struct settings *set = &room->settings;
	struct change *c;

	if (room->registry->store == NULL || room->ledger == NULL)
		return;
	c = new_change(room);
	c->switches = (struct switches){
		.topic = set->topic != NULL ? blob_ref(set->topic) : NULL,
		.hidden = set->hidden, .members_only = set->members_only,
		.moderated = set->moderated, .ephemeral = set->ephemeral,
		.keep_ms = set->keep_ms, .keep_count = set->keep_count,
		.slow = set->slow, .calm = set->calm
	};
	send_change(room, c);
}

void
room_save_grant(struct room *room, struct slice key, enum role role,
    uint64_t until)
{
	struct change *c;

	if (room->registry->store == NULL || room->ledger == NULL)
		return;
	c = new_change(room);
	c->grants = true;
	memcpy(c->who, key.at, key.len);
	c->who_len = key.len;
	c->role = role;
	c->until = until == UINT64_MAX ? UINT64_MAX :
	    room->wall + (until > room->now ? until - room->now : 0);
	send_change(room, c);
}

void
room_job_over(struct room *room, bool done)
{
	room->undone |= !done;
	if (--room->jobs > 0)
		return;
	if (room->undone)
		room->redo = room->now + REDO_MS;
	else
		ledger_done(room->ledger);
}

void
room_saved(struct room *room, struct change *c)
{
	room_job_over(room, c->done);
	blob_unref(&c->switches.topic);
	free(c);
}
