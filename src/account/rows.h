/* rows.h -- what the store is told of, as rows of its database
 *
 * SPDX-License-Identifier: MIT
 *
 * Files: rows.c rooms, roles and guests; rows_account.c accounts.
 *
 * Threads: who has the database.
 * Locks:   none.
 * Memory:  nothing is kept; what functions are called with is theirs until
 *          they return. */
#ifndef ACCOUNT_ROWS_H
#define ACCOUNT_ROWS_H

#include "account/ban.h"
#include "account/database.h"
#include "account/store.h"
#include "ledger/vault.h"
#include "room/marks.h"

/* Within a transaction. False: database->why. */
bool rows_change(struct database *, const struct change *);
bool rows_reserve(struct database *, const struct person *);
bool rows_forget(struct database *, const struct person *);
bool rows_ban(struct database *, const struct ban *);

/* Within a transaction too; what the order cannot have is in its error. */
bool rows_account(struct database *, struct account_order *);
bool rows_marks(struct database *, const struct saving *);

/* Drops the grants and bans that are over by then, and the rooms that held
 * nothing else. */
bool rows_expire(struct database *, uint64_t wall);
/* Of the server itself. value_r has len + 1 bytes: "" if there is none of that
 * length. */
bool rows_meta(struct database *, const char *name, char *value_r,
    size_t len);
bool rows_set_meta(struct database *, const char *name, const char *value);
bool rows_each_room(struct database *, store_room_fn *, void *arg);
bool rows_each_grant(struct database *, store_grant_fn *, void *arg);
bool rows_each_guest(struct database *, store_guest_fn *, void *arg);
bool rows_each_account(struct database *, store_account_fn *, void *arg);
bool rows_each_invite(struct database *, store_invite_fn *, void *arg);
bool rows_each_mark(struct database *, store_mark_fn *, void *arg);
bool rows_each_ban(struct database *, store_ban_fn *, void *arg);

/* Of its files: the next row; when there is none the statement is done with,
 * and *good_r says whether it came to its end. */
bool rows_next(struct database *, sqlite3_stmt *, bool *good_r);
struct slice rows_blob(sqlite3_stmt *, int column);
int64_t rows_bounded(uint64_t);
/* A row that was written by hand is left out, and the log told. */
void rows_skip(const struct database *, const char *what);

#endif
