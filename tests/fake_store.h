/* fake_store.h -- a log and its threads, done by a test
 *
 * SPDX-License-Identifier: MIT
 *
 * For fake.c alone. Without fake_store() they do nothing.
 *
 * Threads: one.
 * Locks:   the ledger's and the mailboxes' own.
 * Memory:  the fake's. */
#ifndef TESTS_FAKE_STORE_H
#define TESTS_FAKE_STORE_H

#include "fake.h"

/* Does what was asked for and is not held back; sets `more` if something went
 * back. */
void fake_keep(struct fake *);
/* Nothing is held back any more. */
void fake_release(struct fake *);
/* A room of that name that was found at the start; or NULL. */
struct room *fake_known(struct fake *, const struct room_word *);
/* The directory too. Rooms are freed. */
void fake_discard(struct fake *);

#endif
