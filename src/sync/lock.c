/* lock.c -- mutexes that know their order
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>

#include "sync/lock.h"

/* One bit for each rank this thread holds. */
static _Thread_local unsigned held;

void
lock_init(struct lock *l, enum lock_rank rank)
{
	int rc = pthread_mutex_init(&l->mutex, NULL);

	assert(rc == 0);
	l->rank = rank;
}

void
lock_fini(struct lock *l)
{
	int rc = pthread_mutex_destroy(&l->mutex);

	assert(rc == 0);
}

void
lock_take(struct lock *l)
{
	int rc;

	assert(held >> l->rank == 0);
	rc = pthread_mutex_lock(&l->mutex);
	assert(rc == 0);
	held |= 1u << l->rank;
}

void
lock_drop(struct lock *l)
{
	int rc;

	assert(held & 1u << l->rank);
	held &= ~(1u << l->rank);
	rc = pthread_mutex_unlock(&l->mutex);
	assert(rc == 0);
}
