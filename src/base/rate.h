/* rate.h -- a bucket of tokens as its one number
 *
 * SPDX-License-Identifier: MIT
 *
 * The generic cell rate algorithm (ITU-T I.371): the number is the time at
 * which the bucket will be full again. 0 is a full one. Times are
 * microseconds of one clock; threads may have read it at different moments.
 *
 * Threads: any.
 * Locks:   none; the number is changed by compare and exchange.
 * Memory:  the caller's. */
#ifndef BASE_RATE_H
#define BASE_RATE_H

#include <stdatomic.h>
#include <stdint.h>

struct rate {
	_Atomic uint64_t full_at;
};

/* A token comes back every `each`; so many may be there. Takes `cost` of them
 * and returns 0; or takes nothing, and returns how many milliseconds to wait.
 * Somebody who has waited until it was full gets any cost. */
static inline uint64_t
rate_take(struct rate *r, uint64_t now, uint64_t each, unsigned most,
    unsigned cost)
{
	uint64_t was = atomic_load_explicit(&r->full_at,
	    memory_order_relaxed);

	for (;;) {
		uint64_t from = was > now ? was : now;
		uint64_t then = from + each * cost;

		if (then > now + each * most && from > now)
			return (then - now - each * most) / 1000 + 1;
		if (atomic_compare_exchange_weak_explicit(&r->full_at, &was,
		    then, memory_order_relaxed, memory_order_relaxed))
			return 0;
	}
}

static inline uint64_t
rate_full_at(const struct rate *r)
{
	return atomic_load_explicit(&r->full_at, memory_order_relaxed);
}

/* What was taken for nothing. */
static inline void
rate_give_back(struct rate *r, uint64_t each)
{
	atomic_fetch_sub_explicit(&r->full_at, each, memory_order_relaxed);
}

#endif
