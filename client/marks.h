/* marks.h -- how far an account has read in the room that is looked at
 *
 * SPDX-License-Identifier: MIT
 *
 * The server is told every few seconds at most, and it tells the account's
 * other connections. A server that knows nothing of it is told no more.
 *
 * Threads: main.
 * Locks:   none.
 * Memory:  part of the struct. */
#ifndef CLIENT_MARKS_H
#define CLIENT_MARKS_H

#include <stdbool.h>
#include <stdint.h>

#include "vcrp.h"

struct marks {
	char     room[VCRP_LINE_MAX];	/* "" for none */
	uint64_t seen;		/* the newest that was shown in it */
	uint64_t told;		/* what the server knows */
	uint64_t border;	/* where one had read to on entering; or 0 */
	bool     behind;	/* something from before the border was shown */
	bool     refused;
	int64_t  due;		/* when to tell it; 0 for not at all */
	int64_t  request;	/* that is under way; or 0 */
	char     next_room[VCRP_LINE_MAX];	/* whose mark came with JOIN */
	uint64_t next_mark;
};

/* Takes note of an event; true when it concerns marks alone. */
bool marks_note(struct marks *, const struct vcrp_event *);
/* Another room is looked at; what was seen of the last one is told. */
void marks_enter(struct marks *, struct vcrp *, const char *room);
/* An event is about to be shown: is it the first one not read before? */
bool marks_cross(struct marks *, const struct vcrp *,
    const struct vcrp_event *);
/* How many ms until there is something to tell; -1 for nothing. */
int marks_wait(const struct marks *);
/* Tells it, if it is due, or all. */
void marks_tell(struct marks *, struct vcrp *, bool all);

#endif
