/* fake.c -- a room on the test's own thread, and people who write down what
 *           they hear
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include <sodium.h>

#include "base/alloc.h"
#include "fake_io.h"
#include "fake_store.h"
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
	f->room = fake_known(f, &word);
	if (f->room == NULL)
		f->room = room_new(f->registry, &word, who, NULL, FAKE_LAST);
	room_word_fini(&word);
	thread_adopt(&f->room->thread, "room");
	room_load(f->room);
	return f->room;
}

enum error
fake_open(struct fake *f, const char *text, struct guy *make,
    struct room **room_r, const char **limit_r)
{
	struct person *nobody = person_new(slice_of("nobody"),
	    slice_of("nobody"), false, NULL);
	struct seeker s = { .who = nobody, .verb = VERB_WHO, .now = f->now };
	struct room_word word;
	const char *why = NULL;
	enum error e = registry_word(f->registry,
	    make != NULL ? make->contact.person : NULL, slice_of(text), &word,
	    &why);

	*limit_r = NULL;
	assert(e == ERROR_NONE);
	if (make != NULL) {
		s.who = make->contact.person;
		s.verb = VERB_JOIN;
	}
	e = registry_open(f->registry, &word, &s, room_r, &why, limit_r);
	assert(e == ERROR_NONE || why != NULL);
	room_word_fini(&word);
	person_unref(&nobody);
	return e;
}

void
fake_all_asleep(struct fake *f)
{
	lock_take(&f->registry->lock);
	while (f->registry->live > 0)
		pthread_cond_wait(&f->registry->quiet,
		    &f->registry->lock.mutex);
	lock_drop(&f->registry->lock);
}

void
fake_hibernate(struct fake *f)
{
	room_hibernate(f->room);
	room_wake(f->room);
	room_load(f->room);
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
		fake_take_all(f);
		for (struct link *l = f->people.next; l != &f->people;
		    l = l->next)
			fake_read(list_entry(l, struct guy, link));
		fake_keep(f);
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
	fake_take_all(f);
	/* A guest's time begins after every event there is. */
	if (f->wall < g->contact.person->since)
		f->wall = g->contact.person->since;
	return g;
}

struct guy *
fake_guest(struct fake *f, const char *nick, const char *key)
{
	struct guy *g = new_guy(f);
	struct person *claim;
	const char *why;
	enum error e = people_hello(f->registry, slice_of(nick),
	    slice_of(key != NULL ? key : ""), &g->contact, &g->handover,
	    &claim, &why);

	if (claim != NULL)
		people_enter(f->registry, &claim, &g->contact, &g->handover);
	return logged_in(g, e);
}

static struct guy *
account(struct fake *f, const char *name, bool admin)
{
	struct account_facts facts = { .admin = admin };
	struct guy *g = new_guy(f);
	const char *why;

	snprintf(facts.name, sizeof(facts.name), "%s", name);
	(void)accounts_restore(f->registry, &facts, &why);
	return logged_in(g, people_account(f->registry, slice_of(name), false,
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

struct guy *
fake_further(struct guy *of)
{
	struct guy *g = new_guy(of->fake);
	const char *why;

	return logged_in(g, people_further(of->fake->registry, &of->contact,
	    &g->contact, &g->handover, &why));
}

void
fake_drop(struct guy **at, const char *parting)
{
	struct guy *g = *at;
	struct fake *f = g->fake;
	struct move *move;

	*at = NULL;
	fake_turn(f);
	list_remove(&g->link);
	if (g->member != NULL) {
		move = move_new(g->member, MAIL_DETACH);
		if (parting != NULL)
			blob_add(&move->words, slice_of(parting));
		g->member->gone = true;
		fake_ask(f, move);
		fake_turn(f);
	}
	assert(g->under_way == 0);
	people_leave(f->registry, &g->contact, f->now);
	blob_unref(&g->heard);
	blob_unref(&g->then);
	free(g);
}

void
fake_end(struct fake *f)
{
	while (!list_empty(&f->people)) {
		struct guy *g =
		    list_entry(f->people.next, struct guy, link);

		fake_drop(&g, NULL);
	}
	assert(f->holes == 0);
	if (f->room != NULL) {
		fake_turn(f);
		assert(f->room->jobs == 0 && f->room->lookups == 0);
		if (f->room->ledger != NULL)
			ledger_rest(f->room->ledger);
		room_hibernate(f->room);
		room_free(&f->room);
	}
	registry_free(&f->registry);
}

void
fake_free(struct fake **at)
{
	struct fake *f = *at;

	*at = NULL;
	fake_release(f);
	fake_end(f);
	fake_discard(f);
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
	r = request_new(NULL, &w, line);
	r->who = g->contact.person;
	r->conn_id = g->contact.conn;
	r->io = g->contact.io;
	r->feed = feed;
	r->from = r->member = g->member;
	r->wait = wait;
	if (!mailbox_post(&f->room->inbox, &r->mail,
	    feed->waiting ? NULL : &feed->space)) {
		feed->waiting = true;
		request_free(NULL, &r);
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
	fake_read(g);
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
	struct slice who = person_name(g->contact.person);
	bool same;

	if (g->heard != NULL)
		heard = (struct slice){ g->heard->data, g->heard->len };
	same = slice_is(heard, text);
	if (!same)
		printf("\n    %.*s heard:\n%.*s    not:\n%s",
		    (int)who.len, who.at, (int)heard.len, heard.at, text);
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
