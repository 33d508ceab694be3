/* stream.h -- rooms as they are told: who is in them, and their numbers
 *
 * SPDX-License-Identifier: MIT
 *
 * Functions that return bool take a line and fill in its event, as vanswer()
 * does.
 *
 * Threads: one at a time.
 * Locks:   none.
 * Memory:  rooms and requests stay struct vcrp's. */
#ifndef LIB_STREAM_H
#define LIB_STREAM_H

#include "lib/session.h"

/* The number in the line's id; 0 when that is none of ours. */
int64_t vstream_own_number(const struct vcrp *, const struct vline *);
/* The room whose first request has this number, and which a line with it
 * answers; or NULL. */
struct vroom *vstream_asking(struct vcrp *, int64_t number);
/* The room we ask to be in again by this number; or NULL. */
struct vroom *vstream_rejoining(struct vcrp *, int64_t number);
/* The room's first request is over with this event. */
void vstream_finish(struct vcrp *, struct vroom *, struct vcrp_event *);

/* OK JOIN name last, to number, or to nobody knows what for 0. */
void vstream_joined(struct vcrp *, int64_t number, const char *name,
    uint64_t last);
/* The first line of a direct conversation, of this number, is what joins it.
 * asked: the room of the request that it answers, or NULL. NULL for want of
 * memory. */
struct vroom *vstream_conversation(struct vcrp *, struct vroom *asked,
    const char *name, uint64_t number);
/* We are out of the room that has this name. */
void vstream_out(struct vcrp *, const char *name, struct vcrp_event *);

/* MSG, EDIT, DELETE, REACT, SET and ROLE */
bool vstream_numbered(struct vcrp *, const struct vline *,
    struct vcrp_event *);
bool vstream_gap(struct vcrp *, const struct vline *, struct vcrp_event *);
bool vstream_reset(struct vcrp *, const struct vline *, struct vcrp_event *);
bool vstream_page(struct vcrp *, const struct vline *, struct vcrp_event *);
/* JOIN, LEAVE and SIGNAL */
bool vstream_presence(struct vcrp *, const struct vline *,
    struct vcrp_event *);

#endif
