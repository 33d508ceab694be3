/* table.c -- hash table of nodes that live inside what they index
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <stdlib.h>

#include <sodium.h>

#include "base/alloc.h"
#include "base/table.h"

enum { SLOTS_MIN = 4 };

static uint64_t
hash_of(const struct table *t, struct slice key)
{
	uint64_t hash;

	crypto_shorthash((unsigned char *)&hash,
	    (const unsigned char *)key.at, key.len, t->secret);
	return hash;
}

void
table_init(struct table *t,
    struct slice (*key_of)(const struct table_node *))
{
	t->slots = xcalloc(SLOTS_MIN, sizeof(*t->slots));
	t->mask = SLOTS_MIN - 1;
	t->count = 0;
	t->key_of = key_of;
	randombytes_buf(t->secret, sizeof(t->secret));
}

void
table_fini(struct table *t)
{
	free(t->slots);
	t->slots = NULL;
	t->count = 0;
}

struct table_node *
table_find(const struct table *t, struct slice key)
{
	uint64_t hash = hash_of(t, key);
	struct table_node *n = t->slots[hash & t->mask];

	while (n != NULL &&
	    (n->hash != hash || !slice_same(t->key_of(n), key)))
		n = n->next;
	return n;
}

static void
grow(struct table *t)
{
	size_t mask = t->mask * 2 + 1;
	struct table_node **slots = xcalloc(mask + 1, sizeof(*slots));

	for (size_t i = 0; i <= t->mask; i++) {
		struct table_node *n = t->slots[i], *next;

		for (; n != NULL; n = next) {
			next = n->next;
			n->next = slots[n->hash & mask];
			slots[n->hash & mask] = n;
		}
	}
	free(t->slots);
	t->slots = slots;
	t->mask = mask;
}

void
table_add(struct table *t, struct table_node *n)
{
	assert(table_find(t, t->key_of(n)) == NULL);
	if (t->count > t->mask)
		grow(t);
	n->hash = hash_of(t, t->key_of(n));
	n->next = t->slots[n->hash & t->mask];
	t->slots[n->hash & t->mask] = n;
	t->count++;
}

void
table_remove(struct table *t, struct table_node *n)
{
	struct table_node **at = &t->slots[n->hash & t->mask];

	while (*at != n) {
		assert(*at != NULL);
		at = &(*at)->next;
	}
	*at = n->next;
	t->count--;
}

struct table_node *
table_next(const struct table *t, const struct table_node *n)
{
	size_t slot = 0;

	if (n != NULL) {
		if (n->next != NULL)
			return n->next;
		slot = (n->hash & t->mask) + 1;
	}
	for (; slot <= t->mask; slot++)
		if (t->slots[slot] != NULL)
			return t->slots[slot];
	return NULL;
}
