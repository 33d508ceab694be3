/* erase.h -- overwrites the text of what was deleted, a step at a time
 *
 * SPDX-License-Identifier: MIT
 *
 * The log is read from the message to the DELETE. What is to be overwritten is
 * gathered, and done a segment at a time (keeper.h says in which order). The
 * steps are small, so that the keeper can do in between what cannot wait;
 * segments may be let go meanwhile.
 *
 * Threads: the keeper's.
 * Locks:   the ledger's, inside.
 * Memory:  the erasures are the eraser's until it sends them back. */
#ifndef LEDGER_ERASE_H
#define LEDGER_ERASE_H

#include "ledger/keeper.h"

enum { ERASE_STEP = 1024 * 1024 };	/* bytes read in a step at most */

struct eraser;

/* All of one ledger, none of them empty; one reading for all of them. */
struct eraser *eraser_new(struct mail_chain *erasures);
/* False: it is over, and all erasures were sent back. */
bool eraser_step(struct eraser *);
/* Sends them all back, undone. */
void eraser_give_up(struct eraser *);
void eraser_free(struct eraser **);

#endif
