/* record.h -- what one room has said, as the first to receive it received it
 *
 * SPDX-License-Identifier: MIT
 *
 * All members of a room are promised the very same bytes in the same order. So
 * the first member that receives a numbered line has it examined and recorded,
 * and every other member's input is compared with the record, a block at a
 * time: an exact check of each delivery at the price of a memcmp.
 *
 * The record is a ring of bytes and a ring of lines; offsets and numbers in it
 * only grow. It begins where `tail` and `first` say; lines in it have every
 * number from `first` to `next` - 1.
 *
 * Threads: one.
 * Locks:   none.
 * Memory:  record_init() allocates little; rings grow up to RECORD_MAX. */
#ifndef BENCH_RECORD_H
#define BENCH_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORD_MAX (8u << 20)

struct member;

struct said {
	uint64_t end;	   /* offset behind its LF */
	uint64_t sent;	   /* ns */
	uint64_t number;   /* among its speaker's messages */
	struct member *by; /* NULL: nobody of this run */
};

struct record {
	char *bytes;
	size_t size;   /* a power of two */
	uint64_t tail; /* offset of the line numbered `first` */
	uint64_t end;
	struct said *lines;
	size_t slots; /* a power of two */
	uint64_t first;
	uint64_t next;
};

void record_init(struct record *r);
void record_fini(struct record *r);

/* Forgets all lines; the next one appended has this number. */
void record_restart(struct record *r, uint64_t number);

/* Whether a line of `len` bytes fits as things stand. */
bool record_fits(const struct record *r, size_t len);

/* Doubles the rings; false when they are as large as they may be. */
bool record_grow(struct record *r);

/* Forgets the lines numbered below `number`. */
void record_trim(struct record *r, uint64_t number);

/* Appends the line numbered `next`. It must fit; `end` is worked out here. */
void record_append(
    struct record *r, const char *line, size_t len, const struct said *said);

/* The line with this number, which must be recorded. */
struct said *record_line(const struct record *r, uint64_t number);

/* Where the line with this number begins, recorded or the next one. */
uint64_t record_begin(const struct record *r, uint64_t number);

/* How many of the `len` bytes are those recorded from offset `at` on. */
size_t record_match(
    const struct record *r, uint64_t at, const char *data, size_t len);

/* Copies recorded bytes out. */
void record_copy(const struct record *r, uint64_t from, uint64_t to, char *dst);

#endif
