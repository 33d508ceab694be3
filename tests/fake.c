/* fake.c -- a room on the test's own thread, and people who write down what
 *           they hear
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <sodium.h>

#include "base/alloc.h"
#include "fake.h"
#include "proto/event.h"
#include "proto/mail.h"
#include "wire/vcrp.h"

struct fake *
fake_new(void)
{
	struct fake *f = xcalloc(1, sizeof(*f));
	const char *why;
	int rc = sodium_init();

	assert(rc >= 0);
	f->config = config_new();
	f->names = names_new(&why);
	assert(f->names != NULL);
	for (int i = 0; i < FAKE_IOS; i++) {
		mailbox_init(&f->boxes[i], 0);
		f->box_at[i] = &f->boxes[i];
	}
	f->registry =
	    registry_new(f->config, f->names, f->box_at, FAKE_IOS);
	list_init(&f->people);
	f->now = 1000000;
	f->wall = FAKE_WALL;
	return f;
}

struct room *
fake_room(struct fake *f, struct guy *creator, const char *text)
{
	struct person *who = creator != NULL ? creator->contact.person : NULL;
	struct room_word word;
	const char *why;
	enum error e =
	    registry_word(f->registry, who, slice_of(text), &word, &why);

	assert(e == ERROR_NONE && f->room == NULL);
	f->room = room_new(f->registry, &word, who, FAKE_LAST);
	room_word_fini(&word);
	return f->room;
}

void
fake_hibernate(struct fake *f)
{
	room_hibernate(f->room);
	room_wake(f->room);
}

static struct guy *
find_guy(const struct fake *f, uint64_t conn)
{
	for (struct link *l = f->people.next; l != &f->people; l = l->next) {
		struct guy *g = list_entry(l, struct guy, link);

		if (g->contact.conn == conn)
			return g;
	}
	return NULL;
}

/* The line, with its time by FAKE_WALL. */
static void
hear_event(struct guy *g, struct slice line)
{
	char time[32];
	struct slice verb;
	struct event e;
	const char *at;
	int len;

	if (!event_parse(line, &e, &verb)) {
		blob_add(&g->heard, line);
		return;
	}
	len = snprintf(time, sizeof(time), " %" PRIu64 " ", e.time);
	at = memmem(line.at, line.len, time, (size_t)len);
	assert(at != NULL);
	blob_add(&g->heard, (struct slice){ line.at,
	    (size_t)(at - line.at) });
	if (e.time == FAKE_WALL)
		blob_printf(&g->heard, " T ");
	else
		blob_printf(&g->heard, " T%+" PRId64 " ",
		    (int64_t)(e.time - FAKE_WALL));
	at += len;
	blob_add(&g->heard, (struct slice){ at,
	    (size_t)(line.at + line.len - at) });
}

static void
hear(struct guy *g, struct blob **b)
{
	if (*b != NULL)
		blob_add(&g->heard, (struct slice){ (*b)->data, (*b)->len });
	blob_unref(b);
}

static void
attach(struct guy *g, struct member *m, struct place *p)
{
	g->member = m;
	g->cursor = 0;
	chunk_unref(&m->chunk);
	blob_unref(&m->then);
	m->chunk = p->chunk;
	m->off = p->off;
	m->live = p->live;
	m->then = p->then;
	m->until = UINT64_MAX;
	p->chunk = NULL;
	p->then = NULL;
	hear(g, &p->first);
}

static void
free_member(struct member *m)
{
	chunk_unref(&m->chunk);
	chunk_unref(&m->place.chunk);
	blob_unref(&m->place.first);
	blob_unref(&m->place.then);
	blob_unref(&m->then);
	blob_unref(&m->last_words);
	free(m);
}

static uint64_t
position(const struct member *m)
{
	return m->chunk->start + m->off;
}

static void
hear_line(struct guy *g, struct slice line)
{
	uint64_t number = event_number(line);

	if (number == 0 && position(g->member) < g->member->live)
		return;
	if (number > 0 && g->cursor > 0 && number != g->cursor + 1)
		g->fake->holes++;
	if (number > 0)
		g->cursor = number;
	hear_event(g, line);
}

static void
send_ask(struct fake *f, struct member *m, enum mail_kind kind)
{
	m->asking = true;
	m->ask.kind = kind;
	mailbox_send(&m->room->inbox, &m->ask);
	f->more = true;
}

/* What an io thread does with a member whose place the window has passed. */
static bool
has_place(struct guy *g)
{
	struct member *m = g->member;

	if (m->asking)
		return false;
	if (m->chunk != NULL && position(m) >= stream_start(&m->room->stream))
		return true;
	chunk_unref(&m->chunk);
	blob_unref(&m->then);
	m->next = g->cursor + 1;
	send_ask(g->fake, m, MAIL_AGAIN);
	return false;
}

