/* event.h -- what happens in a room, as the one line that everybody gets
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: any.
 * Locks:   none.
 * Memory:  the caller's. */
#ifndef PROTO_EVENT_H
#define PROTO_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct event {
	const char  *verb;
	struct slice attrs;	/* relayed, without the @; may be empty */
	struct slice room;
	uint64_t     number;	/* 0: an ephemeral event, without a time */
	uint64_t     time;	/* milliseconds since 1970 */
	struct slice name;
	struct slice word[2];	/* what follows the name; empty: not there */
	struct slice text;	/* empty: not there */
};

/* A bound on what event_render() writes for it. */
size_t event_bound(const struct event *);
/* Writes the line with its LF; returns its length. */
size_t event_render(const struct event *, char *at);

/* The number of a rendered line, 0 if it is ephemeral. */
uint64_t event_number(struct slice line);
/* The text was erased: it is nothing but spaces. */
bool event_is_erased(const struct event *);
/* A line "GAP room from to" counts as number `from`; this is `to`, and 0 for
 * any other line. */
uint64_t event_gap_end(struct slice line);
/* Takes a rendered numbered line apart; false if it is not one. The verb is
 * returned apart since it is not terminated. word[0] of an EDIT, DELETE or
 * REACT is its target, and the text of an EDIT or REACT follows. */
bool event_parse(struct slice line, struct event *, struct slice *verb_r);

#endif
