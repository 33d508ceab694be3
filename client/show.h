/* show.h -- an event, as it reads in a terminal
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: any.
 * Locks:   none.
 * Memory:  none. */
#ifndef CLIENT_SHOW_H
#define CLIENT_SHOW_H

#include <stdbool.h>
#include <stddef.h>

#include "vcrp.h"

/* Bytes that a line with all it is shown with, made safe, has at most. */
#define SHOW_MAX	(4 * VCRP_LINE_MAX)

/* One line for the event, safe for a terminal, in text_r of SHOW_MAX bytes.
 * Where it is not of the room current, it says of which one it is. False when
 * there is nothing to show. */
bool show_event(const struct vcrp_event *, const char *current, char *text_r);

#endif
