/* address.h -- where peers come from, and how many from each place
 *
 * SPDX-License-Identifier: MIT
 *
 * One place is an IPv4 address or an IPv6 /64, since a /64 is what one
 * customer gets (RFC 6177).
 *
 * Threads: any.
 * Locks:   its own, rank LOCK_ADDRESSES, inside.
 * Memory:  an entry lives while a connection is counted in it. */
#ifndef NET_ADDRESS_H
#define NET_ADDRESS_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/table.h"
#include "sync/lock.h"

/* A peer, small enough to be kept with every connection. IPv4 is mapped. */
struct peer {
	struct in6_addr ip;
	uint16_t        port;
	bool            local;	/* the local socket */
};

enum { PEER_TEXT_MAX = INET6_ADDRSTRLEN + 16 };

struct addresses {
	struct lock  lock;
	struct table table;	/* (l) */
};

struct address;

void addresses_init(struct addresses *);
void addresses_fini(struct addresses *);
/* Counts one more from there; NULL if there are `most` already. */
struct address *addresses_enter(struct addresses *, const struct peer *,
    unsigned most);
/* Takes NULL; clears the caller's pointer. */
void addresses_leave(struct addresses *, struct address **);

void peer_set(struct peer *, const struct sockaddr_storage *);
bool peer_is_loopback(const struct peer *);
/* Where it comes from: an address, or a /64. All zeros: the local socket. */
void peer_place(const struct peer *, unsigned char place_r[16]);
/* The address alone, as a word of a line; returns text. */
char *peer_ip(const struct peer *, char text[PEER_TEXT_MAX]);
/* "192.0.2.1:5000", "[2001:db8::1]:5000" or "local"; returns text. */
char *peer_text(const struct peer *, char text[PEER_TEXT_MAX]);

#endif