/* Reads on to the end, or to `until`. */
static void
deliver(struct guy *g)
{
	struct member *m = g->member;

	if (m == NULL || g->stopped || !has_place(g))
		return;
	for (;;) {
		struct chunk *c = m->chunk;
		uint32_t ready = chunk_ready(&c, &m->off);
		const char *at, *end;

		if (c != m->chunk) {
			chunk_ref(c);
			chunk_unref(&m->chunk);
			m->chunk = c;
		}
		if (position(m) >= m->live)
			hear(g, &m->then);
		if (ready == 0 || position(m) >= m->until)
			return;
		at = c->data + m->off;
		end = memchr(at, '\n', ready);
		assert(end != NULL);
		hear_line(g, (struct slice){ at, (size_t)(end + 1 - at) });
		m->off += (uint32_t)(end + 1 - at);
	}
}

static void
take_answer(struct fake *f, struct request *r)
{
	struct guy *g = find_guy(f, r->conn_id);

	assert(g != NULL && g->under_way > 0);
	g->under_way--;
	g->moving = g->moving && g->under_way > 0;
	if (f->answered != NULL)
		f->answered(g, r);
	hear(g, &r->list);
	hear(g, &r->reply);
	if (r->place.chunk != NULL)
		attach(g, r->member, &r->place);
	request_free(&r);
}

static void
take_end(struct fake *f, struct member *m)
{
	struct guy *g = find_guy(f, m->conn_id);

	if (g != NULL) {
		m->until = atomic_load(&m->end_at);
		if (!m->thrown)
			deliver(g);
		if (m->last_words != NULL)
			hear_event(g, (struct slice){ m->last_words->data,
			    m->last_words->len });
		g->member = NULL;
	}
	if (m->asking)
		m->gone = true;
	else
		free_member(m);
}

static void
take_again(struct fake *f, struct member *m)
{
	struct guy *g = find_guy(f, m->conn_id);

	m->asking = false;
	if (m->gone) {
		free_member(m);
		return;
	}
	if (m->place.chunk != NULL)
		attach(g, m, &m->place);
}

static void
take_attach(struct fake *f, struct member *m)
{
	struct guy *g = find_guy(f, m->conn_id);

	assert(g != NULL && g->member == NULL);
	attach(g, m, &m->place);
}

static void
take_mail(struct fake *f, struct mail *m)
{
	switch (m->kind) {
	case MAIL_REQUEST:
		take_answer(f, table_entry(m, struct request, mail));
		break;
	case MAIL_DETACH:
		free_member(table_entry(m, struct member, ask));
		break;
	case MAIL_AGAIN:
		take_again(f, table_entry(m, struct member, ask));
		break;
	case MAIL_ATTACH:
		take_attach(f, table_entry(m, struct member, tell));
		break;
	case MAIL_END:
		take_end(f, table_entry(m, struct member, tell));
		break;
	case MAIL_FEED:
		f->feeds++;
		atomic_store(&table_entry(m, struct feed, more)->dirty,
		    false);
		break;
	case MAIL_SPACE:
		f->spaces++;
		table_entry(m, struct feed, space)->waiting = false;
		break;
	case MAIL_REPLACED:
		table_entry(m, struct guy, contact.replaced)->replaced = true;
		break;
	default:
		assert(m->kind == MAIL_CONN);
	}
}

static void
take_all(struct fake *f)
{
	for (int i = 0; i < FAKE_IOS; i++) {
		struct mail *waiters, *next;
		struct mail *m = mailbox_take(&f->boxes[i], &waiters);

		for (; m != NULL; m = next) {
			next = m->next;
			take_mail(f, m);
		}
	}
}

void
fake_turn(struct fake *f)
{
	do {
		struct mail *waiters, *batch = NULL;

		f->more = false;
		if (f->room != NULL) {
			thread_adopt(&f->room->thread, "room");
			batch = mailbox_take(&f->room->inbox, &waiters);
			room_turn(f->room, batch, waiters, f->now, f->wall);
		}
		take_all(f);
		for (struct link *l = f->people.next; l != &f->people;
		    l = l->next)
			deliver(list_entry(l, struct guy, link));
	} while (f->more);
}

static struct guy *
new_guy(struct fake *f)
{
	struct guy *g = xcalloc(1, sizeof(*g));

	g->fake = f;
	g->contact.conn = ++f->conns;
	g->contact.io = (unsigned)(f->conns % FAKE_IOS);
	g->handover.kind = MAIL_CONN;
	list_init(&g->link);
	list_init(&g->contact.link);
	return g;
}

static struct guy *
logged_in(struct guy *g, enum error e)
{
	struct fake *f = g->fake;

	if (e != ERROR_NONE) {
		free(g);
		return NULL;
	}
	list_append(&f->people, &g->link);
	take_all(f);
	/* A guest's time begins after every event there is. */
	if (f->wall < g->contact.person->since)
		f->wall = g->contact.person->since;
	return g;
}

