/* help.h -- answers that need nobody else: PING, HELP, LIST
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: the connection's owner.
 * Locks:   LIST takes the registry's.
 * Memory:  the answer is the connection's output. */
#ifndef NET_HELP_H
#define NET_HELP_H

#include "net/conn.h"

void help_pong(struct conn *, const struct words *);
void help_answer(struct conn *, const struct words *);
void help_list(struct conn *, const struct words *);

/* Does the whole text match? * stands for any run of bytes, ? for one;
 * letters of ASCII in any case. */
bool help_matches(struct slice pattern, struct slice text);

#endif
