/* talk_udp.h -- a participant of a talk script that speaks by datagrams
 *
 * SPDX-License-Identifier: MIT
 *
 * It is a peer like others, but for what is sent at once being one datagram,
 * and for its end, which only BYE tells. Challenges are answered and not shown;
 * AT lines are shown to who wants to hear them.
 *
 * Threads: one.
 * Locks:   none.
 * Memory:  the peer's. */
#ifndef TESTS_TALK_UDP_H
#define TESTS_TALK_UDP_H

#include "talk_peer.h"
#include "wire/datagram.h"

struct talk_udp {
	struct datagram datagram;
	int             port;     /* the server's */
	int             other;    /* a socket to send by; -1: the peer's */
	bool            hears;    /* AT is shown */
	bool            proved;   /* a challenge was answered */
	unsigned char   last[DATAGRAM_MAX_BYTES];
	size_t          last_len; /* what was sent last */
};

/* From the address of `of`, which the line "OK UDP session key" was told.
 * NULL, with the reason. */
struct talk_peer *talk_udp_new(const char *name, const struct talk_peer *of,
	int port, const char *ok, const char **why_r);
void talk_udp_free(struct talk_udp **);

/* As talk_peer_read() and talk_peer_write(). */
void talk_udp_read(struct talk_peer *);
long talk_udp_write(struct talk_peer *, const char *bytes, size_t len);

/* From now on it sends from another port, and from another address if `from`
 * is not NULL, and hears what comes there if `hear`. False: it cannot. */
bool talk_udp_leave(struct talk_peer *, const char *from, bool hear);
/* Its last datagram again, with a bit changed if `forged`. */
bool talk_udp_again(struct talk_peer *, bool forged);

#endif
