/* store_copy.h -- the store's database, copied while it is in use
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: any that may wait for a disk.
 * Locks:   none but SQLite's.
 * Memory:  none is kept. */
#ifndef ACCOUNT_STORE_COPY_H
#define ACCOUNT_STORE_COPY_H

#include <stdatomic.h>

#include "account/tree.h"

#define STORE_FILE	"vcrpd.db"

/* Copies the database `path`, as it is at one moment, to STORE_FILE in the
 * tree. 0 or -errno; -ECANCELED if *stop (may be NULL) becomes true. SQLite's
 * own words are logged. */
int store_copy(struct tree *, const char *path, const atomic_bool *stop);

#endif
