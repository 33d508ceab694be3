/* store.c -- the database: rooms' settings, names and accounts on disk
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <sodium.h>

#include "account/rows.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "proto/mail.h"
#include "sync/counter.h"
#include "sync/thread.h"

enum {
	AGAIN_MS = 1000,
	STORE_STACK = 512 * 1024	/* SQLite's own need is some 100 KiB */
};

struct store {
	struct database   db;		/* (o) main's until it starts */
	char              life[LIFE_BYTES + 1]; /* (c) */
	struct thread     thread;	/* (c) */
	struct mailbox    box;		/* (s) no requests; see the header */
	struct mail       drain;	/* MAIL_ORDER, once */
	struct mail       stop;		/* MAIL_ORDER, once */
	struct mail_chain kept;		/* (o) not done yet, in order */
	uint64_t          next;		/* (o) when to try; clock_ms() */
	bool              urgent;	/* (o) somebody waits */
	bool              failing;	/* (o) the log knows */
	bool              draining;	/* (o) */
	bool              over;		/* (o) */
	struct counter    commits;	/* (a) */
	struct counter    changes;	/* (a) */
	struct counter    failures;	/* (a) */
	struct counter    waiting;	/* (a) now */
};

static bool
say(const struct store *s, bool good, char *why_r, size_t size)
{
	if (!good)
		snprintf(why_r, size, "%s", s->db.why);
	return good;
}

struct store *
store_open(const char *data, char *why_r, size_t size)
{
	struct store *s = xcalloc(1, sizeof(*s));

	mailbox_init(&s->box, 0);
	chain_init(&s->kept);
	s->drain.kind = s->stop.kind = MAIL_ORDER;
	if (!say(s, database_open(&s->db, data) &&
	    rows_expire(&s->db, clock_wall_ms()) &&
	    rows_meta(&s->db, "life", s->life, LIFE_BYTES), why_r, size))
		store_free(&s);
	return s;
}

void
store_free(struct store **at)
{
	struct store *s = *at;

	*at = NULL;
	if (s == NULL)
		return;
	assert(s->kept.first == NULL);
	database_close(&s->db);
	mailbox_fini(&s->box);
	free(s);
}

const char *
store_life(const struct store *s)
{
	return s->life;
}

bool
store_set_life(struct store *s, const char *life, char *why_r, size_t size)
{
	assert(strlen(life) == LIFE_BYTES);
	snprintf(s->life, sizeof(s->life), "%s", life);
	return say(s, rows_set_meta(&s->db, "life", life), why_r, size);
}

/* Kept as text, which is what the table has. */
bool
store_secret(struct store *s, unsigned char secret_r[SERVER_SECRET],
    char *why_r, size_t size)
{
	char text[2 * SERVER_SECRET + 1];
	bool good = rows_meta(&s->db, "secret", text, sizeof(text) - 1);

	if (good && sodium_hex2bin(secret_r, SERVER_SECRET, text,
	    strlen(text), NULL, NULL, NULL) != 0)
		*text = '\0';
	if (good && *text == '\0') {
		randombytes_buf(secret_r, SERVER_SECRET);
		sodium_bin2hex(text, sizeof(text), secret_r, SERVER_SECRET);
		good = rows_set_meta(&s->db, "secret", text);
	}
	sodium_memzero(text, sizeof(text));
	return say(s, good, why_r, size);
}

bool
store_each_room(struct store *s, store_room_fn *fn, void *arg, char *why_r,
    size_t size)
{
	return say(s, rows_each_room(&s->db, fn, arg), why_r, size);
}

bool
store_each_grant(struct store *s, store_grant_fn *fn, void *arg,
    char *why_r, size_t size)
{
	return say(s, rows_each_grant(&s->db, fn, arg), why_r, size);
}

bool
store_each_guest(struct store *s, store_guest_fn *fn, void *arg,
    char *why_r, size_t size)
{
	return say(s, rows_each_guest(&s->db, fn, arg), why_r, size);
}

bool
store_each_account(struct store *s, store_account_fn *fn, void *arg,
    char *why_r, size_t size)
{
	return say(s, rows_each_account(&s->db, fn, arg), why_r, size);
}

bool
store_each_invite(struct store *s, store_invite_fn *fn, void *arg,
    char *why_r, size_t size)
{
	return say(s, rows_each_invite(&s->db, fn, arg), why_r, size);
}

bool
store_each_mark(struct store *s, store_mark_fn *fn, void *arg,
    char *why_r, size_t size)
{
	return say(s, rows_each_mark(&s->db, fn, arg), why_r, size);
}

bool
store_each_ban(struct store *s, store_ban_fn *fn, void *arg, char *why_r,
    size_t size)
{
	return say(s, rows_each_ban(&s->db, fn, arg), why_r, size);
}

struct mailbox *
store_box(struct store *s)
{
	return &s->box;
}

static bool
write_one(struct store *s, struct mail *m)
{
	switch (m->kind) {
	case MAIL_CHANGE:
		return rows_change(&s->db,
		    table_entry(m, struct change, mail));
	case MAIL_RESERVE:
		return rows_reserve(&s->db,
		    table_entry(m, struct reserve, mail)->person);
	case MAIL_BAN:
		return rows_ban(&s->db, table_entry(m, struct ban, mail));
	case MAIL_FORGET:
		return rows_forget(&s->db,
		    table_entry(m, struct reservation, over)->person);
	case MAIL_ACCOUNT:
		return rows_account(&s->db,
		    table_entry(m, struct account_order, mail));
	case MAIL_MARK:
		return rows_marks(&s->db,
		    table_entry(m, struct saving, mail));
	default:
		assert(!"mail that the store does not take");
		return false;
	}
}

