/* people.c -- who is here: names, the connections behind them, reservations
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <stdlib.h>

#include <sodium.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "ledger/vault.h"
#include "proto/mail.h"
#include "room/room.h"

static const char too_many[] =
    "this account has as many connections as it may have";

struct person *
person_ref(struct person *p)
{
	atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
	return p;
}

void
person_unref(struct person **at)
{
	struct person *p = *at;

	*at = NULL;
	if (p != NULL && atomic_fetch_sub_explicit(&p->refs, 1,
	    memory_order_acq_rel) == 1) {
		free(p->reservation);
		free(p);
	}
}

static struct reservation *
reservation_new(struct person *p, const unsigned char *secret)
{
	struct reservation *res = xcalloc(1, sizeof(*res));

	res->person = p;
	list_init(&res->expiry);
	res->stored = true;
	memcpy(res->secret, secret, PERSON_SECRET);
	return res;
}

struct person *
person_new(struct slice key, struct slice name, bool guest,
    const unsigned char *secret)
{
	bool same = slice_same((struct slice){ key.at + guest,
	    key.len - guest }, name);
	size_t name_at = same ? 0 : key.len;
	struct person *p =
	    xcalloc(1, sizeof(*p) + name_at + guest + name.len);

	memcpy(p->text, key.at, key.len);
	if (guest)
		p->text[name_at] = '~';
	memcpy(p->text + name_at + guest, name.at, name.len);
	p->key_len = (uint16_t)key.len;
	p->name_at = (uint16_t)name_at;
	p->name_len = (uint16_t)(guest + name.len);
	p->account = !guest;
	list_init(&p->contacts);
	list_init(&p->pairings);
	atomic_init(&p->refs, 1);
	if (secret != NULL)
		p->reservation = reservation_new(p, secret);
	return p;
}

void
people_enlist(struct registry *r, struct person *p)
{
	p->known = true;
	table_add(&r->people, &p->node);
}

bool
people_key(const struct registry *r, struct slice name, char *bytes,
    struct slice *key_r, const char **why_r)
{
	size_t guest = name.len > 0 && name.at[0] == '~', len;

	bytes[0] = '~';
	if (name_fold(r->names, NAME_NICK, name.at + guest, name.len - guest,
	    bytes + guest, &len, why_r) < 0)
		return false;
	*key_r = (struct slice){ bytes, len + guest };
	return true;
}

struct person *
people_find(struct registry *r, struct slice key)
{
	struct table_node *n = table_find(&r->people, key);

	return n == NULL ? NULL : table_entry(n, struct person, node);
}

struct person *
people_get(struct registry *r, struct slice key)
{
	struct person *p;

	lock_take(&r->lock);
	p = people_find(r, key);
	if (p != NULL)
		person_ref(p);
	lock_drop(&r->lock);
	return p;
}

static void
stop_waiting(struct registry *r, struct person *p)
{
	if (p->reservation == NULL || list_empty(&p->reservation->expiry))
		return;
	list_remove(&p->reservation->expiry);
	r->reserved--;
}

/* The name is free again; who talked with it is told that it is over. The
 * store hears of it before it can hear of the next one of that name. */
void
people_forget(struct registry *r, struct person *p)
{
	stop_waiting(r, p);
	table_remove(&r->people, &p->node);
	p->known = false;
	for (struct link *l = p->pairings.next; l != &p->pairings;
	    l = l->next) {
		struct room *room = list_entry(l, struct pairing, link)->room;

		if (room->live)
			registry_tell(room);
	}
	if (r->store == NULL || p->reservation == NULL) {
		person_unref(&p);
		return;
	}
	p->reservation->over.kind = MAIL_FORGET;
	mailbox_send(r->store, &p->reservation->over);
}

void
people_evict(struct registry *r, struct person *p, enum evict why,
    uint64_t but)
{
	for (struct link *l = p->contacts.next; l != &p->contacts;
	    l = l->next) {
		struct contact *c = list_entry(l, struct contact, link);

		if (c->evicted != EVICT_NONE || (but != 0 && c->conn == but))
			continue;
		c->evicted = why;
		c->evict.kind = MAIL_EVICT;
		if (p->details != NULL)
			p->details->connections--;
		mailbox_send(r->boxes[c->io], &c->evict);
	}
}

