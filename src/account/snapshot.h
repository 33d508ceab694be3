/* snapshot.h -- a copy of all data, as it is at one moment, while it changes
 *
 * SPDX-License-Identifier: MIT
 *
 * Of each room there is a suffix of its log, up to some number: the sizes of
 * its segments come first, then todo, then that much of each segment, newest
 * first, so that what `keep` lets go of meanwhile is missing at the beginning
 * and nowhere else. The store comes after all rooms: a change whose line is in
 * a log is in the store's copy or in the room's todo. The ceiling is last.
 *
 * Blocks that do not agree with their sums are copied with those, so that the
 * damage stays to be seen; it is logged. Files are copied, never linked: an
 * erasure changes them where they are.
 *
 * Threads: any that may wait for a disk.
 * Locks:   the ledger's, inside.
 * Memory:  none is kept. */
#ifndef ACCOUNT_SNAPSHOT_H
#define ACCOUNT_SNAPSHOT_H

#include <stdatomic.h>

#include "account/tree.h"
#include "ledger/ledger.h"

struct snapshot {
	struct tree        tree;	/* of DIR */
	struct vault      *vault;	/* (s) */
	const char        *store;	/* its file; NULL: none */
	const atomic_bool *stop;	/* (a) true: give up with -ECANCELED */
};

/* Makes DIR/rooms, then a room each. 0 or -errno, as in tree.h. */
int snapshot_begin(struct snapshot *);
int snapshot_ledger(struct snapshot *, struct ledger *);
/* The store, the ceiling, BACKUP, and MANIFEST when all else is on the disk. */
int snapshot_end(struct snapshot *, uint64_t wall);

#endif
