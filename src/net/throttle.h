/* throttle.h -- how long who has failed to log in waits before the next try
 *
 * SPDX-License-Identifier: MIT
 *
 * Failures are remembered by the place they came from (an IPv4 address, an
 * IPv6 /64, the local socket) and by the account's name, whether there is such
 * an account or not. A try waits
 *
 *   by its place's failures, from the third on: 250 ms, 500 ms, ... 10 s;
 *   by the account's failures from other places, likewise: 1 s at most.
 *
 * Each try waits for itself: a place has as many at once as connections.
 *
 * So guessing is slow from anywhere, and nobody is locked out: who owns an
 * account and comes from elsewhere waits a second, whatever others do to it.
 * Failures fade: half of them are forgotten each minute. Who succeeds has what
 * failed for that name from that place taken back, and nothing else: a
 * guesser does not clear a place by an account of its own.
 *
 * Of THROTTLE_MAX that are remembered those longest without a failure go. With
 * that many places of one's own one can make it forget; each of them is then a
 * stranger that has three tries.
 *
 * Times are clock_ms().
 *
 * Threads: its owner's, the acceptor.
 * Locks:   none.
 * Memory:  owns its entries, some 100 bytes each. */
#ifndef NET_THROTTLE_H
#define NET_THROTTLE_H

#include "base/list.h"
#include "net/address.h"

enum {
	THROTTLE_FREE = 3,	/* failures that cost nothing */
	THROTTLE_FIRST_MS = 250,
	THROTTLE_PLACE_MS = 10000,
	THROTTLE_ACCOUNT_MS = 1000,
	THROTTLE_FADE_MS = 60000,
	THROTTLE_MAX = 65536
};

struct throttle {
	struct table entries;
	struct link  by_use;	/* the latest failure last */
};

void throttle_init(struct throttle *);
void throttle_fini(struct throttle *);

/* account: any bytes that are the same for the same account. *place_r: the
 * place is why it waits, and not the account alone. */
uint64_t throttle_wait(struct throttle *, const struct peer *,
    struct slice account, uint64_t now, bool *place_r);
void throttle_failed(struct throttle *, const struct peer *,
    struct slice account, uint64_t now);
void throttle_passed(struct throttle *, const struct peer *,
    struct slice account, uint64_t now);

#endif
