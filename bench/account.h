/* account.h -- a member logs in to an account, by SCRAM
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: one.
 * Locks:   none.
 * Memory:  a member's `login`, which load.h has. */
#ifndef BENCH_ACCOUNT_H
#define BENCH_ACCOUNT_H

#include "load.h"
#include "words.h"

/* Its account's name; false where it is a guest. */
bool account_name(
    const struct load *l, const struct member *m, char *out_r, size_t size);

/* Writes the AUTH line that begins a login; gives its length. */
size_t account_begin(const struct load *l, const struct member *m, char *out_r);

/* Answers a challenge, of which `w` has the words. */
void account_challenged(struct load *l, struct member *m, struct words *w);

/* The server says that it is logged in: a fault if it has not proved that it
 * knows the password. */
void account_proved(struct load *l, struct member *m);

#endif
