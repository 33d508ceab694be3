/* member.h -- one connection: what it receives is checked, what it says is made
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: one.
 * Locks:   none.
 * Memory:  see load.h. */
#ifndef BENCH_MEMBER_H
#define BENCH_MEMBER_H

#include "load.h"

/* Takes bytes as they were received. */
void member_take(
    struct load *l, struct member *m, const char *data, size_t len);

/* Says as much as the window and the mode allow. */
void member_speak(struct load *l, struct member *m);

/* Makes it one of those that speak. */
void member_give_voice(struct load *l, struct member *m);

/* Ends its comparing with the record: from here on its lines are looked at one
 * by one, until one is recorded. What it had of a begun line is kept. */
void member_detach(struct member *m);

#endif
