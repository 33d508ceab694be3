/* chunk.h -- append-only pieces of a stream, shared by counting
 *
 * SPDX-License-Identifier: MIT
 *
 * One thread writes: it fills a chunk behind its published length and then
 * publishes (release); readers read up to the length they see (acquire). A
 * full chunk gets a successor, and holds a reference on it: who holds a chunk
 * holds everything after it, so that a reader keeps one reference for any
 * number of positions. Whole lines only: no line spans two chunks.
 *
 * Threads: see each function.
 * Locks:   none.
 * Memory:  freed with the last reference, and then, in turn, what only it
 *          held. */
#ifndef SYNC_CHUNK_H
#define SYNC_CHUNK_H

#include <stdatomic.h>
#include <stdint.h>

struct chunk {
	_Atomic(struct chunk *) next;	/* (a) published with the first byte */
	atomic_uint      refs;		/* (a) */
	_Atomic uint32_t len;		/* (a) bytes that readers may see */
	uint32_t         size;		/* (c) */
	uint64_t         start;		/* (c) where data[0] is in the stream */
	uint64_t         number;	/* (c) of the first event at or after it */
	struct chunk    *after;		/* (o) the writer's: next, or to be */
	uint32_t         fill;		/* (o) the writer's: len, or to be */
	char             data[];
};

/* One reference, the caller's. */
struct chunk *chunk_new(uint32_t size, uint64_t start, uint64_t number);
/* Any thread that holds a reference. */
struct chunk *chunk_ref(struct chunk *);
/* Any thread. Takes NULL; clears the caller's pointer first. */
void chunk_unref(struct chunk **);

/* How many bytes a reader at `off` may read, moving to the next chunk when
 * this one is at its end; 0 if it has read all. Any thread that holds *at or
 * something before it. */
uint32_t chunk_ready(struct chunk **at, uint32_t *off);

#endif
