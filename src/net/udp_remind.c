/* udp_remind.c -- what sessions of datagrams are told again: where their rooms
 *                 are, and that they were thrown out
 *
 * SPDX-License-Identifier: MIT
 *
 * An event is sent once, so the last of a room may be lost with nothing behind
 * it to show the hole. AT tells: soon, then less and less often. Each pause has
 * a list of its own, in the order of its times. Those of a session that are due
 * at about the same time are told together, in one datagram: their times come
 * together with that, and stay so. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "net/udp_parts.h"
#include "room/room.h"

enum {
	PAUSE_FIRST_MS = 200,
	PAUSE_LAST_MS = 15000,
	WAITS_MOST = 4096	/* bytes; with more it is told later */
};

static uint64_t
pause_ms(unsigned i)
{
	return i < UDP_PAUSES - 1 ? (uint64_t)PAUSE_FIRST_MS << i :
	    PAUSE_LAST_MS;
}

static void
schedule(struct io *io, struct reminder *r, unsigned pause)
{
	list_remove(&r->by_time);
	r->pause = (uint8_t)(pause < UDP_PAUSES ? pause : UDP_PAUSES - 1);
	r->due = io->now + pause_ms(r->pause);
	list_append(&io->udp->reminders[r->pause], &r->by_time);
}

static void
drop(struct reminder *r)
{
	list_remove(&r->by_time);
	list_remove(&r->in_session);
	blob_unref(&r->words);
	free(r);
}

static uint64_t
newest(const struct member *m)
{
	return counter_get(&m->feed->room->seen_last);
}

/* It is in the room again: that it was thrown out before is old. */
static void
forget_words(struct udp_session *s, const struct room *room)
{
	struct link *l, *next;

	for (l = s->farewells.next; l != &s->farewells; l = next) {
		struct reminder *r =
		    list_entry(l, struct reminder, in_session);

		next = l->next;
		if (r->room == room)
			drop(r);
	}
}

void
remind_begin(struct io *io, struct member *m)
{
	struct reminder *r = xcalloc(1, sizeof(*r));

	forget_words(m->conn->udp, m->feed->room);
	r->session = m->conn->udp;
	r->member = m;
	r->room = m->feed->room;
	r->last = newest(m);
	list_init(&r->by_time);
	list_init(&r->in_session);
	m->reminder = r;
	schedule(io, r, 0);
}

/* While something was left out it is not put off by what comes then. */
void
remind_moved(struct io *io, struct member *m, bool left_out)
{
	struct reminder *r = m->reminder;
	uint64_t last = newest(m);

	if (last == r->last)
		return;
	r->last = last;
	if (r->late)
		return;
	r->late = left_out;
	schedule(io, r, 0);
}

static void
tell(struct io *io, struct reminder *r, unsigned pause)
{
	struct slice name = r->room->name;

	r->late = false;
	r->last = newest(r->member);
	if (r->words != NULL)
		conn_put(r->session->conn, blob_ref(r->words));
	conn_printf(r->session->conn, "AT %.*s %" PRIu64 "\n", (int)name.len,
	    name.at, r->last);
	schedule(io, r, pause);
	/* Who has heard none of so many will not. */
	if (r->pause == UDP_PAUSES - 1)
		blob_unref(&r->words);
}

/* It knows where it is in the room, since it has asked. */
void
remind_now(struct io *io, struct member *m)
{
	blob_unref(&m->reminder->words);
	tell(io, m->reminder, 0);
}

void
remind_entry(struct member *m, struct blob *words)
{
	if (m->reminder != NULL && m->reminder->words == NULL)
		m->reminder->words = blob_ref(words);
}

void
remind_words(struct io *io, struct member *m, struct blob *words)
{
	struct reminder *r = m->reminder;

	m->reminder = NULL;
	r->member = NULL;
	blob_unref(&r->words);
	r->words = blob_ref(words);
	list_append(&r->session->farewells, &r->in_session);
	schedule(io, r, 0);
}

void
remind_end(struct member *m)
{
	if (m->reminder != NULL)
		drop(m->reminder);
	m->reminder = NULL;
}

void
remind_close(struct udp_session *s)
{
	while (!list_empty(&s->farewells))
		drop(list_entry(s->farewells.next, struct reminder,
		    in_session));
}

/* All of the session that would be due before half of their pause is over. */
static void
tell_all(struct io *io, struct conn *c)
{
	for (struct link *l = c->members.next; l != &c->members; l = l->next) {
		struct reminder *r =
		    list_entry(l, struct member, in_conn)->reminder;

		if (r == NULL || r->due > io->now + pause_ms(r->pause) / 2)
			continue;
		/* It would say that the answer to a JOIN is over. */
		if (r->replaying || c->out_bytes > WAITS_MOST)
			schedule(io, r, r->pause);
		else
			tell(io, r, r->pause + 1);
	}
}

static void
say_words(struct io *io, struct reminder *r)
{
	conn_put(r->session->conn, blob_ref(r->words));
	if (r->pause == 0)
		schedule(io, r, 1);
	else
		drop(r);
}

static void
remind(struct io *io, struct reminder *r)
{
	struct conn *c = r->session->conn;

	if (c->end != END_NONE)
		list_remove(&r->by_time);
	else if (r->member == NULL)
		say_words(io, r);
	else
		tell_all(io, c);
	io_turn(io, c);
}

static struct reminder *
first(const struct link *list)
{
	return list_empty(list) ? NULL :
	    list_entry(list->next, struct reminder, by_time);
}

void
remind_time(struct io *io)
{
	struct reminder *r;

	for (unsigned i = 0; i < UDP_PAUSES; i++)
		while ((r = first(&io->udp->reminders[i])) != NULL &&
		    r->due <= io->now)
			remind(io, r);
}

uint64_t
remind_next(const struct io *io)
{
	uint64_t next = UINT64_MAX;

	for (unsigned i = 0; i < UDP_PAUSES; i++) {
		const struct reminder *r = first(&io->udp->reminders[i]);

		if (r != NULL && r->due < next)
			next = r->due;
	}
	return next;
}
