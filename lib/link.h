/* link.h -- the bytes of one connection, in lines
 *
 * SPDX-License-Identifier: MIT
 *
 * Knows no protocol but its line ends, and that TLS or datagrams may be below.
 * Both directions have a buffer of a fixed size: a full one makes the other
 * side wait.
 *
 * Threads: one at a time.
 * Locks:   none.
 * Memory:  its buffers are part of it; the list of addresses and the
 *          descriptor are released by vlink_close(), and so is udp; tls is its
 *          user's. */
#ifndef LIB_LINK_H
#define LIB_LINK_H

#include <netdb.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/address.h"
#include "lib/tls.h"
#include "lib/udp.h"

#define VLINK_IN	65536
#define VLINK_OUT	65536

struct vlink {
	int              fd;		/* -1 for none */
	bool             connecting;	/* up to the end of TLS's handshake */
	bool             shaking;
	struct vtls     *tls;		/* NULL for none */
	struct vudp     *udp;		/* NULL for a stream */
	const char      *ended;		/* why there is nothing more to read */
	struct addrinfo *addresses;
	struct addrinfo *next;		/* to try when this one fails */
	size_t           in_begin, in_end;
	size_t           out_begin, out_end;
	char             in[VLINK_IN];
	char             out[VLINK_OUT];
};

void vlink_init(struct vlink *, struct vtls *tls);
/* Begins to connect, after looking the host up, which blocks. Whatever goes
 * wrong, here or later, ends up in ended. */
void vlink_open(struct vlink *, const struct vaddress *);
/* Gives up on the address that is being tried; false when it was the last. */
bool vlink_try_next(struct vlink *);
void vlink_close(struct vlink *);
/* Leaves the stream for datagrams, which become the link's. Whole lines that
 * it brought are still to be taken. */
void vlink_switch(struct vlink *, struct vudp *);

short vlink_events(const struct vlink *);
/* Finishes connecting, writes and reads once, all without waiting. */
void vlink_step(struct vlink *);
void vlink_flush(struct vlink *);

/* There is something to read that no poll() tells of. */
bool vlink_has_more(const struct vlink *);

/* Takes a line, without its line end, into line_r of VLINE_MAX bytes. A NUL
 * ends it early; a line that is too long ends the link. */
bool vlink_take(struct vlink *, char *line_r);
bool vlink_has_line(const struct vlink *);
/* All of it or, for want of room, nothing and false. */
bool vlink_put(struct vlink *, const char *bytes, size_t len);

#endif
