/* member.h -- one connection's membership in one room, and feeds
 *
 * SPDX-License-Identifier: MIT
 *
 * A membership is known to two threads: the room's, which made it, and the io
 * thread of its connection, which frees it. They talk through mail embedded in
 * it:
 *
 *   room -> io   `tell`: ATTACH (a direct conversation enters a connection
 *                that did not ask; who asked gets it with JOIN's answer), and
 *                END, at most once, which is the last of it.
 *   io -> room   `ask`: AGAIN (a laggard asks for a place) and DETACH (the
 *                connection is gone). It always comes back.
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
 * Threads: (r) the room's, (i) the io thread's, (m) whoever holds the mail
 *          that carries it.
 * Locks:   none.
 * Memory:  above. */
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
	struct table_node node;		/* (i) among the open ones, by key */
	bool            open;		/* (i) this io thread holds the room */
	bool            waiting;	/* (i) `space` is under way */
	unsigned        under_way;	/* (i) mail that will come back */
	struct link     here;		/* (i) members */
	struct link     held;		/* (i) connections refused by the box */
	struct link     touched;	/* (i) rooms to wake at a pass's end */
	struct chunk   *oldest;		/* (i) referenced; at or before all */
};

struct member {
	struct mail      tell;
	struct mail      ask;
	struct room     *room;		/* (c) */
	struct feed     *feed;		/* (c) */
	uint64_t         conn_id;	/* (c) */
	struct occupant *occupant;	/* (r) NULL once it is out */
	struct link      in_room;	/* (r) */
	struct place     place;		/* (m) tell ATTACH, ask AGAIN back */
	/* Nothing of the stream from here on. Set before what is there is
	 * published, so that no io thread runs past it ahead of END. */
	_Atomic uint64_t end_at;	/* (a) */
	struct blob     *last_words;	/* (m) tell END: what it hears last */
	bool             thrown;	/* (m) tell END: and nothing before */
	uint64_t         next;		/* (m) ask AGAIN: the number wanted */
	bool             no_log;	/* (m) ask AGAIN: it cannot be read */
	struct blob     *parting;	/* (m) ask DETACH: why it goes; or NULL */

	struct conn     *conn;		/* (i) */
	struct link      in_conn;	/* (i) */
	struct link      in_feed;	/* (i) */
	struct chunk    *chunk;		/* (i) the position; NULL: it has none */
	uint32_t         off;		/* (i) */
	bool             asking;	/* (i) `ask` or `reading` is under way */
	bool             moved;		/* (i) by a JOIN since it was asked */
	bool             gone;		/* (i) END was had or DETACH is back */
	bool             leaving;	/* (i) END was had, `until` not reached */
	uint64_t         live;		/* (i) ephemeral lines from here on */
	uint64_t         until;		/* (i) nothing from here on */
	uint64_t         want;		/* (i) a laggard's next number */
	struct blob     *then;		/* (i) to be sent at `live` */
	struct reading  *reading;	/* (i) it has no place and the log has
					 * what it wants; or NULL */
	struct link      hungry;	/* (i) waits to ask for a slice */
	unsigned         under_way;	/* (i) requests that will come back */
};

/* Where the reader is in the stream; it must have a place. */
static inline uint64_t
member_position(const struct member *m)
{
	return m->chunk->start + m->off;
}

#endif
