/* blocks.h -- a segment's bytes, verified against its sums
 *
 * SPDX-License-Identifier: MIT
 *
 * Only what is published is read. Where a block and its sum differ it is read
 * again, a few times: both may just have changed.
 *
 * Threads: a reader is one thread's.
 * Locks:   the ledger's, inside.
 * Memory:  a reader owns two descriptors. */
#ifndef LEDGER_BLOCKS_H
#define LEDGER_BLOCKS_H

#include "ledger/parts.h"

enum { BLOCKS_MOST = 5 };	/* read at one time */

struct reader {
	struct ledger *ledger;
	struct segment segment;	/* as it was when it was last looked at */
	uint64_t       lower;	/* the lowest that can be missing in it */
	uint64_t       upper;	/* the highest number it can have */
	int            log;	/* -1: it cannot be read at all */
	int            sum;	/* -1: it has none */
};

enum block {
	BLOCK_SURE,	/* its sum is one of all that there is of it */
	BLOCK_UNSURE,	/* it has none, or of a part; or it is being erased */
	BLOCK_DIFFERS,
	BLOCK_LOST	/* the file has not got it, or it cannot be read */
};

struct blocks {
	unsigned   count;
	size_t     len;		/* bytes; the last may be short */
	enum block state[BLOCKS_MOST];
};

static inline bool
block_is_good(enum block b)
{
	return b <= BLOCK_UNSURE;
}

/* Opens the segment in which a number is, or would be. 1; 0: there is none;
 * -errno: it cannot be read now. To be closed in any case. */
int reader_open(struct reader *, struct ledger *, uint64_t number);
void reader_close(struct reader *);

/* Reads some blocks from that one on, `count` of them at most. What is found
 * damaged is logged. -errno: it cannot be read now. None of them: the segment
 * ends there. */
int blocks_read(struct reader *, uint64_t block, unsigned count, char *bytes,
    struct blocks *);

#endif
