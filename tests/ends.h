/* ends.h -- both ends of a session of datagrams, for tests
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: one at a time.
 * Locks:   none.
 * Memory:  a struct ends is released by ends_tear_down(). */
#ifndef TESTS_ENDS_H
#define TESTS_ENDS_H

#include "wire/datagram.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct ends {
	struct datagram client, server;
};

struct packet {
	unsigned char bytes[DATAGRAM_MAX_BYTES + 1];
	size_t        len;
};

void ends_set_up(struct ends *e);
void ends_tear_down(struct ends *e);
struct packet ends_sealed(struct datagram *from, const char *lines);
/* A PING, with this counter. */
struct packet ends_sealed_as(struct datagram *from, uint64_t counter);
bool ends_opens_as(struct datagram *to, const struct packet *p,
    const char *lines, size_t len);
bool ends_opens(struct datagram *to, const struct packet *p);
/* As a faulty or malicious peer might seal it. */
struct packet ends_seal_any(const struct ends *e, bool server,
    uint64_t counter, const void *plain, size_t len);
/* The line "aaa...a\n" of len bytes, in pieces. */
unsigned ends_cut(struct datagram *from, char letter, size_t len,
    char *line_r, struct packet *pieces_r);

#endif
