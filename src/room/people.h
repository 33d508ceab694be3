/* people.h -- who is here: names, the connections behind them, reservations
 *
 * SPDX-License-Identifier: MIT
 *
 * A person is a name that somebody has: an account, or a guest for as long as
 * it is connected and, if it gave a secret, for ten minutes after. Every
 * connection of a person is listed before its login is answered, so that a
 * direct conversation can find all of them.
 *
 * Where there is a store, a guest with a secret is on the disk before its
 * login is answered (room/reserve.h). Until then the name is claimed: it is
 * taken, and who has it is nobody's partner yet.
 *
 * Threads: any.
 * Locks:   the registry's, taken inside.
 * Memory:  a person is freed with its last reference: the registry's while
 *          the name is held, one a contact, one a claim, one a room's
 *          occupant. */
#ifndef ROOM_PEOPLE_H
#define ROOM_PEOPLE_H

#include <stdatomic.h>

#include "base/list.h"
#include "base/rate.h"
#include "base/table.h"
#include "proto/error.h"
#include "sync/mailbox.h"

struct registry;

enum {
	PERSON_SECRET = 32,
	RESERVED_MS = 600000,
	RESERVED_MAX = 65536	/* names of who is gone; over it the one that
				 * is gone longest is given up */
};

struct person {
	struct table_node node;		/* (l) */
	atomic_uint  refs;		/* (a) */
	uint16_t     key_len;		/* (c) */
	uint16_t     name_len;		/* (c) */
	uint16_t     name_at;		/* (c) in text */
	bool         account;		/* (c) else a guest */
	atomic_bool  admin;		/* (a) written (l) */
	atomic_bool  known;		/* (a) written (l): in the table */
	struct account *details;	/* (l) NULL: a guest, or deleted */
	struct rate  lines;		/* (a) of all its connections */
	_Atomic uint64_t said;		/* (a) when last, for limits.calm */
	uint64_t     since;		/* (c) later than any event of another
					 * one of that name; of an account: when
					 * it was made, ms since 1970; 0: a
					 * local user's */
	struct link  contacts;		/* (l) */
	struct link  pairings;		/* (l) its direct conversations, which
					 * end with it */
	struct reservation *reservation; /* (c) it has a secret; or NULL */
	char         text[];		/* (c) key and name; once if they are
					 * the same */
};

/* Of a guest who gave a secret. */
struct reservation {
	struct person *person;		/* (c) */
	struct link    expiry;		/* (l) among those that wait to end */
	uint64_t       expires;		/* (l) clock_ms() */
	struct mail    over;		/* MAIL_FORGET, at most once */
	unsigned       claims;		/* (l) logins that wait for it */
	bool           stored;		/* (l) on the disk, if it is to be */
	unsigned char  secret[PERSON_SECRET]; /* (c) its hash */
};

/* Folded; a guest's begins with ~. */
static inline struct slice
person_key(const struct person *p)
{
	return (struct slice){ p->text, p->key_len };
}

/* As it is shown. */
static inline struct slice
person_name(const struct person *p)
{
	return (struct slice){ p->text + p->name_at, p->name_len };
}

/* Why the registry ends a connection. */
enum evict {
	EVICT_NONE,
	EVICT_REPLACED,		/* its guest came back elsewhere */
	EVICT_PASSWORD,		/* its account has another password */
	EVICT_DISABLED		/* its account is disabled, or deleted */
};

/* A connection as the registry knows it, embedded in the connection. */
struct contact {
	struct link    link;		/* (l) */
	struct person *person;		/* (c) once logged in; referenced */
	uint64_t       conn;		/* (c) the connection's id */
	unsigned       io;		/* (c) its thread */
	enum evict     evicted;		/* (l) (c) once `evict` was sent */
	struct mail    evict;		/* (l) MAIL_EVICT, at most once */
};

/* A login: the contact is listed and the hand-over is in its io thread's
 * mailbox, in that order and as one step; the caller may not touch the
 * connection afterwards, and wakes the thread before it sleeps. On an error
 * nothing has happened, and *why_r is a sentence. With a secret that matches,
 * the guest's other connections are evicted.
 *
 * Unless *claim_r is NULL the guest is to be on the disk first: nothing was
 * sent, and when it is known whether it is there people_enter() or
 * people_abandon() is due, either of which ends the claim. */
enum error people_hello(struct registry *, struct slice nick,
    struct slice secret, struct contact *, struct mail *handover,
    struct person **claim_r, const char **why_r);
/* It is on the disk: as above. */
void people_enter(struct registry *, struct person **claim,
    struct contact *, struct mail *handover);
/* The login does not come about: it is not on the disk, or the connection is
 * gone. now is clock_ms(), here and below. */
void people_abandon(struct registry *, struct person **claim, bool stored,
    uint64_t now);
/* A guest of an earlier run, who has ten minutes from now. False: it can not
 * be had any more. For main, before anybody logs in. */
bool people_restore(struct registry *, struct slice nick, uint64_t since,
    const unsigned char *secret, uint64_t now);
/* Somebody who has proved to own the account; local: by the local socket, as
 * a user of this machine, and only so a local user's. ERROR_AUTH_FAILED: there
 * is none, or it is disabled; ERROR_TOO_MANY: limits.account. */
enum error people_account(struct registry *, struct slice name, bool local,
    struct contact *, struct mail *handover, const char **why_r);
/* One more connection of who has logged in by the contact `of`, the caller's:
 * as above. ERROR_DENIED: that one is to end; ERROR_TOO_MANY: limits.account,
 * which counts a guest's here too. */
enum error people_further(struct registry *, const struct contact *of,
    struct contact *, struct mail *handover, const char **why_r);
/* Under the lock: all connections of the person are told to end, but the one
 * of this id; 0: all. */
void people_evict(struct registry *, struct person *, enum evict,
    uint64_t but);
/* Under the lock: a person is there from now on, with the caller's reference;
 * and is there no more. */
void people_enlist(struct registry *, struct person *);
void people_forget(struct registry *, struct person *);

/* The connection is gone, its memberships too. True if MAIL_EVICT was sent,
 * which then still comes or has come. */
bool people_leave(struct registry *, struct contact *, uint64_t now);
/* Ends the reservations that are over. */
void people_expire(struct registry *, uint64_t now);

/* The key of a name as it is shown, with its mark if it is a guest's, into
 * bytes (NAME_KEY_MAX + 1). False: it is no name, and *why_r says why. */
bool people_key(const struct registry *, struct slice name, char *bytes,
    struct slice *key_r, const char **why_r);
/* Under the registry's lock: who has this key now; NULL if nobody. */
struct person *people_find(struct registry *, struct slice key);
/* The same without it, and referenced. */
struct person *people_get(struct registry *, struct slice key);

/* Later than every event there is, and not before the clock: when something
 * begins that may not be mixed up with what was. In ms since 1970. */
uint64_t people_begin_time(struct registry *);

/* In no table. One reference, the caller's. The name is without its mark. */
struct person *person_new(struct slice key, struct slice name, bool guest,
    const unsigned char *secret /* or NULL */);
struct person *person_ref(struct person *);
void person_unref(struct person **);

#endif
