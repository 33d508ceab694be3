/* collect.h -- answers of several lines in datagrams: whole, or asked again
 *
 * SPDX-License-Identifier: MIT
 *
 * The lines of an answer (a PAGE and its events, NAMES, ROOM, STAT, NOTICE)
 * are kept until the OK behind them comes and none is missing; then they are
 * told as a stream would have brought them. Else it is asked again. The events
 * of a room's history have numbers that tell whether all are here, so those of
 * several answers are put together.
 *
 * Threads: one at a time.
 * Locks:   none.
 * Memory:  lines are owned by struct vcrp, VCOLLECT_MAX bytes of them. */
#ifndef LIB_COLLECT_H
#define LIB_COLLECT_H

#include "lib/session.h"

#define VCOLLECT_MAX	1048576

/* Is v->line such a line, or an OK that comes too early? Then it is not to be
 * told now. */
bool vcollect_takes(struct vcrp *, const struct vline *);
/* What was in between is lost. */
void vcollect_hole(struct vcrp *);
/* The request is sent, again maybe. */
void vcollect_begin(struct vcrp *);
/* Takes into v->line the next line of an answer that is whole. */
bool vcollect_take(struct vcrp *);
/* Nothing of it will come any more. */
void vcollect_forget(struct vcrp *);

#endif
