/* lock.h -- mutexes that know their order
 *
 * SPDX-License-Identifier: MIT
 *
 * A thread takes locks in rising rank only; lock_take() aborts on anything
 * else, so an order that could deadlock is found by the first test that
 * walks it and not by the first unlucky night. All ranks of the program stand
 * here. No lock is held across a system call that can block.
 *
 * Threads: any.
 * Locks:   this is one.
 * Memory:  embedded; nothing is allocated. */
#ifndef SYNC_LOCK_H
#define SYNC_LOCK_H

#include <pthread.h>

enum lock_rank {
	LOCK_REGISTRY,	/* room/registry: rooms, people, who is connected */
	LOCK_ADDRESSES,	/* net/address: connections by address */
	LOCK_BANS,	/* net/bans: networks that are kept out */
	LOCK_LEDGER,	/* ledger/ledger: its segments */
	LOCK_VAULT,	/* ledger/vault: descriptors of logs */
	LOCK_TLS,	/* net/tls_context: what new connections begin with */
	LOCK_MAILBOX	/* sync/mailbox: the last, so any holder may post */
};

struct lock {
	pthread_mutex_t mutex;
	enum lock_rank  rank;
};

void lock_init(struct lock *, enum lock_rank);
void lock_fini(struct lock *);
void lock_take(struct lock *);
void lock_drop(struct lock *);

#endif
