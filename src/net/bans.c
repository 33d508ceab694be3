/* bans.c -- networks that are kept out
 *
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "net/bans.h"

struct entry {
	struct table_node node;
	struct network    network;
	uint64_t          until;	/* clock_ms() */
	struct blob      *by;
	struct blob      *reason;	/* or NULL */
};

static struct slice
key_of(const struct table_node *n)
{
	const struct entry *e = table_entry(n, const struct entry, node);

	return (struct slice){ (const char *)&e->network,
		sizeof(e->network) };
}

void
bans_init(struct bans *b)
{
	memset(b, 0, sizeof(*b));
	lock_init(&b->lock, LOCK_BANS);
	table_init(&b->table, key_of);
}

static void
drop(struct bans *b, struct entry *e)
{
	table_remove(&b->table, &e->node);
	b->lengths[e->network.bits]--;
	atomic_store(&b->count, b->table.count);
	blob_unref(&e->by);
	blob_unref(&e->reason);
	free(e);
}

/* Those that are over by then. */
static void
expire(struct bans *b, uint64_t now)
{
	struct table_node *n = table_next(&b->table, NULL), *next;

	for (; n != NULL; n = next) {
		struct entry *e = table_entry(n, struct entry, node);

		next = table_next(&b->table, n);
		if (e->until <= now)
			drop(b, e);
	}
}

void
bans_fini(struct bans *b)
{
	expire(b, UINT64_MAX);
	table_fini(&b->table);
	lock_fini(&b->lock);
}

static struct entry *
find(const struct bans *b, const struct network *n)
{
	struct table_node *node = table_find(&b->table,
	    (struct slice){ (const char *)n, sizeof(*n) });

	return node == NULL ? NULL : table_entry(node, struct entry, node);
}

static struct entry *
new_entry(struct bans *b, const struct network *n)
{
	struct entry *e = xcalloc(1, sizeof(*e));

	e->network = *n;
	table_add(&b->table, &e->node);
	b->lengths[n->bits]++;
	atomic_store(&b->count, b->table.count);
	return e;
}

static void
fill(struct entry *e, const struct ban *ban, uint64_t now, uint64_t wall)
{
	blob_unref(&e->by);
	blob_unref(&e->reason);
	e->by = blob_ref(ban->by);
	e->reason = ban->reason != NULL ? blob_ref(ban->reason) : NULL;
	e->until = ban->until;
	if (ban->until != UINT64_MAX)
		e->until = ban->until > wall ? now + (ban->until - wall) :
		    now;
}

bool
bans_add(struct bans *b, const struct ban *ban, uint64_t now, uint64_t wall)
{
	struct entry *e;

	lock_take(&b->lock);
	e = find(b, &ban->network);
	if (e == NULL && b->table.count >= BANS_MAX)
		expire(b, now);
	if (e == NULL && b->table.count < BANS_MAX)
		e = new_entry(b, &ban->network);
	if (e != NULL)
		fill(e, ban, now, wall);
	lock_drop(&b->lock);
	return e != NULL;
}

bool
bans_remove(struct bans *b, const struct network *n, uint64_t now)
{
	struct entry *e;
	bool there;

	lock_take(&b->lock);
	e = find(b, n);
	there = e != NULL && e->until > now;
	if (e != NULL)
		drop(b, e);
	lock_drop(&b->lock);
	return there;
}

bool
bans_has(struct bans *b, const struct in6_addr *ip, uint64_t now,
    struct blob **reason_r)
{
	struct entry *e = NULL;

	if (reason_r != NULL)
		*reason_r = NULL;
	if (atomic_load(&b->count) == 0)
		return false;
	lock_take(&b->lock);
	for (unsigned i = 0; i <= NETWORK_BITS && e == NULL; i++) {
		struct network n = { .bits = i };

		if (b->lengths[i] == 0)
			continue;
		n.ip = network_cut(ip, i);
		e = find(b, &n);
		if (e != NULL && e->until <= now)
			e = NULL;
	}
	if (e != NULL && reason_r != NULL && e->reason != NULL)
		*reason_r = blob_ref(e->reason);
	lock_drop(&b->lock);
	return e != NULL;
}

static void
list_one(const struct entry *e, uint64_t now, uint64_t wall,
    struct blob **out)
{
	char text[NETWORK_TEXT_MAX];

	blob_printf(out, "STAT ban %s until=", network_text(&e->network,
	    text));
	if (e->until == UINT64_MAX)
		blob_printf(out, "never");
	else
		blob_printf(out, "%" PRIu64, wall + (e->until - now));
	blob_printf(out, " by=%.*s", (int)e->by->len, e->by->data);
	if (e->reason != NULL)
		blob_printf(out, " %.*s", (int)e->reason->len,
		    e->reason->data);
	blob_printf(out, "\n");
}

void
bans_list(struct bans *b, uint64_t now, uint64_t wall, struct blob **out)
{
	lock_take(&b->lock);
	expire(b, now);
	for (struct table_node *n = table_next(&b->table, NULL); n != NULL;
	    n = table_next(&b->table, n))
		list_one(table_entry(n, struct entry, node), now, wall, out);
	lock_drop(&b->lock);
}
