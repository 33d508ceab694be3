/* settle.h -- what was appended to a ledger is synced, then summed
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: the keeper's.
 * Locks:   the ledger's, inside.
 * Memory:  none of its own. */
#ifndef LEDGER_SETTLE_H
#define LEDGER_SETTLE_H

#include "ledger/parts.h"

/* One round's, for all ledgers. */
struct settling {
	uint64_t bytes;		/* that may still be summed in it */
	bool     failed;	/* something is to be tried again */
	bool     told;		/* the log knows that something fails */
};

/* Syncs each segment that has more than was synced, as storage.fsync says. */
void settle_sync(struct ledger *, struct settling *);
/* Writes the sums of what is synced. */
void settle_sum(struct ledger *, struct settling *);
/* Is there anything left to be done? */
bool settle_due(struct ledger *);

/* If the ledger has a failure: no segment that wants a sync gets another. Any
 * thread. */
void settle_lose(struct ledger *);
/* A sync of the segment failed: this is its ledger's failure from now on. */
void settle_fail(struct ledger *, uint64_t first, int why);

/* The newest segment's or an older one's own fields, under the lock; NULL if
 * it is not there any more. */
struct segment *settle_segment(struct ledger *, uint64_t first);

#endif
