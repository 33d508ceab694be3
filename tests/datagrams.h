/* datagrams.h -- a udp thread on the test's own thread, and sessions that keep
 *                what they are sent
 *
 * SPDX-License-Identifier: MIT
 *
 * The room and its log are the fake's (fake.h), io thread 0 is one of the
 * fake's mailboxes, and io thread 1 a real one with a real socket. Nothing
 * runs by itself, and time passes only where a test says so; what is on the
 * way by the kernel's loopback is there when the sender's call is over.
 *
 * Threads: one.
 * Locks:   those of what is tested.
 * Memory:  stage_free() frees all. */
#ifndef TESTS_DATAGRAMS_H
#define TESTS_DATAGRAMS_H

#include "fake.h"
#include "net/io.h"
#include "net/udp.h"

enum { PEERS_MAX = 8, ROOMS_MAX = 2 };

/* The other end of a session. */
struct peer_session {
	struct stage    *stage;
	struct conn     *conn;		/* the server's; NULL: it has ended */
	uint64_t         id;
	int              fd;
	struct datagram  datagram;
	bool             deaf;		/* what comes is lost */
	struct blob     *heard;		/* since it was last asked for */
	unsigned         datagrams;	/* the same */
	unsigned         largest;	/* of them, bytes */
};

struct stage {
	struct fake        *fake;
	struct room        *rooms[ROOMS_MAX];
	struct net          net;
	struct udp_sockets  sockets;
	uint16_t            port;
	struct peer_session peers[PEERS_MAX];
	unsigned            count;
};

/* A room "lobby"; with a log or without. */
struct stage *stage_new(bool log);
void stage_free(struct stage **);
/* Another room. */
void stage_room(struct stage *, const char *word);
/* Somebody who hears nothing by datagrams; the second is in the first room. */
struct guy *stage_guest(struct stage *, const char *nick);
struct guy *stage_guy(struct stage *, const char *nick);
/* He says so many lines of a thousand bytes or so in the first room, one at a
 * time or together. */
void stage_fill(struct stage *, struct guy *, unsigned count, bool together);
/* A session of a new guest. */
struct peer_session *stage_peer(struct stage *, const char *nick);
/* Everything is done that can be done at this time. */
void stage_round(struct stage *);
/* Time passes, 1 ms after the other. */
void stage_wait(struct stage *, unsigned ms);

/* Sends a line. */
void peer_post(struct peer_session *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* The same, and what comes of it. */
void peer_say(struct peer_session *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* What was heard since the last question: as fake_heard(). */
bool peer_heard(struct peer_session *, const char *text);
/* How many lines with that in them were heard; forgets nothing. */
unsigned peer_count(struct peer_session *, const char *text);
/* Was `then` heard behind `first`? */
bool peer_has(struct peer_session *, const char *first, const char *then);
void peer_forget(struct peer_session *);

#endif
