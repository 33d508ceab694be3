/* throttle.c -- how long who has failed to log in waits before the next try
 *
 * SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include <sodium.h>

#include "base/alloc.h"
#include "net/throttle.h"

/* Of a place, of an account, or of both. */
struct entry {
	struct table_node node;
	struct link       by_use;
	uint64_t          fade;		/* FADE_MS since the clock began */
	unsigned          failures;
	unsigned char     key[16];
};

struct keys {
	unsigned char place[16], account[16], pair[16];
};

static struct slice
key_of(const struct table_node *n)
{
	const struct entry *e = table_entry(n, const struct entry, node);

	return (struct slice){ (const char *)e->key, sizeof(e->key) };
}

void
throttle_init(struct throttle *t)
{
	table_init(&t->entries, key_of);
	list_init(&t->by_use);
}

static void
forget(struct throttle *t, struct entry *e)
{
	table_remove(&t->entries, &e->node);
	list_remove(&e->by_use);
	free(e);
}

void
throttle_fini(struct throttle *t)
{
	while (!list_empty(&t->by_use))
		forget(t, list_entry(t->by_use.next, struct entry, by_use));
	table_fini(&t->entries);
}

/* Hashes: a name may be long. The parts have different lengths. */
static void
keys_of(const struct peer *p, struct slice account, struct keys *k)
{
	unsigned char both[33] = { p->local };

	peer_place(p, both + 1);
	crypto_generichash(k->place, sizeof(k->place), both, 17, NULL, 0);
	crypto_generichash(both + 17, 16, (const unsigned char *)account.at,
	    account.len, NULL, 0);
	crypto_generichash(k->account, sizeof(k->account), both + 17, 16,
	    NULL, 0);
	crypto_generichash(k->pair, sizeof(k->pair), both, sizeof(both),
	    NULL, 0);
}

/* All fade in the same moment, so that the sums stay sums. */
static void
fade(struct entry *e, uint64_t now)
{
	uint64_t times = now / THROTTLE_FADE_MS - e->fade;

	e->failures = times < 32 ? e->failures >> times : 0;
	e->fade += times;
}

static struct entry *
find(const struct throttle *t, const unsigned char key[16], uint64_t now)
{
	struct table_node *n = table_find(&t->entries,
	    (struct slice){ (const char *)key, 16 });
	struct entry *e;

	if (n == NULL)
		return NULL;
	e = table_entry(n, struct entry, node);
	fade(e, now);
	return e;
}

static unsigned
count(const struct throttle *t, const unsigned char key[16], uint64_t now)
{
	const struct entry *e = find(t, key, now);

	return e == NULL ? 0 : e->failures;
}

static uint64_t
wait_for(unsigned failures, uint64_t most)
{
	uint64_t ms = THROTTLE_FIRST_MS;

	if (failures < THROTTLE_FREE)
		return 0;
	for (; failures > THROTTLE_FREE && ms < most; failures--)
		ms *= 2;
	return ms < most ? ms : most;
}

uint64_t
throttle_wait(struct throttle *t, const struct peer *p, struct slice account,
    uint64_t now, bool *place_r)
{
	struct keys k;
	unsigned own, all;
	uint64_t by_place, by_account;

	keys_of(p, account, &k);
	own = count(t, k.pair, now);
	all = count(t, k.account, now);
	by_place = wait_for(count(t, k.place, now), THROTTLE_PLACE_MS);
	by_account = wait_for(all > own ? all - own : 0,
	    THROTTLE_ACCOUNT_MS);
	*place_r = by_place > 0;
	return by_place > by_account ? by_place : by_account;
}

static void
add(struct throttle *t, const unsigned char key[16], uint64_t now)
{
	struct entry *e = find(t, key, now);

	if (e == NULL) {
		if (t->entries.count >= THROTTLE_MAX)
			forget(t, list_entry(t->by_use.next, struct entry,
			    by_use));
		e = xcalloc(1, sizeof(*e));
		memcpy(e->key, key, 16);
		e->fade = now / THROTTLE_FADE_MS;
		table_add(&t->entries, &e->node);
	} else {
		list_remove(&e->by_use);
	}
	e->failures += e->failures < UINT32_MAX;
	list_append(&t->by_use, &e->by_use);
}

void
throttle_failed(struct throttle *t, const struct peer *p,
    struct slice account, uint64_t now)
{
	struct keys k;

	keys_of(p, account, &k);
	add(t, k.place, now);
	add(t, k.account, now);
	add(t, k.pair, now);
}

static void
take_back(struct throttle *t, const unsigned char key[16], unsigned failures,
    uint64_t now)
{
	struct entry *e = find(t, key, now);

	if (e == NULL)
		return;
	if (e->failures > failures)
		e->failures -= failures;
	else
		forget(t, e);
}

void
throttle_passed(struct throttle *t, const struct peer *p,
    struct slice account, uint64_t now)
{
	struct keys k;
	unsigned own;

	keys_of(p, account, &k);
	own = count(t, k.pair, now);
	take_back(t, k.place, own, now);
	take_back(t, k.account, own, now);
	take_back(t, k.pair, own, now);
}
