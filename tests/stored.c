/* stored.c -- a store in a directory of its own, and mail for it
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "proto/mail.h"
#include "stored.h"

enum { PATIENCE_MS = 30000 };

struct stored *
stored_new(void)
{
	struct stored *s = xcalloc(1, sizeof(*s));
	const char *made;

	snprintf(s->dir, sizeof(s->dir), "/tmp/vcrp-store.XXXXXX");
	made = mkdtemp(s->dir);
	assert(made != NULL);
	snprintf(s->path, sizeof(s->path), "%s/vcrpd.db", s->dir);
	mailbox_init(&s->back, 0);
	return s;
}

static int
remove_one(const char *path, const struct stat *st, int type,
    struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void
stored_free(struct stored **at)
{
	struct stored *s = *at;

	*at = NULL;
	if (s->store != NULL)
		stored_close(s);
	nftw(s->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	mailbox_fini(&s->back);
	free(s);
}

bool
stored_open(struct stored *s)
{
	assert(s->store == NULL);
	*s->why = '\0';
	s->store = store_open(s->dir, s->why, sizeof(s->why));
	return s->store != NULL;
}

void
stored_start(struct stored *s)
{
	int rc = store_start(s->store);

	assert(rc == 0);
	s->runs = true;
}

void
stored_close(struct stored *s)
{
	if (s->runs)
		store_stop(s->store);
	s->runs = false;
	store_free(&s->store);
	assert(stored_silent(s));
}

static void
add(struct stored *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
add(struct stored *s, const char *fmt, ...)
{
	size_t len = strlen(s->text);
	va_list args;

	va_start(args, fmt);
	vsnprintf(s->text + len, sizeof(s->text) - len, fmt, args);
	va_end(args);
}

#define SLICE(s) (int)(s).len, (s).at

static void
add_room(struct slice key, struct slice name, const struct switches *w,
    void *arg)
{
	struct stored *s = arg;

	add(s, "room %.*s %.*s%s%s%s%s", SLICE(key), SLICE(name),
	    w->hidden ? " hidden" : "",
	    w->members_only ? " members-only" : "",
	    w->moderated ? " moderated" : "",
	    w->ephemeral ? " ephemeral" : "");
	if (w->keep_ms > 0)
		add(s, " keep=%" PRIu64 "ms", w->keep_ms);
	if (w->keep_count > 0)
		add(s, " keep=%" PRIu64, w->keep_count);
	if (w->slow > 0)
		add(s, " slow=%u", w->slow);
	if (w->calm > 0)
		add(s, " calm=%u", w->calm);
	if (w->topic != NULL)
		add(s, " %.*s", (int)w->topic->len, w->topic->data);
	add(s, "\n");
}

static void
add_role(struct slice room, struct slice who, enum role role,
    uint64_t until, void *arg)
{
	add(arg, "role %.*s %.*s %s", SLICE(room), SLICE(who),
	    role_name(role));
	if (until != UINT64_MAX)
		add(arg, " %" PRIu64, until);
	add(arg, "\n");
}

static bool
add_guest(struct slice nick, uint64_t since, const unsigned char *secret,
    void *arg)
{
	add(arg, "guest %.*s %" PRIu64 " %c\n", SLICE(nick), since, *secret);
	return true;
}

static void
add_ban(const struct ban *b, void *arg)
{
	char text[NETWORK_TEXT_MAX];

	add(arg, "ban %s", network_text(&b->network, text));
	if (b->until != UINT64_MAX)
		add(arg, " %" PRIu64, b->until);
	add(arg, " %.*s", (int)b->by->len, b->by->data);
	if (b->reason != NULL)
		add(arg, " %.*s", (int)b->reason->len, b->reason->data);
	add(arg, "\n");
}

const char *
stored_rows(struct stored *s)
{
	bool good = stored_open(s);

	*s->text = '\0';
	good = good &&
	    store_each_room(s->store, add_room, s, s->why, sizeof(s->why)) &&
	    store_each_grant(s->store, add_role, s, s->why,
	    sizeof(s->why)) &&
	    store_each_guest(s->store, add_guest, s, s->why,
	    sizeof(s->why)) &&
	    store_each_ban(s->store, add_ban, s, s->why, sizeof(s->why));
	if (!good)
		add(s, "%s\n", s->why);
	if (s->store != NULL)
		stored_close(s);
	return s->text;
}

/* Their room is at their end. */
static struct change *
new_change(struct stored *s, const char *room)
{
	struct change *c = xcalloc(1, sizeof(*c) + strlen(room) + 1);
	char *name = (char *)(c + 1);

	strcpy(name, room);
	c->mail.kind = MAIL_CHANGE;
	c->back = &s->back;
	c->key = c->name = slice_of(name);
	return c;
}

