/* proxy.h -- the header of the PROXY protocol, versions 1 and 2
 *
 * SPDX-License-Identifier: MIT
 *
 * A proxy sends it before anything else, to tell whose connection it hands on
 * (haproxy.org, "The PROXY protocol", versions 1 and 2, 2020/03/05). Only
 * where a connection comes from says whether it may be believed; that is the
 * caller's.
 *
 * Threads: any.
 * Locks:   none; no descriptor and no clock either.
 * Memory:  none. */
#ifndef WIRE_PROXY_H
#define WIRE_PROXY_H

#include <stdint.h>

#include <netinet/in.h>

#include "base/slice.h"

enum {
	PROXY_MAX_BYTES = 2048	/* with what is added to the addresses, such
				 * as the proxy's view of TLS */
};

enum proxy {
	PROXY_MORE,	/* so far it is good; there is more to come */
	PROXY_GIVEN,	/* a header with an address */
	PROXY_OWN,	/* one without, or of another kind of network: the
			 * connection's own counts */
	PROXY_BAD	/* not a header */
};

struct proxy_source {
	struct in6_addr ip;	/* IPv4 is mapped */
	uint16_t        port;
};

/* From a connection's first bytes. PROXY_GIVEN and PROXY_OWN: the header has
 * *len_r of them; only PROXY_GIVEN: source_r. */
enum proxy proxy_parse(struct slice bytes, struct proxy_source *source_r,
    size_t *len_r);

#endif
