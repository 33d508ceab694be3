/* accounts.h -- who has an account, and how that changes
 *
 * SPDX-License-Identifier: MIT
 *
 * All accounts are in memory, each with its person, which is there from the
 * account's making to its deletion, connected or not. What changes one is an
 * order: it is checked here, written by the store, and takes effect here when
 * it is on the disk, all at once:
 *
 *     struct account_order *o = ...;
 *     e = accounts_check(registry, o, &why);
 *     if (e == ERROR_NONE)
 *             mailbox_send(registry->store, &o->mail);
 *
 * It comes back to its `back` with `error`: ERROR_BUSY if it could not be
 * written, within two seconds.
 *
 * An account that was deleted leaves nothing to a later one of its name: its
 * roles and marks are removed, its direct conversations end, and what it said
 * was said before the other began (`created`, which is later than any event).
 *
 * The server's local users, root and who runs it, are accounts without a row
 * in the database: administrators that log in by the local socket alone.
 *
 * Files: accounts.c the table; orders.c what changes it; marks.c what is
 * written now and then.
 *
 * Threads: any, but for what is main's at the start.
 * Locks:   the registry's, taken inside.
 * Memory:  the registry's; an order is its maker's. */
#ifndef ROOM_ACCOUNTS_H
#define ROOM_ACCOUNTS_H

#include "base/names.h"
#include "room/people.h"
#include "room/verifier.h"

enum {
	FINGERPRINT = 32,	/* bytes, SHA-256 of a certificate */
	INVITE = 32,		/* bytes of an invitation's hash */
	INVITES_MAX = 1000	/* that are open at one time */
};

/* Details of a person's account, which go when it is deleted. */
struct account {
	struct table_node by_certificate; /* (l) if it has one */
	struct person    *person;	/* (c) the table's reference */
	struct verifier   verifier;	/* (l) */
	bool              local;	/* (c) has no row in the database */
	bool              admin;	/* (l) the person's too, unless... */
	bool              disabled;	/* (l) ...it is disabled */
	bool              certified;	/* (l) */
	unsigned char     fingerprint[FINGERPRINT]; /* (l) */
	uint64_t          seen;		/* (l) ms since 1970; 0: never */
	unsigned          connections;	/* (l) that are not told to end */
	struct link       unsaved;	/* (l) its `seen` is to be written */
	struct link       marks;	/* (l) oldest first, see marks.h */
	unsigned          mark_count;	/* (l) */
};

struct invite {
	struct link   link;		/* (l) */
	unsigned char hash[INVITE];	/* (c) */
	uint64_t      expires;		/* (c) ms since 1970 */
};

/* In the registry. */
struct accounts {
	struct table certificates;	/* (l) */
	struct link  invites;		/* (l) */
	unsigned     invite_count;	/* (l) */
	struct link  unsaved;		/* (l) accounts */
	struct table marks;		/* (l) see marks.h */
	struct link  unsaved_marks;	/* (l) */
	bool         saving;		/* (l) the store has some of these */
	uint64_t     marks_at;		/* (l) clock_ms() of the last */
	uint64_t     seen_at;		/* (l) the same */
};

/* A copy; and a row of the database. */
struct account_facts {
	char            name[NAME_NICK_BYTES + 1];
	struct verifier verifier;
	bool            admin;
	bool            disabled;
	uint64_t        created;	/* ms since 1970 */
	uint64_t        seen;		/* 0: never */
	bool            certified;
	unsigned char   fingerprint[FINGERPRINT];
};

enum account_action {
	ACCOUNT_ADD,
	ACCOUNT_PASSWD,
	ACCOUNT_ROLE,
	ACCOUNT_DISABLE,
	ACCOUNT_ENABLE,
	ACCOUNT_DELETE,
	ACCOUNT_CERTIFICATE,
	ACCOUNT_INVITE
};

struct account_order {
	struct mail         mail;	/* MAIL_ACCOUNT */
	struct mailbox     *back;
	struct registry    *registry;
	uint64_t            conn;	/* whose it is */
	void               *asker;	/* its maker's */
	enum account_action action;
	char                key[NAME_KEY_MAX];	/* by accounts_check() */
	size_t              key_len;
	struct account_facts facts;	/* the name; and what the action needs:
					 * verifier, admin, certificate */
	bool                invited;	/* ADD: only with this invitation */
	unsigned char       invite[INVITE];	/* its hash; INVITE: new */
	uint64_t            expires;	/* INVITE: ms since 1970 */
	enum error          error;	/* when it is back */
};

void accounts_init(struct registry *);
/* At the registry's end. */
void accounts_fini(struct registry *);

/* For main, before anybody logs in. A local user; false: the name is none. */
bool accounts_local(struct registry *, struct slice name);
/* A row of the database. False: it cannot be used, and *why_r says why. */
bool accounts_restore(struct registry *, const struct account_facts *,
    const char **why_r);
void accounts_restore_invite(struct registry *, const unsigned char *hash,
    uint64_t expires);

/* The account with this key that may log in with a password: not one of a
 * local user. It may be disabled. The caller wipes *facts_r. */
bool accounts_get(struct registry *, struct slice key,
    struct account_facts *facts_r);
bool accounts_by_certificate(struct registry *,
    const unsigned char fingerprint[FINGERPRINT],
    struct account_facts *facts_r);
/* Has any account a certificate? */
bool accounts_certified(struct registry *);

/* Can it be? Fills in key and shown name. *why_r is a sentence. */
enum error accounts_check(struct registry *, struct account_order *,
    const char **why_r);
/* The store, when it is on the disk. */
void accounts_apply(struct account_order *);

/* Calls fn with each account, under the lock. */
void accounts_each(struct registry *,
    void (*fn)(const struct account *, void *arg), void *arg);

/* Of its files, under the lock. */
struct account *accounts_add(struct registry *, struct slice key,
    const struct account_facts *);
void accounts_drop(struct registry *, struct account *);
void accounts_set_certificate(struct registry *, struct account *,
    bool certified, const unsigned char *fingerprint);
struct account *accounts_with(struct registry *,
    const unsigned char *fingerprint);
void accounts_add_invite(struct registry *, const unsigned char *hash,
    uint64_t expires);
struct invite *accounts_invite(struct registry *, const unsigned char *hash);
void accounts_drop_invite(struct registry *, struct invite *);

/* Under the lock. The account of this key; NULL. */
struct account *accounts_find(struct registry *, struct slice key);
/* Has this name's account, if it has one, been there at that time? */
bool accounts_had(struct registry *, struct slice key, uint64_t time);
/* It came or went. */
void accounts_note_seen(struct registry *, struct account *);

#endif