void
stored_switches(struct stored *s, const char *room, const struct switches *w)
{
	struct change *c = new_change(s, room);

	c->switches = *w;
	mailbox_send(store_box(s->store), &c->mail);
}

void
stored_topic(struct stored *s, const char *room, const char *topic)
{
	struct switches w = { .topic = NULL };

	if (*topic != '\0')
		blob_add(&w.topic, slice_of(topic));
	stored_switches(s, room, &w);
}

void
stored_role(struct stored *s, const char *room, const char *who,
    enum role role, uint64_t until)
{
	struct change *c = new_change(s, room);

	c->grants = true;
	c->who_len = strlen(who);
	memcpy(c->who, who, c->who_len + 1);
	c->role = role;
	c->until = until;
	mailbox_send(store_box(s->store), &c->mail);
}

static struct person *
new_person(const char *nick, uint64_t since, unsigned char secret)
{
	unsigned char bytes[PERSON_SECRET];
	char key[NAME_KEY_MAX];
	struct person *p;

	memset(bytes, secret, sizeof(bytes));
	snprintf(key, sizeof(key), "~%s", nick);
	p = person_new(slice_of(key), slice_of(nick), true, bytes);
	p->since = since;
	return p;
}

void
stored_reserve(struct stored *s, const char *nick, uint64_t since,
    unsigned char secret)
{
	struct reserve *r = xcalloc(1, sizeof(*r));

	r->mail.kind = MAIL_RESERVE;
	r->back = &s->back;
	r->person = new_person(nick, since, secret);
	mailbox_send(store_box(s->store), &r->mail);
}

void
stored_forget(struct stored *s, const char *nick, uint64_t since)
{
	struct person *p = new_person(nick, since, 0);

	p->reservation->over.kind = MAIL_FORGET;
	mailbox_send(store_box(s->store), &p->reservation->over);
}

void
stored_ban(struct stored *s, const char *network, uint64_t until,
    const char *reason)
{
	struct ban *b = xcalloc(1, sizeof(*b));
	const char *why;
	bool good = network_parse(slice_of(network), &b->network, &why);

	assert(good);
	b->mail.kind = MAIL_BAN;
	b->lifted = reason == NULL;
	b->until = until;
	blob_add(&b->by, slice_of("root"));
	if (reason != NULL && *reason != '\0')
		blob_add(&b->reason, slice_of(reason));
	mailbox_send(store_box(s->store), &b->mail);
}

static bool
take(struct mail *m, struct slice *what_r)
{
	struct change *c = table_entry(m, struct change, mail);
	struct reserve *r = table_entry(m, struct reserve, mail);

	if (m->kind == MAIL_CHANGE) {
		*what_r = c->grants ? (struct slice){ c->who, c->who_len } :
		    c->name;
		return c->done;
	}
	assert(m->kind == MAIL_RESERVE);
	*what_r = person_name(r->person);
	return r->good;
}

static void
free_mail(struct mail *m)
{
	struct change *c = table_entry(m, struct change, mail);
	struct reserve *r = table_entry(m, struct reserve, mail);

	if (m->kind == MAIL_CHANGE) {
		blob_unref(&c->switches.topic);
		free(c);
		return;
	}
	person_unref(&r->person);
	free(r);
}

bool
stored_done(struct stored *s, const char *what, bool good)
{
	struct mail *m, *waiters;
	struct slice said;
	bool same;

	if (s->answers == NULL)
		s->answers = mailbox_wait(&s->back, clock_ms() + PATIENCE_MS,
		    &waiters);
	m = s->answers;
	if (m == NULL) {
		printf("\n    no answer about %s\n", what);
		return false;
	}
	s->answers = m->next;
	same = take(m, &said) == good && slice_is(said, what);
	if (!same)
		printf("\n    %.*s is %s, not %s %s\n", SLICE(said),
		    take(m, &said) ? "done" : "not done", what,
		    good ? "done" : "not done");
	free_mail(m);
	return same;
}

bool
stored_silent(struct stored *s)
{
	struct mail *waiters;

	if (s->answers == NULL)
		s->answers = mailbox_take(&s->back, &waiters);
	return s->answers == NULL;
}

sqlite3 *
stored_other(const struct stored *s)
{
	sqlite3 *db = NULL;
	int rc = sqlite3_open_v2(s->path, &db, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_CREATE, NULL);

	assert(rc == SQLITE_OK);
	return db;
}
