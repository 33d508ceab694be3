/* scribe.h -- a data directory of a test's own, and what is written in it
 *
 * SPDX-License-Identifier: MIT
 *
 * Ledgers are written to as a room does, and the files are looked at as they
 * are. Where a call cannot fail it is asserted.
 *
 * Threads: one.
 * Locks:   those of what is tested.
 * Memory:  scribe_free() frees all, and removes the directory. */
#ifndef TESTS_SCRIBE_H
#define TESTS_SCRIBE_H

#include "ledger/keeper.h"
#include "ledger/parts.h"

enum { SCRIBE_PATH = 512 };

/* The time of an event is this and its number. */
#define SCRIBE_WALL UINT64_C(1700000000000)

struct scribe {
	struct config *config;
	struct vault  *vault;
	struct keeper *keeper;
	char           dir[64];
	char           life[LIFE_BYTES + 1];
};

/* With the smallest segments there are, of 64 KiB. */
struct scribe *scribe_new(enum config_sync);
void scribe_free(struct scribe **);
/* Without any order: nothing is synced, summed or erased any more. Ledgers
 * were given back. */
void scribe_kill(struct scribe *);
void scribe_start(struct scribe *);

/* The ledger of a room, loaded. */
struct ledger *scribe_ledger(struct scribe *, const char *room);
/* Appends "VERB room number time ~alice REST", one line, whose number is the
 * next, or `number` unless that is 0. Returns the number. */
uint64_t scribe_add(struct ledger *, uint64_t number, const char *verb,
    const char *rest);
/* The same of a message that may be refused: what ledger_append() says. */
int scribe_say(struct ledger *, uint64_t number, const char *text);
/* A message of so many bytes in all. */
uint64_t scribe_fill(struct ledger *, size_t len);
/* Messages until there are so many segments. */
void scribe_until(struct ledger *, unsigned segments);

/* Of the keeper, which has it done. */
void scribe_settle(struct scribe *);

/* The same, with an erasure: was it done? */
bool scribe_erase(struct scribe *, struct ledger *, uint64_t target,
    uint64_t by);

/* A file of the room's, whole, terminated; NULL if there is none. */
char *scribe_read(struct scribe *, const char *room, uint64_t first,
    const char *suffix, size_t *len_r);
void scribe_write(struct scribe *, const char *room, uint64_t first,
    const char *suffix, size_t at, const char *bytes, size_t len);
void scribe_remove(struct scribe *, const char *room, uint64_t first,
    const char *suffix);
/* How often the text is in the room's logs, as they are on the disk. */
unsigned scribe_count(struct scribe *, struct ledger *, const char *text);
/* Does each block that there is have a sum, of all its bytes, that agrees? */
bool scribe_summed(struct scribe *, struct ledger *);
/* Does each sum that there is agree? */
bool scribe_undamaged(struct scribe *, struct ledger *);
unsigned scribe_segments(struct ledger *);
struct segment scribe_segment(struct ledger *, unsigned i);

#endif
