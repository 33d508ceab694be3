/* help.c -- answers that need nobody else: PING, HELP, LIST
 *
 * SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <inttypes.h>

#include "base/clock.h"
#include "net/help.h"
#include "room/room.h"

void
help_pong(struct conn *c, const struct words *w)
{
	struct blob *b = NULL;

	reply_id(&b, w->id);
	blob_printf(&b, "PONG%s%.*s\n", w->text.len > 0 ? " " : "",
	    (int)w->text.len, w->text.at);
	conn_put(c, b);
}

static void
list_commands(struct blob **b)
{
	blob_printf(b, "NOTICE commands:");
	for (int v = 0; v < VERB_COUNT; v++)
		blob_printf(b, " %s", command_at(v)->name);
	blob_printf(b, "\nNOTICE HELP and a command or an error's code "
	    "explains it: HELP SAY, HELP denied\n");
}

void
help_answer(struct conn *c, const struct words *w)
{
	const struct command *command = NULL;
	enum error e = ERROR_NONE;
	struct blob *b = NULL;

	if (w->count > 0) {
		command = command_find(w->word[0]);
		e = error_find(w->word[0]);
		if (command == NULL && e == ERROR_NONE) {
			conn_error(c, w->id, ERROR_BAD_VALUE,
			    "neither a command nor an error's code");
			return;
		}
	}
	if (command != NULL)
		blob_printf(&b, "NOTICE %s %s%s- %s%s\n", command->name,
		    command->usage, *command->usage == '\0' ? "" : " ",
		    command->help,
		    command->admin ? " (for administrators)" : "");
	else if (e != ERROR_NONE)
		blob_printf(&b, "NOTICE %s - %s\n", error_code(e),
		    error_help(e));
	else
		list_commands(&b);
	reply_ok(&b, w->id, "HELP");
	blob_printf(&b, "\n");
	conn_put(c, b);
}

bool
help_matches(struct slice p, struct slice t)
{
	size_t i = 0, j = 0, star = SIZE_MAX, from = 0;

	while (j < t.len) {
		if (i < p.len && p.at[i] == '*') {
			star = i++;
			from = j;
		} else if (i < p.len && (p.at[i] == '?' ||
		    tolower((unsigned char)p.at[i]) ==
		    tolower((unsigned char)t.at[j]))) {
			i++;
			j++;
		} else if (star != SIZE_MAX) {
			i = star + 1;
			j = ++from;
		} else {
			return false;
		}
	}
	while (i < p.len && p.at[i] == '*')
		i++;
	return i == p.len;
}

enum { LISTED_TOPIC = 200 };	/* bytes: thousands of rooms are listed */

struct listing {
	struct conn  *conn;
	struct slice  pattern;	/* empty: all */
	bool          direct;
	uint64_t      now;
	struct blob  *text;
};

static bool
is_inside(const struct conn *c, const struct room *room)
{
	for (struct link *l = c->members.next; l != &c->members; l = l->next) {
		const struct member *m = list_entry(l, struct member, in_conn);

		if (!m->gone && m->feed->room == room)
			return true;
	}
	return false;
}

static bool
may_list(const struct listing *l, const struct room *room)
{
	const struct person *me = l->conn->contact.person, *p;

	if (room->pair[0] != NULL) {
		if (room_gone(room) != NULL)
			return false;
		for (int i = 0; l->direct && i < 2; i++) {
			p = room->pair[i];
			if (slice_same(person_key(p), person_key(me)) &&
			    p->since == me->since)
				return true;
		}
		return false;
	}
	return !l->direct && (registry_sees(l->conn->net->registry, room, me,
	    l->now) || is_inside(l->conn, room)) && (l->pattern.len == 0 ||
	    help_matches(l->pattern, room->name));
}

/* As much of a topic as a list shows: whole letters. */
static int
shown(const struct blob *topic)
{
	size_t len = topic == NULL ? 0 : topic->len;

	if (len > LISTED_TOPIC) {
		len = LISTED_TOPIC;
		while ((topic->data[len] & 0xc0) == 0x80)
			len--;
	}
	return (int)len;
}

static void
add_room(const struct room *room, void *arg)
{
	const struct blob *topic = room->settings.topic;
	struct listing *l = arg;

	if (!may_list(l, room))
		return;
	blob_printf(&l->text, "ROOM %.*s %" PRIu64 " %" PRIu64 "%s%.*s\n",
	    (int)room->name.len, room->name.at, counter_get(&room->seen_last),
	    counter_get(&room->seen_members), topic != NULL ? " " : "",
	    shown(topic), topic != NULL ? topic->data : "");
}

void
help_list(struct conn *c, const struct words *w)
{
	struct listing l = { .conn = c, .now = clock_ms() };

	if (w->count > 0 && slice_is(w->word[0], "@"))
		l.direct = true;
	else if (w->count > 0)
		l.pattern = w->word[0];
	/* Each * costs a look at all that is left, under the lock. */
	if (l.pattern.len > ROOM_NAME_MAX) {
		conn_error(c, w->id, ERROR_BAD_VALUE,
		    "the pattern is longer than any name");
		return;
	}
	registry_each(c->net->registry, add_room, &l);
	reply_ok(&l.text, w->id, "LIST");
	blob_printf(&l.text, "\n");
	conn_put(c, l.text);
}
