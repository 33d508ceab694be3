/* gate.h -- which connections are let in
 *
 * SPDX-License-Identifier: MIT
 *
 * A connection is looked at as it comes, and its address as soon as that is
 * known: at once, or, from a proxy, when it has said whose it is.
 *
 * Threads: the acceptor.
 * Locks:   the addresses' and the bans', inside.
 * Memory:  none, but a refusal's reason. */
#ifndef NET_GATE_H
#define NET_GATE_H

#include "net/net.h"

/* Why it is not let in. */
struct refusal {
	enum limiter limit;
	uint64_t     wait;	/* ms, or 0 */
	const char  *why;	/* a sentence for the peer; NULL: banned */
	struct blob *reason;	/* of a ban; referenced, or NULL */
};

/* How many may be here that have not logged in. */
uint64_t gate_waiting_max(const struct net *);
/* Is there a place for one more? waiting: connections that have not logged
 * in; full: memory is. */
bool gate_open(const struct net *, uint64_t waiting, bool full,
    struct refusal *);
/* May it come from there? Then it is counted in *address_r, unless that is
 * NULL: it is exempt, or a proxy's `own`. now: clock_ms(). */
bool gate_address(struct net *, const struct peer *, bool own, uint64_t now,
    struct address **address_r, struct refusal *);
/* Is it a proxy's, whose word is believed, and is to be waited for? */
bool gate_is_proxy(const struct net *, const struct peer *);
/* What the peer is told, as a line; drops the reason. */
void gate_refusal(struct refusal *, struct blob **line);

#endif