static void
enter(struct registry *r, struct person *p, struct contact *c,
    struct mail *handover)
{
	if (!p->account)
		people_evict(r, p, EVICT_REPLACED, 0);
	c->person = person_ref(p);
	c->evicted = EVICT_NONE;
	stop_waiting(r, p);
	list_append(&p->contacts, &c->link);
	mailbox_add(r->boxes[c->io], handover);
}

static uint64_t
later(uint64_t time, uint64_t than)
{
	return time > than ? time : than + 1;
}

/* A guest's time begins after every event there is, so that what an earlier
 * guest of the name said is told apart by its time. */
uint64_t
people_begin_time(struct registry *r)
{
	uint64_t time = later(clock_wall_ms(),
	    atomic_load_explicit(&r->high, memory_order_relaxed));

	if (r->vault == NULL)
		return time;
	return later(later(time, r->vault->begun),
	    atomic_load_explicit(&r->vault->time, memory_order_relaxed));
}

static struct person *
new_guest(struct registry *r, struct slice key, struct slice nick,
    const unsigned char *secret, uint64_t since)
{
	struct person *p = person_new(key, nick, true, secret);

	p->since = since;
	people_enlist(r, p);
	return p;
}

static enum error
hello_locked(struct registry *r, struct slice key, struct slice nick,
    const unsigned char *secret, struct contact *c, struct mail *handover,
    struct person **claim_r)
{
	struct slice account = { key.at + 1, key.len - 1 };
	struct person *p = people_find(r, key);

	if (people_find(r, account) != NULL)
		return ERROR_NAME_RESERVED;
	if (p != NULL && (secret == NULL || p->reservation == NULL ||
	    sodium_memcmp(secret, p->reservation->secret,
	    PERSON_SECRET) != 0))
		return ERROR_NAME_TAKEN;
	if (p == NULL) {
		p = new_guest(r, key, nick, secret, people_begin_time(r));
		if (secret != NULL)
			p->reservation->stored = r->store == NULL;
	}
	if (p->reservation == NULL || p->reservation->stored) {
		enter(r, p, c, handover);
		return ERROR_NONE;
	}
	p->reservation->claims++;
	*claim_r = person_ref(p);
	return ERROR_NONE;
}

enum error
people_hello(struct registry *r, struct slice nick, struct slice secret,
    struct contact *c, struct mail *handover, struct person **claim_r,
    const char **why_r)
{
	char key[NAME_KEY_MAX + 1];
	unsigned char hash[PERSON_SECRET];
	size_t len;
	enum error e;

	*claim_r = NULL;
	key[0] = '~';
	if (name_fold(r->names, NAME_NICK, nick.at, nick.len, key + 1, &len,
	    why_r) < 0)
		return ERROR_BAD_NAME;
	if (secret.len > 0)
		crypto_generichash(hash, sizeof(hash),
		    (const unsigned char *)secret.at, secret.len, NULL, 0);
	lock_take(&r->lock);
	e = hello_locked(r, (struct slice){ key, len + 1 }, nick,
	    secret.len > 0 ? hash : NULL, c, handover, claim_r);
	lock_drop(&r->lock);
	*why_r = error_help(e);
	return e;
}

static enum error
account_locked(struct registry *r, struct slice key, bool local,
    struct contact *c, struct mail *handover, const char **why_r)
{
	struct account *a = accounts_find(r, key);

	*why_r = error_help(ERROR_AUTH_FAILED);
	if (a == NULL || a->local != local || a->disabled)
		return ERROR_AUTH_FAILED;
	*why_r = too_many;
	if (!local && a->connections >=
	    (unsigned)config_get(&r->config->limits_account))
		return ERROR_TOO_MANY;
	a->connections++;
	accounts_note_seen(r, a);
	enter(r, a->person, c, handover);
	return ERROR_NONE;
}

enum error
people_account(struct registry *r, struct slice name, bool local,
    struct contact *c, struct mail *handover, const char **why_r)
{
	char key[NAME_KEY_MAX];
	enum error e;
	size_t len;

	if (name_fold(r->names, NAME_NICK, name.at, name.len, key, &len,
	    why_r) < 0)
		return ERROR_BAD_NAME;
	lock_take(&r->lock);
	e = account_locked(r, (struct slice){ key, len }, local, c, handover,
	    why_r);
	lock_drop(&r->lock);
	return e;
}

