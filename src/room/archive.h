/* archive.h -- the threads that read logs, for whoever may not wait for a disk
 *
 * SPDX-License-Identifier: MIT
 *
 * Two of them, so that nobody who is behind waits for a search:
 *
 *   MAIL_READ     io -> 0 -> io      a member that is behind its room's window
 *                                    wants the next slice
 *   MAIL_REQUEST  room -> 0 -> io    HISTORY, whose rights the room has looked
 *                                    at; answered here
 *   MAIL_REQUEST  room -> 1 -> io    SEARCH, the same; neither if it is
 *                                    unwanted by then
 *   MAIL_REQUEST  room -> 0 -> room  EDIT, DELETE, REACT of what is not in the
 *                                    window: request->target is its line, or
 *                                    none; `looked` is set, and
 *                                    `reply` if the log cannot be read
 *
 * The request or the member it is for keeps the room from ending.
 *
 * Threads: archives_new/start/stop/free main; the rest any.
 * Locks:   none of its own.
 * Memory:  the mail's makers'. */
#ifndef ROOM_ARCHIVE_H
#define ROOM_ARCHIVE_H

#include "ledger/read.h"
#include "room/request.h"

enum {
	PAGE_EVENTS = 1000,		/* in one PAGE at most */
	PAGE_BYTES = 256 * 1024,
	PAGE_DATAGRAMS = 8 * 1024,	/* for a session of datagrams */
	SEARCH_BYTES = 65536,		/* found by one SEARCH at most */
	SEARCH_WORK = 32 * 1024 * 1024	/* bytes it looks at at most */
};

struct archives;

/* One slice for one member; the io thread's, which has it back. */
struct reading {
	struct mail     mail;	/* MAIL_READ */
	struct mailbox *back;
	struct member  *member;	/* for its io thread alone */
	struct link     hungry;	/* the io thread's: waits for its turn */
	struct room    *room;	/* (c) its name and ledger */
	uint64_t        next;	/* the number wanted; after it: the one after */
	struct spot     spot;	/* a hint, kept from slice to slice */
	size_t          most;	/* bytes */
	struct blob    *bytes;	/* whole lines; NULL: there are none (yet) */
	int             failure; /* -errno: it cannot be read now */
};

/* boxes: of the io threads, where requests are sent back to. */
struct archives *archives_new(struct mailbox **boxes);
int archives_start(struct archives *);
/* Everything was sent back and nothing can come. */
void archives_stop(struct archives *);
void archives_free(struct archives **);

void archives_read(struct archives *, struct reading *);
void archives_ask(struct archives *, struct request *);

/* What the threads do with one piece of mail; and all that they would do by
 * now, if they ran: true if there was anything. For tests. */
void archive_answer(struct mailbox **boxes, struct mail *);
bool archives_round(struct archives *);

#endif
