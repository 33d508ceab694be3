/* marks.c -- how far each account has read each room
 *
 * SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/alloc.h"
#include "proto/mail.h"
#include "room/marks.h"
#include "room/room.h"

enum { MARK_KEY = NAME_KEY_MAX + 1 + ROOM_KEY_MAX };

struct mark {
	struct table_node node;		/* (l) */
	struct link       in_account;	/* (l) */
	struct link       unsaved;	/* (l) */
	uint64_t          number;	/* (l) 0: it is gone, and is to be gone
					 * from the database */
	size_t            key_len;	/* (c) of the account's */
	size_t            len;		/* (c) */
	char              text[];	/* (c) that key, NUL, the room's */
};

static struct slice
key_of(const struct table_node *n)
{
	const struct mark *m = table_entry(n, const struct mark, node);

	return (struct slice){ m->text, m->len };
}

void
marks_init(struct registry *r)
{
	table_init(&r->accounts.marks, key_of);
	list_init(&r->accounts.unsaved_marks);
}

/* Keys have no NUL inside. */
static struct slice
key_of_mark(const struct person *p, struct slice room, char *bytes)
{
	struct slice who = person_key(p);

	memcpy(bytes, who.at, who.len);
	bytes[who.len] = '\0';
	memcpy(bytes + who.len + 1, room.at, room.len);
	return (struct slice){ bytes, who.len + 1 + room.len };
}

static struct mark *
find(struct registry *r, const struct person *p, struct slice room)
{
	char bytes[MARK_KEY];
	struct table_node *n = table_find(&r->accounts.marks,
	    key_of_mark(p, room, bytes));

	return n == NULL ? NULL : table_entry(n, struct mark, node);
}

static void
take_out(struct registry *r, struct account *a, struct mark *m)
{
	table_remove(&r->accounts.marks, &m->node);
	list_remove(&m->in_account);
	list_remove(&m->unsaved);
	a->mark_count--;
}

/* Those in the database go with the account. */
void
marks_drop(struct registry *r, struct account *a)
{
	while (!list_empty(&a->marks)) {
		struct mark *m =
		    list_entry(a->marks.next, struct mark, in_account);

		take_out(r, a, m);
		free(m);
	}
}

void
marks_fini(struct registry *r)
{
	struct link *all = &r->accounts.unsaved_marks;

	while (!list_empty(all)) {
		struct mark *m = list_entry(all->next, struct mark, unsaved);

		list_remove(&m->unsaved);
		free(m);
	}
	table_fini(&r->accounts.marks);
}

static void
forget_oldest(struct registry *r, struct account *a)
{
	struct mark *m = list_entry(a->marks.next, struct mark, in_account);

	take_out(r, a, m);
	m->number = 0;
	list_append(&r->accounts.unsaved_marks, &m->unsaved);
}

static struct mark *
make(struct registry *r, struct account *a, struct slice room)
{
	char bytes[MARK_KEY];
	struct slice key = key_of_mark(a->person, room, bytes);
	struct mark *m = xcalloc(1, sizeof(*m) + key.len);

	if (a->mark_count == MARKS_MAX)
		forget_oldest(r, a);
	memcpy(m->text, key.at, key.len);
	m->len = key.len;
	m->key_len = key.len - room.len - 1;
	list_init(&m->in_account);
	list_init(&m->unsaved);
	table_add(&r->accounts.marks, &m->node);
	a->mark_count++;
	return m;
}

/* It is the account's latest now. */
static void
set(struct account *a, struct mark *m, uint64_t number)
{
	m->number = number;
	list_remove(&m->in_account);
	list_append(&a->marks, &m->in_account);
}

void
marks_restore(struct registry *r, struct slice key, struct slice room,
    uint64_t number)
{
	struct account *a;

	lock_take(&r->lock);
	a = accounts_find(r, key);
	if (a != NULL && find(r, a->person, room) == NULL)
		set(a, make(r, a, room), number);
	lock_drop(&r->lock);
}

