/* find.h -- where in a segment something is, by bisection
 *
 * SPDX-License-Identifier: MIT
 *
 * What is read for it is not verified, so that it is cheap: what is found is
 * a hint, which damage can make wrong.
 *
 * Threads: the reader's.
 * Locks:   none.
 * Memory:  none. */
#ifndef LEDGER_FIND_H
#define LEDGER_FIND_H

#include "ledger/blocks.h"

/* A line of a segment. */
struct mark {
	uint64_t at;		/* its first byte */
	uint64_t number;	/* 0: there is no such line */
	uint64_t to;		/* the same; of a GAP the last it is for */
	uint64_t time;		/* 0 of a GAP */
};

/* The last line whose number is not above that. */
struct mark find_number(const struct reader *, uint64_t number);
/* The last event that is older than that. */
struct mark find_time(const struct reader *, uint64_t time);
/* The first event. */
struct mark find_first(const struct reader *);

#endif
