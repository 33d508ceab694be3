/* rows.h -- what the store is told of, as rows of its database
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: who has the database.
 * Locks:   none.
 * Memory:  nothing is kept; what functions are called with is theirs until
 *          they return. */
#ifndef ACCOUNT_ROWS_H
#define ACCOUNT_ROWS_H

#include "account/database.h"
#include "account/store.h"
#include "ledger/vault.h"

/* Within a transaction. False: database->why. */
bool rows_change(struct database *, const struct change *);
bool rows_reserve(struct database *, const struct person *);
bool rows_forget(struct database *, const struct person *);

/* Drops the grants that are over by then, and the rooms that held nothing
 * else. */
bool rows_expire(struct database *, uint64_t wall);
/* life_r: "" if there is none. */
bool rows_life(struct database *, char life_r[LIFE_BYTES + 1]);
bool rows_set_life(struct database *, const char *life);
bool rows_each_room(struct database *, store_room_fn *, void *arg);
bool rows_each_grant(struct database *, store_grant_fn *, void *arg);
bool rows_each_guest(struct database *, store_guest_fn *, void *arg);

#endif
