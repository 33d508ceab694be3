/* request.h -- one command on its way to a room or to main, and back
 *
 * SPDX-License-Identifier: MIT
 *
 * The io thread makes it from a line, the thread that runs it fills in the
 * answer, and it always comes back: so a reply never needs a place of its own,
 * and a connection lives until all of its requests are back.
 *
 * Threads: whoever holds it as mail.
 * Locks:   none.
 * Memory:  freed by the io thread that made it. */
#ifndef ROOM_REQUEST_H
#define ROOM_REQUEST_H

#include "proto/error.h"
#include "proto/words.h"
#include "room/member.h"
#include "room/people.h"

struct request {
	struct mail    mail;	/* MAIL_REQUEST or MAIL_VISIT */
	struct conn   *conn;	/* the asker's; for its io thread alone */
	struct person *who;	/* the connection's; good while it is out */
	uint64_t       conn_id;
	const atomic_bool *unwanted; /* (a) nobody is there any more who reads
				 * an answer; or NULL */
	unsigned       io;	/* where it goes back to */
	struct feed   *feed;	/* to a room: the asker's */
	struct member *member;	/* the asker's membership, or NULL; after a
				 * JOIN: the one it made or moved */
	struct link    in_held;	/* (i) waits for places in the mailbox */
	struct member *from;	/* (i) counted in its under_way; or NULL */
	size_t         page;	/* bytes that HISTORY or SEARCH may give */
	uint64_t       wait;	/* over the line limit: wait so many ms */
	struct words   words;
	struct blob   *list;	/* sent before the reply: shared; or NULL */
	struct blob   *reply;	/* what the asker is sent; or NULL */
	struct place   place;	/* after a JOIN */
	struct blob   *target;	/* the line that it names, from the log; NULL:
				 * there is none */
	bool           looked;	/* it was looked for */
	bool           away;	/* it is parked */
	bool           asks;	/* the archive is to have it next */
	struct request *next_said; /* in the room's batch */
	const char    *limit;	/* what refused it; or NULL */
	unsigned       found;	/* connections that a visit was about */
	unsigned       visits;	/* io threads still to be seen */
	bool           spare;	/* its memory is of the usual size */
	char           line[];
};

/* Requests that are over, for those to come: hundreds are made and freed in
 * one pass, more than an allocator has at hand. */
struct spares {
	struct request *first;	/* by next_said */
	unsigned        count;
};

/* A copy of the line and of what was parsed from it. Spares, the caller's, or
 * NULL. */
struct request *request_new(struct spares *, const struct words *,
    struct slice line);
/* With whatever of the answer was not used. Clears the caller's pointer. */
void request_free(struct spares *, struct request **);
void spares_fini(struct spares *);

/* "[@id=ID ]OK VERB" and what the format adds, as the answer. */
void request_ok(struct request *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* "[@id=ID ]ERR code text". */
void request_error(struct request *, enum error, const char *text);
/* The same with limit= and, unless 0, wait= in milliseconds. */
void request_limited(struct request *, enum error, const char *limit,
    uint64_t wait, const char *text);

/* The same as one blob, for those who have no request. id may be empty.
 * reply_id() is what every answer begins with: "@id=ID ", or nothing. */
void reply_id(struct blob **, struct slice id);
void reply_ok(struct blob **, struct slice id, const char *verb);
void reply_error(struct blob **, struct slice id, enum error, uint64_t wait,
    const char *limit, const char *text);

#endif
