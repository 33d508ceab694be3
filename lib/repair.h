/* repair.h -- rooms in datagrams: what was lost is asked for, nothing is told
 *             twice, and all in its order
 *
 * SPDX-License-Identifier: MIT
 *
 * A room is known to have more than we have by an event that came early, by
 * AT, and by the answer to JOIN. It is asked for from the cursor on, one JOIN
 * at a time: until the AT behind its replay, or for a while. What came early
 * is kept, VEARLY_MAX bytes of it for all rooms, and has its turn when what
 * is before it was told.
 *
 * A room of which nothing was heard for so long that two AT must have been
 * lost is asked for as well: we may be out of it. And when the AT behind an
 * event does not come the server is asked for anything at all: our address may
 * be another, which it learns by that.
 *
 * Threads: one at a time.
 * Locks:   none.
 * Memory:  kept lines are their rooms'. */
#ifndef LIB_REPAIR_H
#define LIB_REPAIR_H

#include "lib/session.h"

#define VEARLY_MAX	262144

/* These say whether a line is for the program now. */

/* An event of this number, by a line as it came, of a room or of none that is
 * known; asked: the room whose first request it answers, or NULL. */
bool vrepair_event(struct vcrp *, struct vroom *, struct vroom *asked,
    const struct vcrp_event *);
bool vrepair_gap(struct vcrp *, struct vroom *, uint64_t from, uint64_t to);
bool vrepair_reset(struct vroom *, uint64_t last);
/* ROOM, which may be what tells of a direct conversation. */
bool vrepair_room(struct vcrp *, const char *name, uint64_t last);
bool vrepair_read(struct vcrp *, const char *name, uint64_t number);
/* OK SAY and the like: not before the event that it is about. */
bool vrepair_done(struct vcrp *, int64_t request, const char *name,
    uint64_t number);
/* An answer to what was answered before? */
bool vrepair_is_stale(struct vcrp *, int64_t number);

/* OK JOIN to a JOIN of ours that the program knows nothing of; else false. */
bool vrepair_joined(struct vcrp *, int64_t number, uint64_t last);
/* The room that was asked for by this number; or NULL. */
struct vroom *vrepair_asking(struct vcrp *, int64_t number);
/* The program's JOIN, or the one after an interruption, was answered. */
void vrepair_begin(struct vcrp *, struct vroom *, int64_t number);

/* What was in between is lost. */
void vrepair_hole(struct vcrp *);
void vrepair_at(struct vcrp *, const char *name, uint64_t last);

/* Asks for what is missing of the room, when that is due. */
void vrepair_pump(struct vcrp *, struct vroom *, int64_t now);
int64_t vrepair_deadline(const struct vroom *);
/* Takes into v->line the next line that was early. */
bool vrepair_take(struct vcrp *);
/* The connection is over. */
void vrepair_forget(struct vcrp *, struct vroom *);
/* This number will be asked for no more, but may yet be answered. */
void vrepair_retire(struct vcrp *, int64_t number);

#endif
