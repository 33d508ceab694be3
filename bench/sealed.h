/* sealed.h -- a guest with a session of datagrams
 *
 * SPDX-License-Identifier: MIT
 *
 * Its stream ends as soon as it has the session.
 *
 * Threads: one.
 * Locks:   none.
 * Memory:  part of the struct. */
#ifndef BENCH_SEALED_H
#define BENCH_SEALED_H

#include <stddef.h>

#include "wire/datagram.h"

struct sealed {
	int             fd;	/* connected to the server */
	struct datagram datagram;
};

/* Logs in at 127.0.0.1, asks for a session, and enters the room by it. Ends
 * the program, with why, when that cannot be. */
void sealed_open(struct sealed *, unsigned port, const char *nick,
    const char *room);
void sealed_close(struct sealed *);

/* One datagram with whole lines, DATAGRAM_PLAIN_MAX bytes at most. */
void sealed_send(struct sealed *, const char *lines, size_t len);

/* bench/sealed_floor.c: sends as many datagrams of that many bytes to as many
 * sockets as it can, from the first core, read from the last, for that many
 * seconds; prints what one costs, and gives the exit status. */
int sealed_floor(unsigned members, unsigned bytes, double seconds);

#endif
