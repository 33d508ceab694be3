/* udp_parts.h -- the inside of the udp thread's part, for its files
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: the udp thread.
 * Locks:   none.
 * Memory:  udp.h */
#ifndef NET_UDP_PARTS_H
#define NET_UDP_PARTS_H

#include "net/discovery.h"
#include "net/io.h"
#include "net/udp.h"

enum {
	UDP_BATCH = 256,	/* datagrams received in a pass: what is behind
				 * them waits until the rooms had theirs */
	UDP_SLOTS = UDP_BATCH	/* collected before they must go */
};

/* One datagram out: lines, until it is sealed. */
struct udp_slot {
	struct udp_session *session;	/* NULL: it is sealed */
	struct udp_path     path;
	uint16_t            len;
	unsigned char       bytes[DATAGRAM_MAX_BYTES];
};

/* What the calls for many messages need of one. */
struct udp_message {
	struct sockaddr_in6 name;
	struct iovec        iov;
	char                control[UDP_CONTROL_BYTES]
	    __attribute__((aligned(8)));
};

/* Of a membership, or of one that has ended. */
struct reminder {
	struct link         by_time;
	uint64_t            due;	/* as clock_ms() */
	uint8_t             pause;	/* before it: whose list it is in */
	bool                late;	/* an event was left out since AT */
	bool                replaying;	/* a JOIN's answer is not complete */
	uint32_t            left;	/* bytes of it that may come */
	uint64_t            last;	/* what was known to be the room's last
					 * when it was set */
	struct udp_session *session;
	struct member      *member;	/* NULL: it has ended */
	struct link         in_session;	/* then: in `farewells` */
	struct blob        *words;	/* then: the last ones; before, of a
					 * conversation that entered it: its
					 * ROOM, for a while; or NULL */
	const struct room  *room;	/* then: may be gone */
};

enum { UDP_PAUSES = 8 };	/* 200 ms, doubling, and 15 s */

struct udp {
	struct udp_sockets *sockets;	/* (c) */
	struct discovery    discovery;	/* (o) */
	struct table        sessions;	/* (o) */
	struct counter      counts[UDP_COUNTS]; /* (a) */
	unsigned            next;	/* (o) the socket to begin with */
	unsigned            came;	/* (o) datagrams of this pass */
	struct udp_path     paths[UDP_BATCH];	/* (o) of these */
	size_t              lens[UDP_BATCH];	/* (o) 0: to be dropped */
	unsigned char       in[UDP_BATCH][DATAGRAM_MAX_BYTES]; /* (o) */
	char                lines[DATAGRAM_LINE_MAX]; /* (o) of one */
	unsigned            used;	/* (o) slots, the first of these */
	struct udp_slot    *slots[UDP_SLOTS];	/* (o) */
	struct udp_message  messages[UDP_BATCH]; /* (o) */
	struct mmsghdr      headers[UDP_BATCH]; /* (o) */
	struct link         blocked;	/* (o) sessions, by when they began */
	struct link         reminders[UDP_PAUSES]; /* (o) each by due */
};

/* The thread is woken by what comes, and, of one that is full, when it takes
 * more. how: as epoll_ctl(2). */
bool udp_watch(struct io *, struct udp_socket *, int how, bool full);
/* Seals what is collected, so that it is as it will be sent. */
void udp_seal(struct udp_session *);

/* udp_pace.c: it may be sent as much as a bucket has. */
void udp_pace_init(struct udp_session *);
/* Those that were blocked for long enough; and when one will have been. */
void udp_unblock(struct io *);
uint64_t udp_unblock_at(const struct io *);

/* udp_remind.c: what is due; and when something is. */
void remind_time(struct io *);
uint64_t remind_next(const struct io *);
/* The session ends. */
void remind_close(struct udp_session *);

#endif