/* All that is kept, in one transaction. */
static bool
write_all(struct store *s)
{
	bool good = database_stay(&s->db) && database_begin(&s->db);

	for (struct mail *m = s->kept.first; good && m != NULL; m = m->next)
		good = write_one(s, m);
	good = good && database_commit(&s->db);
	if (!good)
		database_rollback(&s->db);
	return good;
}

/* Answers that go the same way, posted at once. */
struct answers {
	struct mail_chain chain;
	struct mailbox   *to;
};

static void
post(struct answers *a)
{
	if (a->chain.first != NULL)
		mailbox_send_chain(a->to, &a->chain);
}

static void
answer(struct answers *a, struct mail *m, struct mailbox *to)
{
	if (a->to != to)
		post(a);
	a->to = to;
	chain_add(&a->chain, m);
}

/* Here and not where it was asked for, so that the order in which accounts
 * change in memory is that of the disk. */
static void
answer_order(struct answers *a, struct account_order *o, bool good)
{
	if (!good)
		o->error = ERROR_BUSY;
	else if (o->error == ERROR_NONE)
		accounts_apply(o);
	answer(a, &o->mail, o->back);
}

static void
answer_one(struct answers *a, struct mail *m, bool good)
{
	struct saving *saving;
	struct change *c;
	struct reserve *r;
	struct person *p;
	struct ban *b;

	switch (m->kind) {
	case MAIL_CHANGE:
		c = table_entry(m, struct change, mail);
		c->done = good;
		answer(a, m, c->back);
		break;
	case MAIL_RESERVE:
		r = table_entry(m, struct reserve, mail);
		r->good = good;
		answer(a, m, r->back);
		break;
	case MAIL_ACCOUNT:
		answer_order(a, table_entry(m, struct account_order, mail),
		    good);
		break;
	case MAIL_MARK:
		saving = table_entry(m, struct saving, mail);
		marks_saved(&saving);
		break;
	case MAIL_BAN:
		b = table_entry(m, struct ban, mail);
		blob_unref(&b->by);
		blob_unref(&b->reason);
		free(b);
		break;
	default:
		p = table_entry(m, struct reservation, over)->person;
		person_unref(&p);
	}
}

/* Does somebody wait for it? Then it is refused rather than tried again. */
static bool
is_urgent(const struct mail *m)
{
	return m->kind == MAIL_RESERVE || m->kind == MAIL_ACCOUNT;
}

/* What was done, or is given up, goes back; the rest is kept. */
static void
settle(struct store *s, bool good)
{
	struct answers a = { .to = NULL };
	struct mail_chain back;
	struct mail *m = s->kept.first, *next;
	uint64_t waiting = 0, done = 0;

	chain_init(&s->kept);
	chain_init(&back);
	chain_init(&a.chain);
	for (; m != NULL; m = next) {
		bool over = good || s->draining || is_urgent(m);

		next = m->next;
		waiting += !over;
		done += good;
		chain_add(over ? &back : &s->kept, m);
	}
	counter_set(&s->waiting, waiting);
	counter_add(&s->changes, done);
	for (m = back.first; m != NULL; m = next) {
		next = m->next;
		answer_one(&a, m, good);
	}
	post(&a);
}

static void
tell(struct store *s, bool good)
{
	if (!good)
		counter_add(&s->failures, 1);
	else
		counter_add(&s->commits, 1);
	if (!good && !s->failing)
		log_warn("%s; no name can be reserved, no account changed, "
		    "and what is set in rooms waits to be written",
		    s->db.why);
	if (good && s->failing)
		log_info("%s is written to again; %" PRIu64 " changes have "
		    "waited", s->db.path, counter_get(&s->waiting));
	s->failing = !good;
}

static void
attempt(struct store *s)
{
	bool good;

	s->urgent = false;
	if (s->kept.first == NULL)
		return;
	good = write_all(s);
	tell(s, good);
	settle(s, good);
	s->next = clock_ms() + AGAIN_MS;
}

static void
take_mail(struct store *s, struct mail *m)
{
	struct mail *next;

	for (; m != NULL; m = next) {
		next = m->next;
		if (m == &s->drain || m == &s->stop) {
			s->draining = true;
			s->over = s->over || m == &s->stop;
			continue;
		}
		s->urgent = s->urgent || is_urgent(m);
		chain_add(&s->kept, m);
	}
}

static void
run(void *arg)
{
	struct store *s = arg;

	while (!s->over) {
		struct mail *waiters;

		take_mail(s, mailbox_wait(&s->box, s->kept.first != NULL ?
		    s->next : UINT64_MAX, &waiters));
		/* While it fails what nobody waits for is tried once a
		 * second, however much of it comes. */
		if (!s->failing || s->urgent || s->draining ||
		    clock_ms() >= s->next)
			attempt(s);
	}
}

int
store_start(struct store *s)
{
	return thread_start(&s->thread, "store", STORE_STACK, false, run, s);
}

void
store_drain(struct store *s)
{
	mailbox_send(&s->box, &s->drain);
}

void
store_stop(struct store *s)
{
	mailbox_send(&s->box, &s->stop);
	thread_join(&s->thread);
}

void
store_counts(const struct store *s, struct store_counts *counts_r)
{
	counts_r->commits = counter_get(&s->commits);
	counts_r->changes = counter_get(&s->changes);
	counts_r->failures = counter_get(&s->failures);
	counts_r->waiting = counter_get(&s->waiting);
}
