/* room.h -- the rooms of a login, and what waits to be said in each
 *
 * SPDX-License-Identifier: MIT
 *
 * A room has a queue of requests, of which only the first is ever on its way.
 * It is there from the first request for it, or the first line of a direct
 * conversation, until one is out of it and nothing waits.
 *
 * Threads: one at a time.
 * Locks:   none.
 * Memory:  the list owns its rooms, a room its requests and names. */
#ifndef LIB_ROOM_H
#define LIB_ROOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/line.h"

enum vroom_state {
	VROOM_OUT,	/* not in it, or JOIN is the first request */
	VROOM_REJOIN,	/* was in it before the connection broke */
	VROOM_JOINING,	/* and has asked to be again */
	VROOM_REPLAY,	/* in it, cursor is before last */
	VROOM_IN
};

struct vrequest {
	struct vrequest *next;
	int64_t          number;
	int64_t          not_before;	/* by the clock of session.h */
	int64_t          after;		/* of a JOIN */
	enum vverb       kind;
	bool             sent;		/* on this connection */
	/* In datagrams: */
	unsigned         tries;
	int64_t          sent_at;	/* the first time */
	int64_t          resend_at;
	uint64_t         done;		/* by the event of this number, which
					 * is still to come; or 0 */
	char             line[];	/* what comes behind its id= */
};

/* A line that is told later than it came, in datagrams. */
struct vkept {
	struct vkept *next;
	uint64_t       number;
	char           line[];
};

struct vroom {
	struct vroom     *next;
	char             *word;		/* what the program calls it */
	char             *name;		/* what the server does; or NULL */
	enum vroom_state  state;
	uint64_t          cursor;	/* 0: any number may be next */
	uint64_t          last;		/* what OK JOIN said */
	int64_t           join;		/* the number of our own JOIN */
	int64_t           not_before;	/* for that one */
	struct vrequest  *first;
	struct vrequest **end;
	/* In datagrams, see repair.h: */
	uint64_t          known;	/* a number that there is */
	int64_t           asked;	/* by this JOIN; 0: not */
	bool              ours;		/* which no program knows of */
	bool              answered;	/* by its OK */
	bool              sure;		/* nothing was lost since then */
	uint64_t          asked_after;
	unsigned          asks;		/* since something came */
	int64_t           repair_at;	/* ask then if something is missing */
	int64_t           heard_at;	/* something of the room */
	int64_t           at_due;	/* AT is to have come; 0: it has */
	uint64_t          read;		/* what READ said */
	struct vkept     *early;	/* by their numbers */
};

/* word may be either name, ASCII letters in any case. NULL if not there. */
struct vroom *vroom_find(struct vroom *list, const char *word);
struct vroom *vroom_find_name(struct vroom *list, const char *name);
/* Found or made; NULL for want of memory. */
struct vroom *vroom_obtain(struct vroom **list, const char *word);
bool vroom_set_name(struct vroom *, const char *name);
/* Takes the request over. */
void vroom_put(struct vroom *, struct vrequest *);
/* The first request, which becomes the caller's to free(). */
struct vrequest *vroom_pop(struct vroom *);
/* Frees the rooms one is out of with nothing to do, or all. */
void vroom_reap(struct vroom **list);
void vroom_free_all(struct vroom **list);

/* An embedded one, for requests that concern no room. */
void vroom_init(struct vroom *);
void vroom_fini(struct vroom *);

#endif
