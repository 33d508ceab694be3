/* pace.h -- a slow room: when did somebody speak last?
 *
 * SPDX-License-Identifier: MIT
 *
 * Kept by name and not by membership, so that leaving and coming back does not
 * help.
 *
 * Threads: the room's.
 * Locks:   none.
 * Memory:  an entry for each who spoke within the pause, and at most as many
 *          that are over. */
#ifndef ROOM_PACE_H
#define ROOM_PACE_H

#include "base/table.h"

struct pace {
	struct table people;
	size_t       sweep_at;	/* entries */
};

void pace_init(struct pace *);
void pace_fini(struct pace *);
/* How many milliseconds who has this key must still wait before speaking
 * again; 0: it may, and does so now. Nobody's pause is over `most`. Times are
 * clock_ms(). */
uint64_t pace_take(struct pace *, struct slice key, uint64_t now,
    uint64_t pause, uint64_t most);

#endif
