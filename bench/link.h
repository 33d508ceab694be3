/* link.h -- a member's socket: opened, read, written and closed
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: one.
 * Locks:   none.
 * Memory:  an unsent rest belongs to the member until it is sent. */
#ifndef BENCH_LINK_H
#define BENCH_LINK_H

#include "load.h"

/* Works out where to connect to, and from; exits with a message if it cannot.
 */
void link_resolve(struct load *l);

/* Begins to connect; false when the system has no place for it just now. */
bool link_open(struct load *l, struct member *m);

/* Sends, or keeps what the socket does not take. */
void link_send(struct load *l, struct member *m, const char *data, size_t len);

/* Handles epoll's events. */
void link_event(struct load *l, struct member *m, uint32_t events);

/* Stops or resumes reading. */
void link_read(struct load *l, struct member *m, bool on);

/* Closes, with a RST if told so. Safe to call twice. */
void link_close(struct load *l, struct member *m, bool reset);

#endif
