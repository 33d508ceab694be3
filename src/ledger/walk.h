/* walk.h -- a ledger's lines from one number on, and GAPs for what is not there
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: one at a time.
 * Locks:   none.
 * Memory:  the blob's maker's. */
#ifndef LEDGER_WALK_H
#define LEDGER_WALK_H

#include "ledger/parts.h"
#include "ledger/read.h"

struct walk {
	struct ledger *ledger;
	struct slice   room;	/* for GAPs */
	uint64_t       next;	/* the number wanted */
	uint64_t       until;	/* from this number on nothing is wanted */
	uint64_t       least;	/* no GAP is to begin below it, at first */
	struct spot    spot;	/* of the line with the number `next` */
	size_t         most;	/* bytes that the blob may get to */
	struct blob  **bytes;
	bool           damaged;	/* a GAP was made at a segment's end */
};

/* Goes on, within one segment, until the blob is that large: 1. 0: there was
 * nothing that is wanted; -errno: it cannot be read now. */
int walk_on(struct walk *);

#endif
