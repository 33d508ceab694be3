/* enter.c -- into a room and out of it: JOIN, LEAVE, KICK, WHO, places
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "proto/event.h"
#include "proto/mail.h"
#include "room/marks.h"
#include "room/room.h"

/* JOIN and LEAVE are told while the room is small enough, and never in a
 * direct conversation: who is in it does not change. */
static bool
announces(const struct room *room, unsigned people)
{
	return room->pair[0] == NULL && people <=
	    (unsigned)config_get(&room->config->rooms_presence_limit);
}

static void
announce(struct room *room, const char *verb, struct slice name,
    struct slice reason)
{
	struct event e = { .verb = verb, .name = name, .text = reason };

	room_presence(room, &e);
}

struct oldest_since {
	uint64_t time;
	uint64_t number;
};

static void
look_at_time(struct slice line, void *arg)
{
	struct oldest_since *o = arg;
	struct slice verb;
	struct event e;

	if (o->number == 0 && event_number(line) > 0 &&
	    event_parse(line, &e, &verb) && e.time >= o->time)
		o->number = e.number;
}

/* The lowest number that may still be shown, as the room's settings say. */
static uint64_t
oldest(const struct room *room)
{
	const struct settings *set = &room->settings;
	const struct stream *s = &room->stream;
	uint64_t least = stream_oldest(s);

	if (set->ephemeral)
		return s->last + 1;
	if (set->keep_count > 0 && s->last >= set->keep_count &&
	    least <= s->last - set->keep_count)
		least = s->last - set->keep_count + 1;
	if (set->keep_ms > 0 && least <= s->last) {
		struct oldest_since o = {
			.time = room->wall > set->keep_ms ?
			    room->wall - set->keep_ms : 0 };

		stream_walk(s, least, look_at_time, &o);
		least = o.number > 0 ? o.number : s->last + 1;
	}
	return least;
}

/* Can the log give what comes from `next` on, or say that it is gone? */
static bool
log_has(const struct room *room, uint64_t next)
{
	return room->ledger != NULL && !room->settings.ephemeral &&
	    next <= ledger_last(room->ledger);
}

/* A place at the event `next`: in the window, or else in the log, or else, with
 * a GAP, where the window begins. */
static void
find_place(struct room *room, uint64_t next, bool log, struct place *p)
{
	struct stream *s = &room->stream;
	uint64_t least = oldest(room);

	p->log = 0;
	if (next < least && log && log_has(room, next)) {
		p->log = next;
		counter_add(&room->counters.replays, 1);
		return;
	}
	if (next < least) {
		blob_printf(&p->first, "GAP %.*s %" PRIu64 " %" PRIu64 "\n",
		    (int)room->name.len, room->name.at, next, least - 1);
		counter_add(&room->counters.gaps, 1);
		next = least;
	}
	stream_seek(s, next, &p->chunk, &p->off);
	p->live = stream_end(s);
	if (p->chunk->start + p->off < p->live || p->first != NULL)
		room_line(room, &p->then);
}

static struct member *
add_member(struct room *room, struct feed *f, struct person *who,
    uint64_t conn_id)
{
	struct member *m = xcalloc(1, sizeof(*m));

	m->feed = f;
	m->conn_id = conn_id;
	atomic_init(&m->end_at, UINT64_MAX);
	list_init(&m->in_room);
	list_init(&m->in_conn);
	list_init(&m->in_feed);
	f->members++;
	if (roster_add(&room->roster, m, who) &&
	    announces(room, roster_people(&room->roster)))
		announce(room, "JOIN", person_name(who), (struct slice){ 0 });
	return m;
}

