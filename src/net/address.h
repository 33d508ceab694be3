/* address.h -- where peers come from, and how many from each place
 *
 * SPDX-License-Identifier: MIT
 *
 * One place is an IPv4 address or an IPv6 /64, since a /64 is what one
 * customer gets (RFC 6177).
 *
 * A place has rates, too: what may be done from there in the long run. Who is
 * gone is remembered until these are full again, ADDRESSES_GONE of them at the
 * most; over it those that are gone longest are forgotten.
 *
 * Threads: any.
 * Locks:   its own, rank LOCK_ADDRESSES, inside.
 * Memory:  an entry is there while a connection is counted in it, and after
 *          that as above. */
#ifndef NET_ADDRESS_H
#define NET_ADDRESS_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/list.h"
#include "base/rate.h"
#include "base/table.h"
#include "sync/lock.h"

/* A peer, small enough to be kept with every connection. IPv4 is mapped. */
struct peer {
	struct in6_addr ip;
	uint16_t        port;
	bool            local;	/* the local socket */
	bool            proxied; /* a proxy's word, and what comes by one: it
				  * is never this host */
};

enum { PEER_TEXT_MAX = INET6_ADDRSTRLEN + 16, ADDRESSES_GONE = 65536 };

struct addresses {
	struct lock  lock;
	struct table table;	/* (l) */
	struct link  gone;	/* (l) without connections, longest first */
	size_t       gone_count; /* (l) */
};

/* What is bounded by where it comes from. */
enum address_rate { ADDRESS_ARRIVALS, ADDRESS_ROOMS, ADDRESS_REGISTER,
	ADDRESS_RATES };

struct address;

void addresses_init(struct addresses *);
void addresses_fini(struct addresses *);
/* Counts one more from there, unless `most` are there already (0: any), or
 * more came than `arrivals` a minute (0: any) allows: NULL, and *wait_r is how
 * many milliseconds it has to wait, or 0 in the former case. now: µs. */
struct address *addresses_enter(struct addresses *, const struct peer *,
    unsigned most, unsigned arrivals, uint64_t now, uint64_t *wait_r);
/* Takes NULL; clears the caller's pointer. */
void addresses_leave(struct addresses *, struct address **, uint64_t now);
/* While one is counted there; its user says how much of what it is. */
struct rate *address_rate(struct address *, enum address_rate);

void peer_set(struct peer *, const struct sockaddr_storage *);
bool peer_is_loopback(const struct peer *);
/* Where it comes from: an address, or a /64. All zeros: the local socket. */
void peer_place(const struct peer *, unsigned char place_r[16]);
/* The address alone, as a word of a line; returns text. */
char *peer_ip(const struct peer *, char text[PEER_TEXT_MAX]);
/* "192.0.2.1:5000", "[2001:db8::1]:5000" or "local"; returns text. */
char *peer_text(const struct peer *, char text[PEER_TEXT_MAX]);

#endif
