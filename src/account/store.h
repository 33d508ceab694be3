/* store.h -- the database: rooms' settings, names and accounts on disk
 *
 * SPDX-License-Identifier: MIT
 *
 *     DATA/vcrpd.db      SQLite, with -wal and -shm beside it
 *
 * One thread writes it. It takes all its mail at once and makes one
 * transaction of it, which is on the disk when it answers:
 *
 *   MAIL_CHANGE   room -> store -> room             room/change.h
 *   MAIL_RESERVE  acceptor -> store -> acceptor     room/reserve.h
 *   MAIL_FORGET   registry -> store                 room/reserve.h
 *   MAIL_ACCOUNT  acceptor or io -> store, and back  room/accounts.h
 *   MAIL_MARK     registry -> store                 room/marks.h
 *   MAIL_BAN      io -> store                       account/ban.h
 *
 * When that fails (another program has locked the file, the disk is full)
 * each RESERVE and ACCOUNT of it goes back at once, refused, within two
 * seconds of its coming; all else is kept, in order, and tried again every
 * second, with what came since behind it. The log is told once when this
 * begins, and once when it is over. What is kept has no limit of its own: a
 * change is a line in its room's log already, and names that are over are
 * bounded by those that were reserved. `waiting` counts it.
 *
 * A file that was deleted under it is made again whole, from what is still
 * open. One that was replaced is used from then on, if it is good.
 *
 * Order of a start: store_open(), vault_open() with store_life(),
 * store_set_life() if the vault has another, store_each_room() and
 * store_each_grant() into the registry, store_each_guest() with
 * people_restore() (storage.c has it all), registry->store = store_box(),
 * store_start(). Of a stop:
 * store_drain() before the rooms' threads are waited for, since what is given
 * up then comes back to them; store_stop() when nobody is left who sends.
 *
 * Threads: store_box(), store_drain() and store_counts() any; the rest main,
 *          the loading before store_start().
 * Locks:   none of its own. Its thread may block for a disk.
 * Memory:  owned by main; mail belongs to who sends it, but for a person that
 *          came as MAIL_FORGET, and a MAIL_BAN. */
#ifndef ACCOUNT_STORE_H
#define ACCOUNT_STORE_H

#include "account/ban.h"
#include "account/password.h"
#include "room/accounts.h"
#include "room/change.h"
#include "room/reserve.h"

struct store;

/* Opens or makes the database in the existing directory `data`, checks all of
 * it, and drops the roles that are over. NULL and why_r, a sentence that names
 * the file and says what to do: it is damaged, of a newer server, not ours,
 * not to be written to; nothing was changed then. */
struct store *store_open(const char *data, char *why_r, size_t size);
/* Not while its thread runs. */
void store_free(struct store **);

/* "" if the database is new. */
const char *store_life(const struct store *);
/* False and why_r: it is not on the disk. */
bool store_set_life(struct store *, const char *life, char *why_r,
    size_t size);

/* What this server alone knows, made at its first start. False and why_r: it is
 * not there, or not on the disk. */
bool store_secret(struct store *, unsigned char secret_r[SERVER_SECRET],
    char *why_r, size_t size);

/* Each calls fn with every row. False and why_r: not all could be read. */

typedef void store_room_fn(struct slice key, struct slice name,
    const struct switches *, void *arg);
bool store_each_room(struct store *, store_room_fn *, void *arg,
    char *why_r, size_t size);

/* room: its key, of which store_each_room() told; who: a key; until: ms since
 * 1970, UINT64_MAX for never. */
typedef void store_grant_fn(struct slice room, struct slice who, enum role,
    uint64_t until, void *arg);
bool store_each_grant(struct store *, store_grant_fn *, void *arg,
    char *why_r, size_t size);

/* Newest first; nick without its mark; secret: PERSON_SECRET bytes. What fn
 * returns false for is forgotten. */
typedef bool store_guest_fn(struct slice nick, uint64_t since,
    const unsigned char *secret, void *arg);
bool store_each_guest(struct store *, store_guest_fn *, void *arg,
    char *why_r, size_t size);

/* What fn returns false for is kept, and not used. */
typedef bool store_account_fn(const struct account_facts *, void *arg);
bool store_each_account(struct store *, store_account_fn *, void *arg,
    char *why_r, size_t size);
/* hash: INVITE bytes. */
typedef void store_invite_fn(const unsigned char *hash, uint64_t expires,
    void *arg);
bool store_each_invite(struct store *, store_invite_fn *, void *arg,
    char *why_r, size_t size);
/* Of keys. */
typedef void store_mark_fn(struct slice account, struct slice room,
    uint64_t number, void *arg);
bool store_each_mark(struct store *, store_mark_fn *, void *arg,
    char *why_r, size_t size);
/* Its time may be over. */
typedef void store_ban_fn(const struct ban *, void *arg);
bool store_each_ban(struct store *, store_ban_fn *, void *arg, char *why_r,
    size_t size);

struct mailbox *store_box(struct store *);
/* 0 or -errno. */
int store_start(struct store *);
/* From now on nothing is tried again: a CHANGE that fails, and each that has
 * failed, goes back with done = false. */
void store_drain(struct store *);
/* All mail is answered and the thread has ended. */
void store_stop(struct store *);

struct store_counts {
	uint64_t commits;
	uint64_t changes;	/* rows told of by mail, done */
	uint64_t failures;	/* transactions that failed */
	uint64_t waiting;	/* now, to be tried again */
};

void store_counts(const struct store *, struct store_counts *);

#endif
