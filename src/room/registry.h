/* registry.h -- every room by its name, and every person by theirs
 *
 * SPDX-License-Identifier: MIT
 *
 * A room's thread runs while an io thread holds the room, and `rooms.linger`
 * longer. Whether a room ends is decided under the lock, by the room's own
 * thread: only with no holder, so that a holder may post to it at any time
 * and never meets a room that closes. A room without a thread stays listed,
 * dormant: its last number, switches, roles and repeat ids; the oldest of
 * those that hold nothing but a number are forgotten when rooms.max is
 * reached, which loses nothing, since a room's numbers begin at the time of its
 * making.
 *
 * Threads: any, unless said otherwise.
 * Locks:   one, rank LOCK_REGISTRY, for what is marked (l) in people.h and
 *          room.h too. Threads are started and mail is sent under it; neither
 *          blocks.
 * Memory:  owns the rooms. */
#ifndef ROOM_REGISTRY_H
#define ROOM_REGISTRY_H

#include "base/names.h"
#include "conf/config.h"
#include "room/accounts.h"
#include "room/rights.h"

struct archives;
struct room;
struct vault;

enum { ROOM_KEY_MAX = 2 * NAME_KEY_MAX + 64, ROOM_NAME_MAX = 2 * 66 + 3 };

struct registry {
	struct lock            lock;
	pthread_cond_t         quiet;	/* (l) no thread of a room is left */
	const struct config   *config;	/* (c) */
	const struct names    *names;	/* (c) */
	unsigned               ios;	/* (c) */
	struct mailbox       **boxes;	/* (c) the io threads' */
	struct vault          *vault;	/* (s) logs on disk; NULL: none */
	struct archives       *archives; /* (s) with the vault */
	struct mailbox        *keeper;	/* (s) the same */
	struct mailbox        *store;	/* (s) settings on disk; NULL: none */
	struct table           rooms;	/* (l) */
	struct link            dormant;	/* (l) oldest first */
	unsigned               live;	/* (l) threads of rooms */
	bool                   stopping;/* (l) */
	struct table           people;	/* (l) */
	struct accounts        accounts;/* (l) */
	struct link            expiring;/* (l) soonest first */
	unsigned               reserved;/* (l) of them */
	_Atomic uint64_t       high;	/* (a) latest time of any event */
};

/* A room word, understood: "lobby", "@bob", "@alice,bob". */
struct room_word {
	char          key[ROOM_KEY_MAX];
	size_t        key_len;
	char          name[ROOM_NAME_MAX + 1];	/* as shown if it is new */
	size_t        name_len;
	struct person *pair[2];	/* of a direct conversation; referenced */
};

/* boxes: the mailboxes of the io threads, which outlive the registry. */
struct registry *registry_new(const struct config *, const struct names *,
    struct mailbox **boxes, unsigned ios);
/* restore.c, for main before anybody logs in: the rooms of earlier runs. One
 * whose log is in that directory, as vault_each() found it. Without a name it
 * is none until somebody enters, who spells it. */
void registry_found(struct registry *, const char *dir, struct slice name,
    uint64_t last, uint64_t size);
/* One that the store knows by its key; its switches (taken over). */
struct switches;
void registry_switches(struct registry *, struct slice key,
    struct slice name, const struct switches *);
/* until: ms since 1970, UINT64_MAX for ever. */
void registry_grant(struct registry *, struct slice key, struct slice who,
    enum role, uint64_t until);
/* Under the lock: above every number that an earlier room of any name had. */
uint64_t registry_begin(struct registry *);
/* Waits until every room's thread has ended: all holders must have let go,
 * or be about to. */
void registry_stop(struct registry *);
void registry_free(struct registry **);

/* Folds a room word said by who. On success room_word_fini() is due. */
enum error registry_word(struct registry *, struct person *who,
    struct slice word, struct room_word *, const char **why_r);
void room_word_fini(struct room_word *);
/* Key and name of the conversation of the pair, which it puts in order. */
void registry_name_direct(struct room_word *);

/* Somebody as no room in particular sees them. */
struct actor registry_actor(const struct registry *, const struct person *);
/* Under the lock: is the room there for somebody who has no connection in it
 * at this moment, of clock_ms()? */
bool registry_sees(const struct registry *, const struct room *,
    const struct person *, uint64_t now);

/* Who asks what of a room that its connection is not in. */
struct seeker {
	const struct person *who;
	enum verb            verb;
	unsigned             io;	/* its thread */
	uint64_t             now;	/* clock_ms() */
	struct rate         *making;	/* of rooms, where it comes from;
					 * NULL: as many as it likes */
};

/* Holds the room for the io thread, unless that does already. Makes it if it
 * is not there and the seeker wants to enter it and may. A room that is not
 * there for the seeker is left as it is, awake or asleep, and answered for as
 * if there were none. *limit_r is set with ERROR_TOO_MANY. */
enum error registry_open(struct registry *, const struct room_word *,
    const struct seeker *, struct room **room_r, const char **why_r,
    const char **limit_r);
void registry_close(struct registry *, struct room *);

/* Under the lock: a live room is to look whether it can end. */
void registry_tell(struct room *);
/* The room's own thread, which had `alone`: when to try to end, unless
 * somebody holds it by then. */
uint64_t registry_linger(struct registry *, struct room *, uint64_t now);
/* The room's own thread: may it end? True: it is dormant, and not the
 * thread's any more. */
bool registry_retire(struct registry *, struct room *);

/* Calls fn with each room, under the lock: fn may read what is (l) or (a). */
void registry_each(struct registry *,
    void (*fn)(const struct room *, void *arg), void *arg);

/* The time of an event, kept as the latest given. */
void registry_note_time(struct registry *, uint64_t wall);

#endif
