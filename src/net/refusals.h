/* refusals.h -- that a limit refuses, in the log
 *
 * SPDX-License-Identifier: MIT
 *
 * Each limiter has one line a second for the whole server, with who was
 * refused last and how many since the line before it.
 *
 * Threads: any.
 * Locks:   none.
 * Memory:  constant. */
#ifndef NET_REFUSALS_H
#define NET_REFUSALS_H

#include "net/address.h"
#include "net/limits.h"

enum { REFUSALS_PAUSE_MS = 1000 };

struct refusals {
	struct {
		_Atomic uint64_t said;	/* (a) when; 0: never */
		_Atomic uint64_t since;	/* (a) refused after that line */
	} by[LIMIT_COUNT];
};

/* Who was refused, by name, which may be empty, and address. now: clock_ms(),
 * not 0. */
void refusals_tell(struct refusals *, enum limiter, struct slice name,
    const struct peer *, uint64_t now);

#endif
