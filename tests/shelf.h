/* shelf.h -- a ledger whose segments a test writes byte by byte, and what is to
 *            be read in it
 *
 * SPDX-License-Identifier: MIT
 *
 * What is to be read is found in the plainest way: line by line, of what was
 * written, leaving out those that touch a block that was damaged, and the one
 * that begins behind it, of which nobody can know.
 *
 * Threads: one.
 * Locks:   those of what is tested.
 * Memory:  shelf_free() frees all, and removes the directory. */
#ifndef TESTS_SHELF_H
#define TESTS_SHELF_H

#include "ledger/parts.h"
#include "ledger/read.h"

enum { SHELF_SEGMENTS = 8, SHELF_BLOCKS = 64 };

/* The time of an event is this and its number. */
#define SHELF_WALL UINT64_C(1700000000000)
#define SHELF_SUMMED UINT64_MAX

struct shelf_segment {
	uint64_t     first;
	struct blob *bytes;
	bool         lost;		/* none of it can be read */
	bool         bad[SHELF_BLOCKS];
};

struct shelf {
	struct config       *config;
	struct vault        *vault;
	struct ledger       *ledger;
	char                 dir[64];
	struct shelf_segment segments[SHELF_SEGMENTS];
	unsigned             count;	/* of those that were put there */
	struct blob         *bytes;	/* of the one that is being made */
	uint64_t             first;
	uint64_t             next;	/* number */
	unsigned             seed;
};

struct shelf *shelf_new(uint64_t first);
void shelf_free(struct shelf **);

/* The next line of the segment that is being made: a message, of so many bytes
 * in all, or with that text. */
void shelf_fill(struct shelf *, size_t len);
void shelf_say(struct shelf *, const char *text);
/* Lines of any lengths, some of them very long, until there are so many
 * bytes; they are the same ones for the same beginning. */
void shelf_mix(struct shelf *, size_t bytes);
/* So many numbers are not there, and a GAP says so. */
void shelf_skip(struct shelf *, uint64_t numbers);
/* The segment is whole; `summed` bytes of it have sums. */
void shelf_put(struct shelf *, uint64_t summed);

/* Flips a bit, of a block that is then known to be bad. */
void shelf_flip(struct shelf *, unsigned segment, uint64_t at);
/* Writes into a file as it is. */
void shelf_write(struct shelf *, unsigned segment, const char *suffix,
    uint64_t at, const char *bytes, size_t len);
void shelf_path(struct shelf *, unsigned segment, const char *suffix,
    char path_r[LEDGER_PATH]);
/* Lets the oldest segment go, as retention does. */
void shelf_drop(struct shelf *);

/* All that is to be read from a number on: NULL if it is nothing. */
struct blob *shelf_from(const struct shelf *, uint64_t next);
bool shelf_same(const struct blob *, struct slice);
/* All that is there from a number on, in slices. */
struct blob *shelf_read(struct shelf *, uint64_t next, size_t most);

#endif
