/* gate.h -- which connections are let in
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: the acceptor.
 * Locks:   the addresses', inside.
 * Memory:  none. */
#ifndef NET_GATE_H
#define NET_GATE_H

#include "net/net.h"

/* LIMIT_COUNT: it is let in, and counted in *address_r unless that is NULL.
 * Else what is against it, *why_r being a sentence for the peer. waiting:
 * connections that have not logged in. */
enum limiter gate_check(struct net *, const struct peer *, uint64_t waiting,
    struct address **address_r, const char **why_r);

#endif
