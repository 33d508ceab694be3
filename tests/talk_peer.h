/* talk_peer.h -- one connection to a server under test, never blocking
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: one.
 * Locks:   none.
 * Memory:  a peer is its maker's; what came in stays in it until taken. */
#ifndef TESTS_TALK_PEER_H
#define TESTS_TALK_PEER_H

#include <stdbool.h>
#include <stddef.h>

enum { TALK_LINE_MAX = 4096 };

struct talk_udp;

struct talk_peer {
	char   name[64];
	int    fd;
	struct talk_udp *udp;         /* it speaks by datagrams; or NULL */
	bool   stopped;               /* a reader that does not read */
	bool   ended;                 /* the server's end, or a reset */
	bool   inside;                /* has logged in */
	bool   parted;                /* was told BYE */
	char  *in;
	size_t used, room;
	char   line[TALK_LINE_MAX];   /* the line taken last, without its LF */
};

/* Where to connect: a path for the local socket, else a port of 127.0.0.1,
 * coming from `from` if that is not NULL. */
struct talk_place {
	const char *path;
	const char *from;
	int         port;
};

/* NULL, with the reason, if the server cannot be reached. */
struct talk_peer *talk_peer_new(const char *name,
	const struct talk_place *place, const char **why_r);

/* Closes in the ordinary way; abortively (RST) after talk_peer_reset(). */
void talk_peer_free(struct talk_peer **peer);

void talk_peer_reset(struct talk_peer *peer);

/* Takes in all that is there. */
void talk_peer_read(struct talk_peer *peer);

/* Sends what goes without waiting: how many bytes, or -1 when the server has
 * ended the connection. */
long talk_peer_write(struct talk_peer *peer, const char *bytes, size_t len);

/* Moves the next whole line into peer->line. False if there is none; then
 * *why_r tells what is wrong with the bytes that are there (no line a server
 * may send), or is NULL. */
bool talk_peer_take(struct talk_peer *peer, const char **why_r);

#endif
