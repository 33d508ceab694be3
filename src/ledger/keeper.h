/* keeper.h -- the thread that looks after what was written
 *
 * SPDX-License-Identifier: MIT
 *
 * Every storage.interval: what was appended to any ledger since is synced
 * (unless fsync is never, or always, when the rooms do it), then its sums are
 * written. Every second: the ceiling is raised if it is near. Every minute:
 * whole segments of which `keep` wants nothing any more are let go. Between
 * these it erases, in small steps.
 *
 * A sync that fails is not tried again, since the kernel may have dropped what
 * it could not write: the ledger's failure is set, and logged.
 *
 * Erasing: the text of the message and of each EDIT of it up to the DELETE is
 * overwritten with spaces, and the values of their "+" attributes with '_',
 * byte for byte, so that nothing moves. Before that the sums of these blocks
 * are made to say nothing, and synced; after it the segment is synced, the
 * sums are written and synced, and the erasure goes back. So a power cut at
 * any moment leaves no block that looks damaged. A block that was damaged
 * before keeps its sum. It may all be done again: the room has the DELETE in
 * its todo until then. While a block changes ledger->erasing is odd, and
 * readers, who may have read the sum before, do not judge it.
 *
 * Threads: keeper_new/start/join/free main; mail from any.
 * Locks:   those of ledgers and of the vault, inside.
 * Memory:  the mail's makers'. */
#ifndef LEDGER_KEEPER_H
#define LEDGER_KEEPER_H

#include "ledger/ledger.h"
#include "sync/thread.h"

struct keeper;

/* A message to be erased. */
struct erasure {
	struct mail     mail;	/* MAIL_ERASE */
	struct ledger  *ledger;	/* referenced by the maker */
	uint64_t        target;	/* the message */
	uint64_t        by;	/* the DELETE: its EDITs are before it */
	struct mailbox *back;	/* where it returns, done or not */
	bool            done;	/* if not it could not be written now */
};

/* Sets vault->keeper; keeper_free() clears it. */
struct keeper *keeper_new(struct vault *);
int keeper_start(struct keeper *);
/* A stop begins: erasures that are not done KEEPER_PATIENCE (ms) later go back
 * undone, to be done by the next start. Any thread. */
enum { KEEPER_PATIENCE = 5000 };
void keeper_hurry(struct keeper *);
/* Syncs and sums all that is left, and ends. No ledger is written to any more,
 * and no mail can come. */
void keeper_stop(struct keeper *);
void keeper_free(struct keeper **);

/* One round, at these times, as the thread would do it: the mail, what is due,
 * and one step of an erasure; for tests, which do not start it. `all`: what is
 * not due too, and every erasure to its end. */
void keeper_round(struct keeper *, uint64_t now, uint64_t wall, bool all);

#endif
