/* tally.h -- checks what members receive, sender by sender
 *
 * SPDX-License-Identifier: MIT
 *
 * Most protocols promise no one order for all members of a room, nor the same
 * bytes. So every message of every member is parsed: it must be of the
 * member's room, the next of its sender, and whole.
 *
 * Threads: one.
 * Locks:   none.
 * Memory:  a member that receives messages has an array with a number for each
 *          sender of its room; load_fini() frees it. */
#ifndef BENCH_TALLY_H
#define BENCH_TALLY_H

#include "load.h"

/* For struct protocol. */
void tally_take(struct load *l, struct member *m, char *data, size_t len);
unsigned tally_behind(const struct load *l);

#endif
