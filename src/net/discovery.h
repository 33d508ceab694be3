/* discovery.h -- who is told by one datagram that this is a VCRP server
 *
 * SPDX-License-Identifier: MIT
 *
 * Anybody can put anybody's address into a datagram. So
 *
 *   nobody is sent more bytes than came from there;
 *   a port below 1024, where other services listen, and the port of servers
 *   like this one are never answered: two machines cannot be made to talk to
 *   each other for ever;
 *   each network (/24, /56 of IPv6) is answered 10 times a second, 20 at once;
 *   and nothing is remembered of anybody: networks share a table of rates, by
 *   a hash with a key that nobody knows, so that no network can be chosen to
 *   meet another's.
 *
 * What is told is what a guest's LIST would count: rooms that are hidden or for
 * members only are not in it. It is looked up once a second at most.
 *
 * Threads: its owner's, the udp thread.
 * Locks:   LOCK_REGISTRY, inside.
 * Memory:  constant, 34 KiB. */
#ifndef NET_DISCOVERY_H
#define NET_DISCOVERY_H

#include <sodium.h>

#include "net/net.h"
#include "wire/discovery.h"

enum {
	DISCOVERY_RATES = 4096,
	DISCOVERY_EACH_US = 100000,
	DISCOVERY_AT_ONCE = 20,
	DISCOVERY_PORT_MIN = 1024,
	DISCOVERY_FRESH_MS = 1000
};

struct discovery {
	bool          lan;		/* (c) what comes by broadcast or
					 * multicast is answered too */
	unsigned char key[crypto_shorthash_KEYBYTES];	/* (c) */
	struct rate   rates[DISCOVERY_RATES];	/* (o) */
	uint64_t      made;		/* (o) what is told; 0: never */
	size_t        told_len;		/* (o) 0: more than fits */
	char          told[DISCOVERY_MOST];	/* (o) */
};

/* A datagram that came. */
struct discovery_question {
	struct slice bytes;
	struct peer  from;
	uint16_t     port;	/* it came to */
	bool         for_all;	/* by broadcast or multicast */
};

enum discovery_verdict {
	DISCOVERY_NO,		/* it is none that is answered */
	DISCOVERY_LIMIT,	/* its network has asked too often */
	DISCOVERY_YES
};

void discovery_init(struct discovery *, bool lan);
/* answer_r has DISCOVERY_MOST bytes. now: clock_ms(), not 0. */
enum discovery_verdict discovery_answer(struct discovery *, struct net *,
    const struct discovery_question *, uint64_t now, char *answer_r,
    size_t *len_r);
/* May where it came from be told anything else, by the same rules? That counts
 * as an answer. Broadcasts are never. */
bool discovery_may_tell(struct discovery *, const struct discovery_question *,
    uint64_t now);

#endif
