/* listing.h -- what is in a room's directory
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: any; may block.
 * Locks:   none.
 * Memory:  the caller's, freed by listing_fini(). */
#ifndef LEDGER_LISTING_H
#define LEDGER_LISTING_H

#include "ledger/parts.h"

struct firsts {
	uint64_t *at; /* rising */
	unsigned count;
	unsigned space;
};

struct listing {
	struct firsts logs; /* FIRST of every FIRST.log */
	struct firsts sums;
	unsigned others; /* names that are none of ours */
	char other[64];	 /* one of them */
};

/* 0 or -errno; to be freed in any case. */
int listing_init(struct listing *, struct vault *, const char *dir);
void listing_fini(struct listing *);
/* "DIR/FIRST.log", or ".sum". */
void listing_path(const char *dir, uint64_t first, const char *suffix,
    char path_r[LEDGER_PATH]);
/* Is it one of them? */
bool firsts_hold(const struct firsts *, uint64_t first);

#endif
