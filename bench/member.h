/* member.h -- one connection: it enters, says what it may, and takes what comes
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: one.
 * Locks:   none.
 * Memory:  see load.h. */
#ifndef BENCH_MEMBER_H
#define BENCH_MEMBER_H

#include "load.h"

/* It is connected: says what comes first. */
void member_connected(struct load *l, struct member *m);

/* It is where it wanted to be. */
void member_entered(struct load *l, struct member *m);

/* A message took this long to reach it. */
void member_delay(struct load *l, const struct member *m, uint64_t ns);

/* Takes bytes as they were received. INPUT_HEAD bytes before them may be
 * written to. */
void member_take(struct load *l, struct member *m, char *data, size_t len);

/* Asks for a sign of life, which `pongs` counts. */
void member_ping(struct load *l, struct member *m);

/* Says as much as the window and the mode allow. */
void member_speak(struct load *l, struct member *m);

/* Says the last message once more, with the same id. */
void member_repeat(struct load *l, struct member *m);

/* Leaves its room, to enter it again. */
void member_leave(struct load *l, struct member *m);

/* Makes it one of those that speak. */
void member_give_voice(struct load *l, struct member *m);

#endif