static bool
has_places(const struct registry *r, const struct person *p)
{
	unsigned count = 0, most =
	    (unsigned)config_get(&r->config->limits_account);

	for (const struct link *l = p->contacts.next; l != &p->contacts;
	    l = l->next)
		count++;
	return count < most || (p->details != NULL && p->details->local);
}

enum error
people_further(struct registry *r, const struct contact *of,
    struct contact *c, struct mail *handover, const char **why_r)
{
	struct person *p = of->person;
	enum error e = ERROR_NONE;

	lock_take(&r->lock);
	if (of->evicted != EVICT_NONE) {
		*why_r = "this connection is to end";
		e = ERROR_DENIED;
	} else if (!has_places(r, p)) {
		*why_r = too_many;
		e = ERROR_TOO_MANY;
	} else {
		if (p->details != NULL)
			p->details->connections++;
		c->person = person_ref(p);
		c->evicted = EVICT_NONE;
		list_append(&p->contacts, &c->link);
		mailbox_send(r->boxes[c->io], handover);
	}
	lock_drop(&r->lock);
	return e;
}

/* Its last connection is gone; the name is kept for a while. */
static void
reserve(struct registry *r, struct person *p, uint64_t now)
{
	p->reservation->expires = now + RESERVED_MS;
	list_append(&r->expiring, &p->reservation->expiry);
	if (++r->reserved > RESERVED_MAX)
		people_forget(r, list_entry(r->expiring.next,
		    struct reservation, expiry)->person);
}

/* Is nobody there, and nobody about to be? */
static void
look_whether_gone(struct registry *r, struct person *p, uint64_t now)
{
	const struct reservation *res = p->reservation;

	/* An account stays. */
	if (p->account || !list_empty(&p->contacts) ||
	    (res != NULL && res->claims > 0))
		return;
	if (res != NULL && res->stored)
		reserve(r, p, now);
	else
		people_forget(r, p);
}

void
people_enter(struct registry *r, struct person **claim, struct contact *c,
    struct mail *handover)
{
	struct person *p = *claim;

	lock_take(&r->lock);
	p->reservation->claims--;
	p->reservation->stored = true;
	enter(r, p, c, handover);
	lock_drop(&r->lock);
	person_unref(claim);
}

void
people_abandon(struct registry *r, struct person **claim, bool stored,
    uint64_t now)
{
	struct person *p = *claim;

	lock_take(&r->lock);
	p->reservation->claims--;
	p->reservation->stored = p->reservation->stored || stored;
	look_whether_gone(r, p, now);
	lock_drop(&r->lock);
	person_unref(claim);
}

/* Folded anew: which names are the same may have changed with Unicode. */
bool
people_restore(struct registry *r, struct slice nick, uint64_t since,
    const unsigned char *secret, uint64_t now)
{
	char key[NAME_KEY_MAX + 1];
	struct slice all = { key, 0 };
	const char *why;
	bool good;

	key[0] = '~';
	if (name_fold(r->names, NAME_NICK, nick.at, nick.len, key + 1,
	    &all.len, &why) < 0)
		return false;
	all.len++;
	lock_take(&r->lock);
	good = people_find(r, all) == NULL && r->reserved < RESERVED_MAX;
	if (good)
		reserve(r, new_guest(r, all, nick, secret, since), now);
	lock_drop(&r->lock);
	return good;
}

bool
people_leave(struct registry *r, struct contact *c, uint64_t now)
{
	struct person *p = c->person;
	bool told;

	lock_take(&r->lock);
	told = c->evicted != EVICT_NONE;
	list_remove(&c->link);
	if (p->details != NULL) {
		p->details->connections -= !told;
		accounts_note_seen(r, p->details);
	}
	look_whether_gone(r, p, now);
	lock_drop(&r->lock);
	person_unref(&c->person);
	return told;
}

void
people_expire(struct registry *r, uint64_t now)
{
	lock_take(&r->lock);
	while (!list_empty(&r->expiring)) {
		struct reservation *res = list_entry(r->expiring.next,
		    struct reservation, expiry);

		if (res->expires > now)
			break;
		people_forget(r, res->person);
	}
	lock_drop(&r->lock);
}
