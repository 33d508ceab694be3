/* counter.h -- counts that one thread makes and any thread may read
 *
 * SPDX-License-Identifier: MIT
 *
 * No line of memory is shared by two writers: every thread counts for
 * itself, and who wants a total adds them up.
 *
 * Threads: counter_add() by the owner; counter_get() by any.
 * Locks:   none.
 * Memory:  embedded. */
#ifndef SYNC_COUNTER_H
#define SYNC_COUNTER_H

#include <stdatomic.h>
#include <stdint.h>

struct counter {
	_Atomic uint64_t value;	/* (a) */
};

static inline uint64_t
counter_get(const struct counter *c)
{
	return atomic_load_explicit(&c->value, memory_order_relaxed);
}

static inline void
counter_set(struct counter *c, uint64_t value)
{
	atomic_store_explicit(&c->value, value, memory_order_relaxed);
}

static inline void
counter_add(struct counter *c, uint64_t more)
{
	counter_set(c, counter_get(c) + more);
}

#endif
