/* accounts.c -- who has an account, and how that changes
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <stdlib.h>

#include <sodium.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "room/marks.h"
#include "room/room.h"

static struct slice
key_of_certificate(const struct table_node *n)
{
	const struct account *a =
	    table_entry(n, const struct account, by_certificate);

	return (struct slice){ (const char *)a->fingerprint, FINGERPRINT };
}

void
accounts_init(struct registry *r)
{
	struct accounts *all = &r->accounts;

	table_init(&all->certificates, key_of_certificate);
	list_init(&all->invites);
	list_init(&all->unsaved);
	marks_init(r);
}

struct account *
accounts_find(struct registry *r, struct slice key)
{
	struct person *p = people_find(r, key);

	return p == NULL ? NULL : p->details;
}

struct account *
accounts_with(struct registry *r, const unsigned char *fingerprint)
{
	struct table_node *n = table_find(&r->accounts.certificates,
	    (struct slice){ (const char *)fingerprint, FINGERPRINT });

	return n == NULL ? NULL :
	    table_entry(n, struct account, by_certificate);
}

void
accounts_set_certificate(struct registry *r, struct account *a, bool certified,
    const unsigned char *fingerprint)
{
	if (a->certified)
		table_remove(&r->accounts.certificates, &a->by_certificate);
	a->certified = certified && accounts_with(r, fingerprint) == NULL;
	if (!a->certified)
		return;
	memcpy(a->fingerprint, fingerprint, FINGERPRINT);
	table_add(&r->accounts.certificates, &a->by_certificate);
}

struct account *
accounts_add(struct registry *r, struct slice key,
    const struct account_facts *f)
{
	struct account *a = xcalloc(1, sizeof(*a));
	struct person *p = person_new(key, slice_of(f->name), false, NULL);

	p->since = f->created;
	p->admin = f->admin && !f->disabled;
	a->admin = f->admin;
	p->details = a;
	a->person = p;
	a->verifier = f->verifier;
	a->disabled = f->disabled;
	a->seen = f->seen;
	list_init(&a->unsaved);
	list_init(&a->marks);
	accounts_set_certificate(r, a, f->certified, f->fingerprint);
	people_enlist(r, p);
	return a;
}

/* Who is connected has references to the person still. */
void
accounts_drop(struct registry *r, struct account *a)
{
	struct person *p = a->person;

	accounts_set_certificate(r, a, false, NULL);
	marks_drop(r, a);
	list_remove(&a->unsaved);
	p->admin = false;
	p->details = NULL;
	sodium_memzero(&a->verifier, sizeof(a->verifier));
	free(a);
	people_forget(r, p);
}

void
accounts_drop_invite(struct registry *r, struct invite *i)
{
	list_remove(&i->link);
	r->accounts.invite_count--;
	free(i);
}

void
accounts_fini(struct registry *r)
{
	struct table_node *n, *next;

	lock_take(&r->lock);
	for (n = table_next(&r->people, NULL); n != NULL; n = next) {
		struct person *p = table_entry(n, struct person, node);

		next = table_next(&r->people, n);
		if (p->details != NULL)
			accounts_drop(r, p->details);
	}
	while (!list_empty(&r->accounts.invites))
		accounts_drop_invite(r, list_entry(r->accounts.invites.next,
		    struct invite, link));
	lock_drop(&r->lock);
	marks_fini(r);
	table_fini(&r->accounts.certificates);
}

/* Folded anew: which names are the same may have changed with Unicode. */
static bool
restore(struct registry *r, const struct account_facts *f, bool local,
    const char **why_r)
{
	char bytes[NAME_KEY_MAX];
	struct slice key = { bytes, 0 };
	struct account *a;

	if (name_fold(r->names, NAME_NICK, f->name, strlen(f->name), bytes,
	    &key.len, why_r) < 0)
		return false;
	*why_r = "another account, or a user of this machine, has its name";
	lock_take(&r->lock);
	a = accounts_find(r, key);
	if (a == NULL)
		accounts_add(r, key, f)->local = local;
	lock_drop(&r->lock);
	return a == NULL;
}

