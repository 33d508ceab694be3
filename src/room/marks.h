/* marks.h -- how far each account has read each room
 *
 * SPDX-License-Identifier: MIT
 *
 * A mark is a room's number, and only rises. All are in memory, MARKS_MAX an
 * account: with one more, that which was raised longest ago is forgotten. So
 * a room that was forgotten itself finds its marks again.
 *
 * What changed is written about once a second, all of it in one transaction:
 * one piece of mail (MAIL_MARK) is at the store at a time, and what changes
 * meanwhile is in the next. The times at which accounts were seen go along,
 * every SEEN_EACH_MS at the most. Neither is awaited by anybody: a kill takes
 * what was not written yet.
 *
 * Threads: any.
 * Locks:   the registry's, taken inside, unless said otherwise.
 * Memory:  the account's; a saving belongs to the store. */
#ifndef ROOM_MARKS_H
#define ROOM_MARKS_H

#include "room/accounts.h"

enum {
	MARKS_MAX = 500,
	MARKS_EACH_MS = 1000,
	SEEN_EACH_MS = 10000
};

/* Of what a saving has, to be written as a row. */
struct saved_mark {
	char    *text;		/* the account's key; a NUL and the
				 * room's */
	size_t   key_len;
	size_t   room_len;	/* 0: seen */
	uint64_t number;	/* of the mark, 0: there is none any more; or
				 * when the account was seen */
};

struct saving {
	struct mail        mail;	/* MAIL_MARK */
	struct registry   *registry;
	size_t             count;
	struct saved_mark *marks;
};

void marks_init(struct registry *);
void marks_fini(struct registry *);
/* Under the lock: all of an account's go. */
void marks_drop(struct registry *, struct account *);

/* For main, at the start: a row of the database, of an account that is there
 * or else of nobody. */
void marks_restore(struct registry *, struct slice key, struct slice room,
    uint64_t number);

/* The person has read so far: returns its mark now, which may be higher. If it
 * was raised, `line` is told to the person's other connections, all but
 * `conn`. 0: the person has no account any more. */
uint64_t marks_raise(struct registry *, struct person *, uint64_t conn,
    struct slice room, uint64_t number, struct slice line);
/* 0: there is none. */
uint64_t marks_get(struct registry *, const struct person *,
    struct slice room);

/* Sends what changed to the store, if it is time (clock_ms()), and none is
 * there; UINT64_MAX: in any case. */
void marks_save(struct registry *, uint64_t now);
/* The store is done with it. */
void marks_saved(struct saving **);

/* A line for one connection, which is dropped if that is gone. */
struct telling {
	struct mail  mail;	/* MAIL_TELL */
	uint64_t     conn;
	struct blob *line;
};

#endif
