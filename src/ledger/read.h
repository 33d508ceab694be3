/* read.h -- reading a ledger: slices for who fell behind, pages, one line,
 *           words
 *
 * SPDX-License-Identifier: MIT
 *
 * All that is given is whole lines, as they were said, and verified: the
 * blocks they lie in agree with their sums, or have none. For what is damaged,
 * was let go, or is missing there is a line "GAP room from to" in its place;
 * damage is logged once a block.
 *
 * A number is found by binary search: over the segments by their names, in
 * one by reading a line here and there. There is no index.
 *
 * Threads: any, that may wait for a disk; the archives'.
 * Locks:   the ledger's, inside.
 * Memory:  blobs belong to the caller. */
#ifndef LEDGER_READ_H
#define LEDGER_READ_H

#include "ledger/ledger.h"
#include "sync/blob.h"

/* Where a reader is, as a hint: the number is what counts. */
struct spot {
	uint64_t segment;	/* its first number; 0: not known */
	uint64_t at;		/* byte of the line with the next number */
};

/* The lowest number that may still be given: that of the oldest segment, or
 * higher as `keep` says, as of wall. Above ledger_last() if none. */
uint64_t ledger_oldest(struct ledger *, uint64_t wall);

/* Lines from number *next on, some `most` bytes of them (at least one line),
 * appended to *bytes, of which there may be none at the end. *next becomes the
 * number after the last of them, *spot where that is. room: its name, for
 * GAPs. 0 or -errno (it cannot be read now). */
int ledger_read(struct ledger *, struct slice room, uint64_t *next,
    struct spot *spot, size_t most, struct blob **bytes);

/* The newest lines numbered below `before` (UINT64_MAX: of all) and not below
 * `oldest`, `count` of them at most and some `most` bytes, oldest first; a GAP
 * is one. *count_r: how many. */
int ledger_page(struct ledger *, struct slice room, uint64_t oldest,
    uint64_t before, unsigned count, size_t most, struct blob **bytes_r,
    unsigned *count_r);

/* The line of one number: 1, 0 if there is none, or -errno. */
int ledger_line(struct ledger *, uint64_t number, struct blob **line_r);

/* What a search looks for; folded as names are not: case, accents and
 * compatibility forms do not count. */
struct words_sought;
/* NULL if the text has no word; or none but in fold's eyes. */
struct words_sought *words_sought_new(struct slice text);
void words_sought_free(struct words_sought **);
bool words_sought_in(const struct words_sought *, struct slice text);

/* The newest MSG and EDIT lines below `before` and not below `oldest` that hold
 * all the words, `count` and `most` bytes at most, oldest first. It looks at
 * some `work` bytes of log at most: *from_r is the lowest number it has looked
 * at; `oldest` or lower when it has seen all. */
int ledger_search(struct ledger *, const struct words_sought *,
    uint64_t oldest, uint64_t before, unsigned count, size_t most,
    size_t work, struct blob **bytes_r, unsigned *count_r,
    uint64_t *from_r);

#endif