bool
accounts_restore(struct registry *r, const struct account_facts *f,
    const char **why_r)
{
	return restore(r, f, false, why_r);
}

bool
accounts_local(struct registry *r, struct slice name)
{
	struct account_facts f = { .admin = true };
	const char *why;

	if (name.len >= sizeof(f.name))
		return false;
	memcpy(f.name, name.at, name.len);
	return restore(r, &f, true, &why);
}

void
accounts_add_invite(struct registry *r, const unsigned char *hash,
    uint64_t expires)
{
	struct invite *i = xcalloc(1, sizeof(*i));

	memcpy(i->hash, hash, INVITE);
	i->expires = expires;
	list_append(&r->accounts.invites, &i->link);
	r->accounts.invite_count++;
}

void
accounts_restore_invite(struct registry *r, const unsigned char *hash,
    uint64_t expires)
{
	lock_take(&r->lock);
	accounts_add_invite(r, hash, expires);
	lock_drop(&r->lock);
}

/* All are compared, each in constant time: how long it takes tells nothing of
 * how near a guess is. Those that are over go. */
struct invite *
accounts_invite(struct registry *r, const unsigned char *hash)
{
	uint64_t wall = clock_wall_ms();
	struct link *all = &r->accounts.invites, *next;
	struct invite *found = NULL;

	for (struct link *l = all->next; l != all; l = next) {
		struct invite *i = list_entry(l, struct invite, link);

		next = l->next;
		if (i->expires <= wall)
			accounts_drop_invite(r, i);
		else if (sodium_memcmp(i->hash, hash, INVITE) == 0)
			found = i;
	}
	return found;
}

static void
copy(const struct account *a, struct account_facts *f_r)
{
	struct slice name = person_name(a->person);

	memset(f_r, 0, sizeof(*f_r));
	memcpy(f_r->name, name.at, name.len);
	f_r->verifier = a->verifier;
	f_r->admin = a->admin;
	f_r->disabled = a->disabled;
	f_r->created = a->person->since;
	f_r->seen = a->seen;
	f_r->certified = a->certified;
	memcpy(f_r->fingerprint, a->fingerprint, FINGERPRINT);
}

bool
accounts_get(struct registry *r, struct slice key,
    struct account_facts *facts_r)
{
	const struct account *a;
	bool good;

	lock_take(&r->lock);
	a = accounts_find(r, key);
	good = a != NULL && !a->local;
	if (good)
		copy(a, facts_r);
	lock_drop(&r->lock);
	return good;
}

bool
accounts_by_certificate(struct registry *r,
    const unsigned char fingerprint[FINGERPRINT],
    struct account_facts *facts_r)
{
	const struct account *a;

	lock_take(&r->lock);
	a = accounts_with(r, fingerprint);
	if (a != NULL)
		copy(a, facts_r);
	lock_drop(&r->lock);
	return a != NULL;
}

bool
accounts_certified(struct registry *r)
{
	bool any;

	lock_take(&r->lock);
	any = r->accounts.certificates.count > 0;
	lock_drop(&r->lock);
	return any;
}

bool
accounts_had(struct registry *r, struct slice key, uint64_t time)
{
	const struct account *a;
	bool had;

	lock_take(&r->lock);
	a = accounts_find(r, key);
	had = a != NULL && a->person->since <= time;
	lock_drop(&r->lock);
	return had;
}

void
accounts_note_seen(struct registry *r, struct account *a)
{
	a->seen = clock_wall_ms();
	if (!a->local && list_empty(&a->unsaved))
		list_append(&r->accounts.unsaved, &a->unsaved);
}

void
accounts_each(struct registry *r,
    void (*fn)(const struct account *, void *arg), void *arg)
{
	lock_take(&r->lock);
	for (struct table_node *n = table_next(&r->people, NULL); n != NULL;
	    n = table_next(&r->people, n)) {
		const struct person *p =
		    table_entry(n, const struct person, node);

		if (p->details != NULL)
			fn(p->details, arg);
	}
	lock_drop(&r->lock);
}
