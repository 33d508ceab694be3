/* tail.c -- the newest lines of a ledger
 *
 * SPDX-License-Identifier: MIT */
#include "ledger/parts.h"

void
ledger_tail(struct ledger *l, unsigned count,
    void (*fn)(struct slice line, void *arg), void *arg)
{
	(void)l, (void)count, (void)fn, (void)arg;
}
