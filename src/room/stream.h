/* stream.h -- a room's broadcast queue: one copy, readers are positions
 *
 * SPDX-License-Identifier: MIT
 *
 * A chain of chunks that holds the very lines that go out. The room's thread
 * renders at the end and publishes a batch at once; a member is a position,
 * and writing to one is sending from its position to the end. What is kept is
 * the window: when it is full its oldest chunk is let go, and a reader that
 * was still there learns so by the stream's start having passed it. The reader
 * pays for being slow, with a GAP; the writer never waits, and memory is the
 * window however slow anybody is.
 *
 *       start                                     published     end
 *         |                                            |         |
 *     +---v------+   +----------+   +----------+   +---v-----+   |
 *     | chunk    |-->| chunk    |-->| chunk    |-->| chunk   |   |
 *     +----------+   +----------+   +----------+   +---------+   |
 *          ^ laggard       ^ member      members ^ ^ ^     the batch
 *
 * Positions are counted in bytes from the beginning of the stream's life.
 *
 * Threads: all functions but stream_start() are for the room's thread.
 * Locks:   none.
 * Memory:  window + one chunk, and what readers still hold for one pass. */
#ifndef ROOM_STREAM_H
#define ROOM_STREAM_H

#include <stdbool.h>

#include "base/slice.h"
#include "sync/chunk.h"

struct stream {
	struct chunk     *head;		/* (o) the oldest kept; referenced */
	struct chunk     *tail;		/* (o) */
	struct chunk     *shown;	/* (o) the last that readers may see */
	uint32_t          fill;		/* (o) bytes in the tail */
	uint32_t          shown_fill;	/* (o) of them, published */
	uint64_t          window;	/* (c) bytes */
	uint64_t          last;		/* (o) number given last */
	uint64_t          floor;	/* (o) nothing below is shown again */
	_Atomic uint64_t  start;	/* (a) where head begins */
};

/* An end of the stream that may be gone back to. */
struct stream_mark {
	struct chunk *tail;
	uint32_t      fill;
	uint64_t      last;
};

void stream_init(struct stream *, uint64_t window, uint64_t last);
void stream_fini(struct stream *);

/* Space for one line of at most `bound` bytes; then how many it took, and
 * whether it was numbered (last + 1). */
char *stream_reserve(struct stream *, size_t bound);
void stream_commit(struct stream *, size_t len, bool numbered);
/* Takes back what was committed since the mark, none of it published; no
 * place beyond it may have been given away. */
struct stream_mark stream_mark(const struct stream *);
void stream_rewind(struct stream *, const struct stream_mark *);
/* The numbers up to `last` are not given; a GAP line was committed, unnumbered,
 * that says so. */
void stream_skip(struct stream *, uint64_t last);
/* Shows readers what was committed since, all of it at once, and moves the
 * window. True if there was anything to show. */
bool stream_publish(struct stream *);

/* It has only what a quiet room has: there is nothing worth shrinking. */
bool stream_is_small(const struct stream *);
/* Lets all of the window go, of which nothing is unpublished: the log has it.
 * False: it is small. */
bool stream_shrink(struct stream *);

/* Where the next line will begin. */
uint64_t stream_end(const struct stream *);
/* The lowest number that may still be shown; last + 1 if none is. */
uint64_t stream_oldest(const struct stream *);
/* From now on nothing below `number` is shown to who was not there. */
void stream_raise(struct stream *, uint64_t number);
/* The place of the event `number`, or of the GAP it is in, or of the end if it
 * is last + 1; it must be at least stream_oldest(). *chunk_r is referenced for the caller. */
void stream_seek(const struct stream *, uint64_t number,
    struct chunk **chunk_r, uint32_t *off_r);
/* The line of an event, unless it is not there any more. Good until the next
 * stream_publish(). */
bool stream_line(const struct stream *, uint64_t number,
    struct slice *line_r);
/* Calls fn with every line from the event's to the end. */
void stream_walk(const struct stream *, uint64_t number,
    void (*fn)(struct slice line, void *arg), void *arg);

/* Any thread: readers below it have lost their place. */
uint64_t stream_start(const struct stream *);

#endif
