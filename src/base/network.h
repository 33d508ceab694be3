/* network.h -- an address, or all of a network's: "192.0.2.0/24"
 *
 * SPDX-License-Identifier: MIT
 *
 * All are of IPv6; IPv4 is mapped into it (::ffff:0:0/96).
 *
 * Threads: any.
 * Locks:   none.
 * Memory:  the caller's. */
#ifndef BASE_NETWORK_H
#define BASE_NETWORK_H

#include <netinet/in.h>

#include "base/slice.h"

enum { NETWORK_TEXT_MAX = INET6_ADDRSTRLEN + 4, NETWORK_BITS = 128 };

struct network {
	struct in6_addr ip;	/* behind its bits it is 0 */
	unsigned        bits;	/* of the mapped form */
};

/* The four bytes of an IPv4 address, in network order. */
void network_map(const void *four, struct in6_addr *ip_r);
/* A numeric address; *four_r: of IPv4. */
bool network_ip(struct slice text, struct in6_addr *ip_r, bool *four_r);
/* An address, or an address, "/" and a number of bits; what is set behind the
 * bits is a mistake, and refused. False: *why_r says what is wrong. */
bool network_parse(struct slice text, struct network *,
    const char **why_r);
bool network_has(const struct network *, const struct in6_addr *);
/* The address without what is behind so many bits. */
struct in6_addr network_cut(const struct in6_addr *, unsigned bits);
/* As people write it, without "/" if it is one address; returns text. */
char *network_text(const struct network *, char text[NETWORK_TEXT_MAX]);

#endif