struct guy *
fake_guest(struct fake *f, const char *nick, const char *key)
{
	struct guy *g = new_guy(f);
	const char *why;

	return logged_in(g, people_hello(f->registry, slice_of(nick),
	    slice_of(key != NULL ? key : ""), &g->contact, &g->handover,
	    &why));
}

static struct guy *
account(struct fake *f, const char *name, bool admin)
{
	struct guy *g = new_guy(f);
	const char *why;

	return logged_in(g, people_account(f->registry, slice_of(name), admin,
	    &g->contact, &g->handover, &why));
}

struct guy *
fake_account(struct fake *f, const char *name)
{
	return account(f, name, false);
}

struct guy *
fake_admin(struct fake *f, const char *name)
{
	return account(f, name, true);
}

void
fake_drop(struct guy **at, const char *parting)
{
	struct guy *g = *at;
	struct fake *f = g->fake;

	*at = NULL;
	fake_turn(f);
	list_remove(&g->link);
	if (g->member != NULL) {
		if (parting != NULL)
			blob_add(&g->member->parting, slice_of(parting));
		g->member->gone = true;
		send_ask(f, g->member, MAIL_DETACH);
		fake_turn(f);
	}
	assert(g->under_way == 0);
	people_leave(f->registry, &g->contact, f->now);
	blob_unref(&g->heard);
	free(g);
}

void
fake_free(struct fake **at)
{
	struct fake *f = *at;

	*at = NULL;
	while (!list_empty(&f->people)) {
		struct guy *g =
		    list_entry(f->people.next, struct guy, link);

		fake_drop(&g, NULL);
	}
	assert(f->holes == 0);
	if (f->room != NULL) {
		fake_turn(f);
		room_hibernate(f->room);
		room_free(&f->room);
	}
	registry_free(&f->registry);
	for (int i = 0; i < FAKE_IOS; i++)
		mailbox_fini(&f->boxes[i]);
	names_free(&f->names);
	config_free(&f->config);
	free(f);
}

bool
fake_post_slice(struct guy *g, struct slice line, uint64_t wait)
{
	struct fake *f = g->fake;
	struct feed *feed = &f->room->feeds[g->contact.io];
	char why[WHY_MAX];
	struct request *r;
	struct words w;
	enum error e = vcrp_parse(line, &w, why);

	assert(e == ERROR_NONE && w.command->where == RUN_ROOM);
	r = request_new(&w, line);
	r->who = g->contact.person;
	r->conn_id = g->contact.conn;
	r->io = g->contact.io;
	r->feed = feed;
	r->member = g->member;
	r->wait = wait;
	if (!mailbox_post(&f->room->inbox, &r->mail,
	    feed->waiting ? NULL : &feed->space)) {
		feed->waiting = true;
		request_free(&r);
		return false;
	}
	g->under_way++;
	g->moving = r->words.command->verb == VERB_JOIN ||
	    r->words.command->verb == VERB_LEAVE;
	return true;
}

bool
fake_post(struct guy *g, const char *line)
{
	return fake_post_slice(g, slice_of(line), 0);
}

void
fake_say(struct guy *g, const char *line)
{
	bool posted = fake_post(g, line);

	assert(posted);
	fake_turn(g->fake);
}

void
fake_resume(struct guy *g)
{
	g->stopped = false;
	deliver(g);
	fake_turn(g->fake);
}

struct guy *
fake_inside(struct fake *f, const char *nick)
{
	struct guy *g = fake_guest(f, nick, NULL);
	char line[256];

	assert(g != NULL);
	snprintf(line, sizeof(line), "JOIN %.*s", (int)f->room->name.len,
	    f->room->name.at);
	fake_say(g, line);
	fake_forget(f);
	return g;
}

bool
fake_heard(struct guy *g, const char *text)
{
	struct slice heard = { "", 0 };
	bool same;

	if (g->heard != NULL)
		heard = (struct slice){ g->heard->data, g->heard->len };
	same = slice_is(heard, text);
	if (!same)
		printf("\n    %.*s heard:\n%.*s    not:\n%s",
		    (int)g->contact.person->name.len,
		    g->contact.person->name.at, (int)heard.len, heard.at,
		    text);
	blob_unref(&g->heard);
	return same;
}

bool
fake_gets(struct guy *g, const char *line, const char *text)
{
	blob_unref(&g->heard);
	fake_say(g, line);
	return fake_heard(g, text);
}

void
fake_forget(struct fake *f)
{
	for (struct link *l = f->people.next; l != &f->people; l = l->next)
		blob_unref(&list_entry(l, struct guy, link)->heard);
}
