/* mend.h -- the end of a segment: what counts of it, and what is cut off
 *
 * SPDX-License-Identifier: MIT
 *
 * From the last block that its sums speak of, which is verified, every line
 * must be one and have the next number. What does not is copied to
 * cut-FIRST-AT and cut off, if no sum speaks of it: else it is damage, not a
 * torn end, and stays as it is.
 *
 * Threads: (r); the keeper has nothing of the ledger yet.
 * Locks:   none.
 * Memory:  none. */
#ifndef LEDGER_MEND_H
#define LEDGER_MEND_H

#include "ledger/parts.h"

struct mended {
	uint64_t size;		/* bytes that count */
	uint64_t covered;	/* of which sums speak */
	uint64_t last;		/* highest number; 0: there is no line */
	uint64_t time;		/* latest of an event */
	uint64_t begun;		/* of the first event; 0: not known */
	bool     lost;		/* lines may be missing that were told */
	bool     closed;	/* nothing may be appended to it */
};

/* 0 or -errno: it cannot be opened, or nothing of it can be read. Logs what it
 * finds. */
int segment_mend(struct ledger *, uint64_t first, struct mended *);
/* Puts a segment without a line aside, as cut-FIRST-0; its sums go. */
void segment_put_aside(struct ledger *, uint64_t first);
/* How many bytes of a segment its sums speak of; 0 without any. */
uint64_t segment_covered(struct ledger *, uint64_t first, struct sum *last_r);

#endif
