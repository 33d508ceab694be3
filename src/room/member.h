/* member.h -- one connection's membership in one room, and feeds
 *
 * SPDX-License-Identifier: MIT
 *
 * A membership is known to two threads: the room's, which made it, and the io
 * thread of its connection, which frees it. They talk by `struct move`:
 *
 *   room -> io   ATTACH (a direct conversation enters a connection that did
 *                not ask; who asked gets it with JOIN's answer), and END, at
 *                most once, which is the last of it.
 *   io -> room   AGAIN (a laggard asks for a place) and DETACH (the connection
 *                is gone), one of them at a time. It always comes back.
 *   io -> archive  its `reading`, while the log has what it wants: a slice
 *                at a time, as its socket takes them, then AGAIN. It always
 *                comes back.
 *
 * The io thread frees it once it has had END or has DETACH back, and nothing
 * it sent for this membership is under way. Mail between two threads keeps
 * its order, so by then the room has forgotten it.
 *
 * A feed is what one io thread and one room share for all members they have
 * in common. It is part of the room; the io thread holds the room while it
 * uses it.
 *
 * There are many memberships, and most are idle: what one needs only while it
 * moves, or is behind, is not part of it.
 *
 * Threads: (r) the room's, (i) the io thread's.
 * Locks:   none.
 * Memory:  above; a move is its taker's, and freed by the io thread. */
#ifndef ROOM_MEMBER_H
#define ROOM_MEMBER_H

#include "base/list.h"
#include "base/table.h"
#include "sync/blob.h"
#include "sync/chunk.h"
#include "sync/mailbox.h"

struct conn;
struct occupant;
struct room;

/* Where a reader begins, as the room sees it in its turn. */
struct place {
	struct chunk *chunk;	/* referenced */
	uint32_t      off;
	uint64_t      log;	/* no chunk: the log has what comes next, from
				 * this number on; 0: there is no place */
	uint64_t      live;	/* below it: no ephemeral lines */
	struct blob  *first;	/* to be sent before; or NULL */
	struct blob  *then;	/* to be sent at `live`; or NULL */
};

struct feed {
	struct room    *room;		/* (c) */
	struct mailbox *box;		/* (c) the io thread's */
	struct mail     more;		/* MAIL_FEED; sent while `dirty` */
	atomic_bool     dirty;		/* (a) set by r before, cleared by i */
	struct mail     space;		/* MAIL_SPACE; the room's box has it */
	unsigned        members;	/* (r) attached */
	struct mail_chain answers;	/* (r) of this batch */
	bool            open;		/* (i) this io thread holds the room */
	bool            waiting;	/* (i) `space` is under way */
	unsigned        under_way;	/* (i) mail that will come back */
	struct link     here;		/* (i) members */
	struct link     held;		/* (i) requests refused by the box */
	struct mail_chain asked;	/* (i) requests of this pass */
	unsigned        asks;		/* (i) how many */
	struct link     touched;	/* (i) rooms to post them to at its end */
	struct chunk   *oldest;		/* (i) referenced; at or before all */
};

struct member {
	/* What a delivery touches. */
	struct link      in_feed;	/* (i) */
	struct conn     *conn;		/* (i) */
	struct chunk    *chunk;		/* (i) the position; NULL: it has none */
	uint32_t         off;		/* (i) */
	unsigned         under_way : 24; /* (i) requests that will come back;
					 * at most limits.pending */
	bool             asking : 1;	/* (i) a move to the room or `reading`
					 * is under way */
	bool             moved : 1;	/* (i) by a JOIN since it was asked */
	bool             gone : 1;	/* (i) END was had or DETACH is back */
	bool             quitting : 1;	/* (i) a LEAVE is under way */
	bool             leaving : 1;	/* (i) END was had, `until` not reached */
	uint64_t         until;		/* (i) nothing from here on */
	/* Nothing of the stream from here on. Set before what is there is
	 * published, so that no io thread runs past it ahead of END. */
	_Atomic uint64_t end_at;	/* (a) */
	struct behind   *behind;	/* (i) not live; or NULL */
	struct reminder *reminder;	/* (i) of a session of datagrams; or
					 * NULL */

	struct link      in_conn;	/* (i) */
	struct feed     *feed;		/* (c) */
	uint64_t         conn_id;	/* (c) */
	struct occupant *occupant;	/* (r) NULL once it is out */
	struct link      in_room;	/* (r) */
};

/* Mail between the two about one membership. */
struct move {
	struct mail    mail;
	struct member *member;
	struct place   place;	/* ATTACH, AGAIN back */
	uint64_t       next;	/* AGAIN: the number wanted; UINT64_MAX: what
				 * comes from now on */
	bool           no_log;	/* AGAIN: it cannot be read */
	bool           thrown;	/* END: and nothing before `words` */
	struct blob   *words;	/* END: what it hears last; DETACH: why it
				 * goes; or NULL */
};

struct move *move_new(struct member *, unsigned kind);
/* With what was not used of it. Clears the caller's pointer. */
void move_free(struct move **);
/* Nobody goes there. */
void place_drop(struct place *);

/* Where the reader is in the stream; it must have a place. */
static inline uint64_t
member_position(const struct member *m)
{
	return m->chunk->start + m->off;
}

#endif
