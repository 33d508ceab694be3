/* storage.h -- everything that is kept on disk, and its threads
 *
 * SPDX-License-Identifier: MIT
 *
 *   store      account/store.h    settings, roles, reserved names
 *   keeper     ledger/keeper.h    syncs, sums, erases
 *   archive 0  room/archive.h     reads logs for who is behind
 *   archive 1                     searches
 *   backup     account/backup.h   while there is one
 *
 * Threads: main.
 * Locks:   none of its own.
 * Memory:  owns the parts; the registry that uses them is freed before. */
#ifndef STORAGE_H
#define STORAGE_H

#include <stddef.h>

#include "conf/config.h"
#include "room/registry.h"

struct backup;
struct bans;
struct store;
struct storage;

/* Opens what is in the data directory, for the registry; `data` outlives it.
 * NULL: why_r says what cannot be used. */
struct storage *storage_new(const struct config *, const char *data,
    struct registry *, char *why_r, size_t size);
/* Makes its rooms and guests known to the registry, and who is kept out; or
 * -1 and why_r. */
int storage_load(struct storage *, struct bans *, char *why_r, size_t size);
/* 0 or -errno. */
int storage_start(struct storage *);
/* A stop begins: a backup that is under way is given up, or its asker would
 * be waited for. */
void storage_hurry(struct storage *);
/* Before the rooms end: what the store cannot keep now, and the keeper not soon,
 * is given up, and comes back to them. */
void storage_drain(struct storage *);
/* Nobody uses it any more: all is on the disk when this returns. */
void storage_stop(struct storage *);
/* After the registry. */
void storage_free(struct storage **);

struct backup *storage_backup(struct storage *);
struct store *storage_store(struct storage *);

#endif