static void
answer_join(struct room *room, struct request *r, bool inside)
{
	uint64_t last = room->stream.last, next = last + 1;
	bool after = r->words.count > 1;
	uint64_t mark = r->who->account ?
	    marks_get(room->registry, r->who, room->key) : 0;

	room_line(room, &r->reply);
	if (mark > 0)
		blob_printf(&r->reply, "READ %.*s %" PRIu64 "\n",
		    (int)room->name.len, room->name.at, mark);
	if (after && r->words.number > last)
		blob_printf(&r->reply, "RESET %.*s %" PRIu64 "\n",
		    (int)room->name.len, room->name.at, last);
	else if (after)
		next = r->words.number + 1;
	request_ok(r, "%.*s %" PRIu64, (int)room->name.len, room->name.at,
	    last);
	/* A member that names no number stays where it is: what it has not
	 * been sent yet, its own echoes too, would be lost. */
	if (after || !inside)
		find_place(room, next, true, &r->place);
}

/* Would it begin in the log, of which something is just being erased? */
static bool
must_wait(struct room *room, const struct request *r)
{
	return r->words.count > 1 && r->words.number < room->stream.last &&
	    r->words.number + 1 < oldest(room) &&
	    log_has(room, r->words.number + 1);
}

void
room_join(struct room *room, struct request *r)
{
	bool inside = r->member != NULL && r->member->occupant != NULL;

	if (room_may(room, r, false) != ERROR_NONE)
		return;
	if (must_wait(room, r) && room_park(room, &r->mail)) {
		r->away = true;
		return;
	}
	if (!inside && room->roster.connections >=
	    (unsigned)config_get(&room->config->rooms_members)) {
		request_limited(r, ERROR_ROOM_FULL, "rooms.members", 0,
		    error_help(ERROR_ROOM_FULL));
		return;
	}
	if (!inside)
		r->member = add_member(room, r->feed, r->who, r->conn_id);
	answer_join(room, r, inside);
}

/* Ends a membership at a position of the stream that is not published yet:
 * `words` are the last the connection hears of the room. thrown: nothing else
 * is sent before them. */
static void
end_member(struct member *m, uint64_t at, struct blob *words, bool thrown)
{
	struct move *move = move_new(m, MAIL_END);

	atomic_store_explicit(&m->end_at, at, memory_order_relaxed);
	move->words = words;
	move->thrown = thrown;
	m->feed->members--;
	room_answer(m->feed, &move->mail);
}

/* Out of the roster; the others are told if the person is gone. */
static void
remove_member(struct room *room, struct member *m, struct slice reason)
{
	unsigned people = roster_people(&room->roster);
	struct person *who = person_ref(m->occupant->person);

	if (roster_remove(&room->roster, m) && announces(room, people))
		announce(room, "LEAVE", person_name(who), reason);
	person_unref(&who);
}

void
room_leave(struct room *room, struct request *r)
{
	struct blob *words = NULL;

	if (room_may(room, r, false) != ERROR_NONE)
		return;
	reply_ok(&words, r->words.id, "LEAVE");
	blob_printf(&words, " %.*s\n", (int)room->name.len, room->name.at);
	end_member(r->member, stream_end(&room->stream), words, false);
	remove_member(room, r->member, (struct slice){ 0 });
}

void
room_detach(struct room *room, struct move *move)
{
	struct member *m = move->member;

	if (m->occupant != NULL) {
		struct slice why = { 0 };

		if (move->words != NULL)
			why = (struct slice){ move->words->data,
			    move->words->len };
		m->feed->members--;
		remove_member(room, m, why);
	}
	room_answer(m->feed, &move->mail);
}

void
room_again(struct room *room, struct move *move)
{
	struct member *m = move->member;
	struct place *p = &move->place;

	if (m->occupant != NULL && log_has(room, move->next) &&
	    room_park(room, &move->mail))
		return;
	if (m->occupant != NULL && move->next == UINT64_MAX) {
		find_place(room, room->stream.last + 1, false, p);
	} else if (m->occupant != NULL) {
		find_place(room, move->next, !move->no_log, p);
		/* It has missed who came and went. */
		if (p->chunk != NULL && p->then == NULL)
			room_line(room, &p->then);
	}
	room_answer(m->feed, &move->mail);
}

/* All connections of somebody, each hearing `line` as its last. */
static void
throw_out(struct room *room, struct occupant *o, uint64_t at,
    struct slice line)
{
	struct slice key = person_key(o->person);
	struct link *l = room->roster.members.next, *next;

