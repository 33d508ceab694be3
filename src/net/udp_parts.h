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
};

/* Seals what is collected, so that it is as it will be sent. */
void udp_seal(struct udp_session *);

#endif
