/* table.h -- hash table of nodes that live inside what they index
 *
 * SPDX-License-Identifier: MIT
 *
 * Keys come from peers, so the hash is SipHash under a key of the table's
 * own (Aumasson, Bernstein: "SipHash: a fast short-input PRF", 2012); nobody
 * can choose names that fall together.
 *
 * Threads: whoever owns the table.
 * Locks:   none; the owner's.
 * Memory:  the table owns its slots, never its nodes. */
#ifndef BASE_TABLE_H
#define BASE_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct table_node {
	struct table_node *next;
	uint64_t           hash;
};

struct table {
	struct table_node **slots;
	size_t              mask;
	size_t              count;
	struct slice      (*key_of)(const struct table_node *);
	unsigned char       secret[16];
};

/* The node's address back to what holds it. */
#define table_entry(node, type, member) \
	((type *)(void *)((char *)(node) - offsetof(type, member)))

/* key_of gives a node's key, which may not change while it is in. */
void table_init(struct table *,
    struct slice (*key_of)(const struct table_node *));
/* The table must be empty or its nodes no longer used through it. */
void table_fini(struct table *);

/* NULL if there is none. */
struct table_node *table_find(const struct table *, struct slice key);
/* The key must not be there yet. */
void table_add(struct table *, struct table_node *);
void table_remove(struct table *, struct table_node *);

/* Every node once, in no order: begin with NULL, end with NULL.
 * The node returned last may be removed only after the next was asked for. */
struct table_node *table_next(const struct table *,
    const struct table_node *);

#endif
