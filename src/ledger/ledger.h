/* ledger.h -- a room's log on disk
 *
 * SPDX-License-Identifier: MIT
 *
 *     DATA/rooms/ROOM/FIRST.log     the numbered lines as they went out, from
 *                                   number FIRST (16 digits) on: a segment
 *     DATA/rooms/ROOM/FIRST.sum     its sums, sums.h
 *     DATA/rooms/ROOM/todo          lines whose consequences elsewhere are
 *                                   not done yet
 *     DATA/rooms/ROOM/cut-FIRST-AT  what was cut off FIRST.log at byte AT,
 *                                   since it was torn (-1, -2... behind it
 *                                   where there is one already)
 *
 * Numbers in a ledger rise by one, or a line "GAP room from to" stands for
 * those that are not there. In a search it counts as number `from`.
 *
 * Who does what to the files: the room's thread appends; the keeper (keeper.h)
 * syncs, sums, erases and lets go of what is older than `keep`; archive
 * threads read (read.h). What is published with `last` is written.
 *
 * Threads: those marked (r) the room's alone; the rest any.
 * Locks:   its own, rank LOCK_LEDGER, inside.
 * Memory:  counted by reference: the room's one, and one each for what is
 *          under way. */
#ifndef LEDGER_LEDGER_H
#define LEDGER_LEDGER_H

#include <sys/uio.h>

#include "base/slice.h"
#include "ledger/vault.h"

struct ledger;

/* The ledger in that directory, which need not be there. No I/O. */
struct ledger *ledger_new(struct vault *, const char *dir);
/* Its disk use, as vault_each() told of it. */
void ledger_found(struct ledger *, uint64_t size);
struct ledger *ledger_ref(struct ledger *);
void ledger_unref(struct ledger **);

/* (r) Before anything else: reads what is there and repairs its end. A torn
 * tail is cut off and kept aside; where numbers that were told may be missing
 * the next has to be above vault->floor. Returns the number after which to go
 * on (0: there is nothing; the caller chooses), having logged what it found.
 * If the directory cannot be used every append will fail with why. */
uint64_t ledger_load(struct ledger *);
/* (r) Calls fn with the newest `count` lines there are, oldest first. */
void ledger_tail(struct ledger *, unsigned count,
    void (*fn)(struct slice line, void *arg), void *arg);

/* (r) Appends whole lines, numbered first to last without a hole, the first
 * line at `time`; makes the directory if need be. Where `first` is not the
 * next number a GAP line, with the room's name, goes before it. With fsync =
 * always they are synced. 0; or -errno and nothing of it counts: the file is
 * cut back. -ENOSPC, -EDQUOT (storage.limit), -EIO (and from then on always,
 * until ledger_retry(): a sync has failed), -EAGAIN (the ceiling is reached).
 * The pieces may be altered. */
int ledger_append(struct ledger *, struct slice room, struct iovec *,
    unsigned count, uint64_t first, uint64_t last, uint64_t time);

/* (r) todo: lines whose consequences (settings in the store, erasures) are to
 * be done again should the server end before they are; synced unless fsync =
 * never. Before the line itself is appended. -EBUSY when there are too many
 * (64 KiB) undone. */
int ledger_note(struct ledger *, struct slice line);
/* (r) All of them are done; or, the last one, of that length, was not appended
 * after all. */
void ledger_done(struct ledger *);
void ledger_unnote(struct ledger *, size_t len);
/* (r) Calls fn with each line noted, after ledger_load(). */
void ledger_noted(struct ledger *, void (*fn)(struct slice line, void *arg),
    void *arg);

/* (r) The room goes to sleep: the descriptor is given back. */
void ledger_rest(struct ledger *);
/* (r) After a failed sync: tries a new segment. 0 or -errno; the number to go
 * on after is *last_r. */
int ledger_retry(struct ledger *, uint64_t *last_r);

/* The highest number in it that counts; 0 if none. */
uint64_t ledger_last(const struct ledger *);
/* What is older goes: events over `count` (0: any), over `ms` (0: any) old. */
void ledger_keep(struct ledger *, uint64_t ms, uint64_t count);
/* Disk use; why appending fails, as -errno, or 0. */
uint64_t ledger_bytes(const struct ledger *);
int ledger_failure(const struct ledger *);

#endif
