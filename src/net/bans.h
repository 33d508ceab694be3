/* bans.h -- networks that are kept out
 *
 * SPDX-License-Identifier: MIT
 *
 * A look-up is one in a table for each length of a network that there is, so
 * it costs the same whether ten are kept out or ten thousand.
 *
 * Threads: any.
 * Locks:   its own, rank LOCK_BANS, inside.
 * Memory:  copies what it is given. */
#ifndef NET_BANS_H
#define NET_BANS_H

#include "account/ban.h"
#include "base/table.h"
#include "sync/lock.h"

enum { BANS_MAX = 10000 };

struct bans {
	struct lock    lock;
	struct table   table;	/* (l) by network */
	unsigned       lengths[NETWORK_BITS + 1]; /* (l) how many of each */
	_Atomic size_t count;	/* (a), written (l) */
};

void bans_init(struct bans *);
void bans_fini(struct bans *);
/* In the place of what there is of this network. False: there are BANS_MAX.
 * now: clock_ms(), here and below; wall: clock_wall_ms(). */
bool bans_add(struct bans *, const struct ban *, uint64_t now,
    uint64_t wall);
/* False: it was not there. */
bool bans_remove(struct bans *, const struct network *, uint64_t now);
/* Is it kept out? reason_r, unless NULL: referenced, or NULL if there is
 * none. */
bool bans_has(struct bans *, const struct in6_addr *, uint64_t now,
    struct blob **reason_r);
/* "STAT ban network until= by= reason", a line each. */
void bans_list(struct bans *, uint64_t now, uint64_t wall, struct blob **);

#endif