static void
tell_others(struct registry *r, struct person *p, uint64_t conn,
    struct slice line)
{
	for (struct link *l = p->contacts.next; l != &p->contacts;
	    l = l->next) {
		struct contact *c = list_entry(l, struct contact, link);
		struct telling *t;

		if (c->conn == conn)
			continue;
		t = xcalloc(1, sizeof(*t));
		t->mail.kind = MAIL_TELL;
		t->conn = c->conn;
		blob_add(&t->line, line);
		mailbox_send(r->boxes[c->io], &t->mail);
	}
}

uint64_t
marks_raise(struct registry *r, struct person *p, uint64_t conn,
    struct slice room, uint64_t number, struct slice line)
{
	struct mark *m;

	lock_take(&r->lock);
	if (p->details == NULL) {
		lock_drop(&r->lock);
		return 0;
	}
	m = find(r, p, room);
	if (m == NULL)
		m = make(r, p->details, room);
	if (m->number < number) {
		set(p->details, m, number);
		if (list_empty(&m->unsaved))
			list_append(&r->accounts.unsaved_marks, &m->unsaved);
		tell_others(r, p, conn, line);
	}
	number = m->number;
	lock_drop(&r->lock);
	return number;
}

uint64_t
marks_get(struct registry *r, const struct person *p, struct slice room)
{
	const struct mark *m;
	uint64_t number = 0;

	lock_take(&r->lock);
	if (p->details != NULL && (m = find(r, p, room)) != NULL)
		number = m->number;
	lock_drop(&r->lock);
	return number;
}

static struct saved_mark *
next_row(struct saving *s, struct slice text, uint64_t number)
{
	struct saved_mark *row;

	/* Grown by doubling. */
	if ((s->count & (s->count + 1)) == 0)
		s->marks = xrealloc(s->marks, (2 * s->count + 1) *
		    sizeof(*s->marks));
	row = &s->marks[s->count++];
	*row = (struct saved_mark){ .text = xmemdup(text.at, text.len),
		.key_len = text.len, .number = number };
	return row;
}

static void
take_marks(struct registry *r, struct saving *s)
{
	struct link *all = &r->accounts.unsaved_marks;

	while (!list_empty(all)) {
		struct mark *m = list_entry(all->next, struct mark, unsaved);
		struct saved_mark *row = next_row(s,
		    (struct slice){ m->text, m->len }, m->number);

		row->key_len = m->key_len;
		row->room_len = m->len - m->key_len - 1;
		list_remove(&m->unsaved);
		if (m->number == 0)
			free(m);
	}
}

static void
take_seen(struct registry *r, struct saving *s)
{
	struct link *all = &r->accounts.unsaved;

	while (!list_empty(all)) {
		struct account *a =
		    list_entry(all->next, struct account, unsaved);

		next_row(s, person_key(a->person), a->seen);
		list_remove(&a->unsaved);
	}
}

void
marks_save(struct registry *r, uint64_t now)
{
	struct accounts *all = &r->accounts;
	bool last = now == UINT64_MAX, marks, seen;
	struct saving *s;

	lock_take(&r->lock);
	marks = !list_empty(&all->unsaved_marks) && (last || (!all->saving &&
	    now - all->marks_at >= MARKS_EACH_MS));
	seen = !list_empty(&all->unsaved) && (last || (!all->saving &&
	    now - all->seen_at >= SEEN_EACH_MS));
	if (r->store != NULL && (marks || seen)) {
		s = xcalloc(1, sizeof(*s));
		s->mail.kind = MAIL_MARK;
		s->registry = r;
		all->saving = true;
		if (marks) {
			take_marks(r, s);
			all->marks_at = now;
		}
		if (seen) {
			take_seen(r, s);
			all->seen_at = now;
		}
		mailbox_send(r->store, &s->mail);
	}
	lock_drop(&r->lock);
}

void
marks_saved(struct saving **at)
{
	struct saving *s = *at;

	*at = NULL;
	lock_take(&s->registry->lock);
	s->registry->accounts.saving = false;
	lock_drop(&s->registry->lock);
	for (size_t i = 0; i < s->count; i++)
		free(s->marks[i].text);
	free(s->marks);
	free(s);
}
