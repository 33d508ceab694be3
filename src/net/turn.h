/* turn.h -- some of what a stream has, from a member's position on
 *
 * SPDX-License-Identifier: MIT
 *
 * Live members are given the stream as it stands. Below `live` (what was before
 * a JOIN, or before a laggard came back) the ephemeral lines are left out.
 * Nothing is copied: a turn is good as long as its feed holds the chunks.
 *
 * Threads: the io thread's.
 * Locks:   none.
 * Memory:  the caller's. */
#ifndef NET_TURN_H
#define NET_TURN_H

#include <sys/uio.h>

#include "room/member.h"

enum {
	TURN_PARTS = 32,
	TURN_BYTES = 262144
};

/* What one turn sends, and where the reader is after each part of it. */
struct turn {
	struct iovec  iov[TURN_PARTS];
	struct chunk *chunk[TURN_PARTS];
	uint32_t      off[TURN_PARTS];
	unsigned      parts;
	size_t        bytes;
	struct chunk *end_chunk;
	uint32_t      end_off;
};

/* Some `most` bytes, up to `live`, the member's end or the stream's. Parts are
 * whole lines, but for the first of a member whose line is begun. */
void turn_gather(const struct member *, struct turn *, size_t most);
/* Moves the reader behind n of the turn's bytes. */
void turn_advance(struct member *, const struct turn *, size_t n);
/* Of the line at `off`, with its LF, which is before `end`. */
uint32_t turn_line(const struct chunk *, uint32_t off, uint32_t end);

#endif
