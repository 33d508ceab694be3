/* fake_io.h -- what an io thread does with its mail, done by a test
 *
 * SPDX-License-Identifier: MIT
 *
 * For fake.c alone.
 *
 * Threads: one.
 * Locks:   the mailboxes' own.
 * Memory:  the fake's. */
#ifndef TESTS_FAKE_IO_H
#define TESTS_FAKE_IO_H

#include "fake.h"
#include "proto/mail.h"

/* All mail that the room and the registry sent. */
void fake_take_all(struct fake *);
/* Hears what the stream has, unless it does not read. */
void fake_read(struct guy *);
/* Everybody goes, then the room and the registry. */
void fake_end(struct fake *);
/* MAIL_AGAIN or MAIL_DETACH, to be answered in the next turn. */
void fake_ask(struct fake *, struct move *);

#endif
