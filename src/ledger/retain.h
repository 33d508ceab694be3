/* retain.h -- old segments are let go
 *
 * SPDX-License-Identifier: MIT
 *
 * A segment goes as a whole, when nothing in it is to be kept; the last one
 * never. The oldest goes first and its log before its sums, so that whatever
 * ends this in between leaves a shorter beginning and no hole.
 *
 * Threads: the keeper's.
 * Locks:   the ledger's, inside.
 * Memory:  none of its own. */
#ifndef LEDGER_RETAIN_H
#define LEDGER_RETAIN_H

#include "ledger/parts.h"

/* Has it a bound? */
bool retain_bounded(const struct ledger *);
/* As of wall. 0, or -errno, logged unless `told`: the rest stays for now. */
int retain(struct ledger *, uint64_t wall, bool told);

#endif