	for (; l != &room->roster.members; l = next) {
		struct member *m = list_entry(l, struct member, in_room);
		struct blob *words = NULL;

		next = l->next;
		if (m->occupant != o)
			continue;
		blob_add(&words, line);
		end_member(m, at, words, true);
		if (roster_remove(&room->roster, m))
			break;
	}
	assert(roster_find(&room->roster, key) == NULL);
}

void
room_throw(struct room *room, struct occupant *o, uint64_t at,
    struct slice reason, struct slice line)
{
	struct event e = { .verb = "LEAVE", .room = room->name,
		.text = reason };
	unsigned people = roster_people(&room->roster);
	struct person *who = person_ref(o->person);
	char *own;

	e.name = person_name(who);
	own = xmalloc(event_bound(&e));
	if (line.len == 0)
		line = (struct slice){ own, event_render(&e, own) };
	throw_out(room, o, at, line);
	if (announces(room, people))
		announce(room, "LEAVE", person_name(who), reason);
	free(own);
	person_unref(&who);
}

void
room_kick(struct room *room, struct request *r)
{
	struct slice why = r->words.text, by = person_name(r->who), key;
	char bytes[NAME_KEY_MAX + 1], reason[TEXT_MAX_BYTES + 256];
	struct occupant *o;
	int len;

	if (room_may(room, r, true) != ERROR_NONE ||
	    !room_name_key(room, r, bytes, &key))
		return;
	o = roster_find(&room->roster, key);
	if (o == NULL) {
		request_error(r, ERROR_NO_SUCH_NAME,
		    "nobody of this name is in the room");
		return;
	}
	if (room_may_touch(room, r, key, ROLE_NONE) != ERROR_NONE)
		return;
	len = snprintf(reason, sizeof(reason), "kicked by %.*s%s%.*s",
	    (int)by.len, by.at, why.len > 0 ? ": " : "", (int)why.len,
	    why.at);
	request_ok(r, "%.*s %.*s", (int)room->name.len, room->name.at,
	    (int)person_name(o->person).len, person_name(o->person).at);
	room_throw(room, o, stream_end(&room->stream),
	    (struct slice){ reason, (size_t)len }, (struct slice){ 0 });
}

void
room_who(struct room *room, struct request *r)
{
	if (room_may(room, r, false) != ERROR_NONE)
		return;
	r->list = roster_names(&room->roster, room->name);
	request_ok(r, "%.*s", (int)room->name.len, room->name.at);
}

void
room_part(struct room *room)
{
	struct link *all = &room->roster.members;
	const struct person *gone = room_gone(room);
	struct blob *words = NULL;

	if (gone == NULL)
		return;
	blob_printf(&words, "LEAVE %.*s %.*s gone\n", (int)room->name.len,
	    room->name.at, (int)person_name(gone).len, person_name(gone).at);
	while (!list_empty(all)) {
		struct member *m =
		    list_entry(all->next, struct member, in_room);

		end_member(m, stream_end(&room->stream), blob_ref(words),
		    false);
		roster_remove(&room->roster, m);
	}
	blob_unref(&words);
}

void
room_invite(struct room *room)
{
	struct registry *reg = room->registry;

	lock_take(&reg->lock);
	for (int i = 0; i < 2; i++) {
		struct person *p = people_find(reg, person_key(room->pair[i]));
		struct link *l;

		if (p == NULL || p->since != room->pair[i]->since)
			continue;
		for (l = p->contacts.next; l != &p->contacts; l = l->next) {
			struct contact *c =
			    list_entry(l, struct contact, link);
			struct member *m;
			struct move *move;

			if (roster_by_conn(&room->roster, c->conn) != NULL)
				continue;
			room->holders++;
			m = add_member(room, &room->feeds[c->io], p, c->conn);
			move = move_new(m, MAIL_ATTACH);
			room_line(room, &move->place.first);
			stream_seek(&room->stream, room->stream.last + 1,
			    &move->place.chunk, &move->place.off);
			move->place.live = stream_end(&room->stream);
			room_answer(m->feed, &move->mail);
		}
	}
	lock_drop(&reg->lock);
}
