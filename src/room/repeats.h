/* repeats.h -- nothing twice: the ids of what was said last
 *
 * SPDX-License-Identifier: MIT
 *
 * Of the room's newest events that a client may repeat, those that carried an
 * id are remembered as a keyed 128-bit hash of who and id, and a hash of what.
 *
 * Threads: the room's.
 * Locks:   none.
 * Memory:  48 bytes an id, up to the limit; none before the first. */
#ifndef ROOM_REPEATS_H
#define ROOM_REPEATS_H

#include "room/people.h"
#include "proto/words.h"

struct repeat;

struct repeats {
	struct repeat *ring;
	uint32_t      *heads;		/* of chains, by hash; index + 1 */
	uint32_t       size;		/* of the ring and of heads */
	uint32_t       limit;		/* events, with an id or without */
	uint32_t       oldest, count;	/* in the ring */
	uint64_t       events;		/* so far */
	unsigned char  secret[16];
};

void repeats_init(struct repeats *, uint32_t limit);
void repeats_fini(struct repeats *);

/* The number under which this person said the line with its id before; 0 if
 * it did not. *same_r: it was the very same thing. */
uint64_t repeats_find(const struct repeats *, const struct person *,
    const struct words *, bool *same_r);
/* The line was said under this number. */
void repeats_note(struct repeats *, const struct person *,
    const struct words *, uint64_t number);

#endif
