/* repeats.h -- nothing twice: the ids of what was said last
 *
 * SPDX-License-Identifier: MIT
 *
 * Of the room's newest events that a client may repeat, those that carried an
 * id are remembered as a keyed 128-bit hash of name and id, a hash of what,
 * and the time, by which a guest is told from an earlier one of its name.
 *
 * Threads: the room's.
 * Locks:   none.
 * Memory:  56 bytes an id, up to the limit; none before the first. */
#ifndef ROOM_REPEATS_H
#define ROOM_REPEATS_H

#include "proto/words.h"
#include "room/people.h"

struct repeat;

struct repeats {
	struct repeat *ring;
	uint32_t      *heads;		/* of chains, by hash; index + 1 */
	uint32_t       size;		/* of the ring and of heads */
	uint32_t       limit;		/* events, with an id or without */
	uint32_t       oldest, count;	/* in the ring */
	uint64_t       events;		/* so far */
	uint32_t       fresh;		/* of them, not settled */
	uint32_t       fresh_ids;	/* of these, in the ring */
	unsigned char  secret[16];
};

/* An event as far as it matters here. */
struct said {
	struct slice        key;	/* of the name */
	uint64_t            time;	/* ms since 1970 */
	uint64_t            number;
	const struct words *words;	/* command, id, words, text */
	bool                erased;	/* the text is not known any more: any
					 * text is the same */
};

void repeats_init(struct repeats *, uint32_t limit);
void repeats_fini(struct repeats *);

/* The number under which this person said the line with its id before; 0 if
 * it did not. *same_r: it was the very same thing. */
uint64_t repeats_find(const struct repeats *, const struct person *,
    const struct words *, bool *same_r);
/* It was said, unless it is taken back. */
void repeats_note(struct repeats *, const struct said *);
/* What was noted since the last of these stays; or was not said after all. */
void repeats_settle(struct repeats *);
void repeats_undo(struct repeats *);

#endif
