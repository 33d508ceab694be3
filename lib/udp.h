/* udp.h -- lines in sealed datagrams, in the order in which they were sent
 *
 * SPDX-License-Identifier: MIT
 *
 * A datagram that is missing is waited for a little while that ones behind it
 * are here, since it may only have been overtaken; then the line VUDP_HOLE, as
 * no server sends it, stands for what was lost. One that comes still later is
 * dropped.
 *
 * That the session is gone is a hint when it comes in the clear: then PING is
 * sent, three times, and it is believed when nothing has come for a second, or
 * three round trips.
 *
 * The socket is not connected: what is sent goes out from whatever address the
 * host has then.
 *
 * Threads: one at a time for one struct vudp.
 * Locks:   none.
 * Memory:  a struct vudp owns its socket, its key and at most VUDP_AHEAD
 *          datagrams that wait for one before them. */
#ifndef LIB_UDP_H
#define LIB_UDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VUDP_HOLE	"\001"
#define VUDP_AHEAD	256
#define VUDP_LEAST	4640	/* room for what one datagram can bring */

struct vudp;

/* To the peer that the stream socket is connected to, with session and key in
 * hexadecimal digits. NULL when that is none, or has no UDP. It is dead after
 * so many ms without an answer. */
struct vudp *vudp_new(int stream, const char *session, const char *key,
    int dead_after);
void vudp_free(struct vudp **);

int vudp_fd(const struct vudp *);
/* Sends whole lines. What the system does not take is lost, as any may be. */
void vudp_send(struct vudp *, const char *lines, size_t len);
/* Reads what is there, and asks if there is doubt. */
void vudp_step(struct vudp *);
/* Takes the lines that come next, as many as fit into size bytes of to, which
 * are VUDP_LEAST or more; how many bytes these are. */
size_t vudp_take(struct vudp *, char *to, size_t size);

/* Something that the server sealed has come. */
bool vudp_is_alive(const struct vudp *);
/* Something was sent, and nothing has come since. */
bool vudp_is_waiting(const struct vudp *);
/* Nothing has, for so long that it never will; or the session is gone. */
bool vudp_is_dead(const struct vudp *);
/* When vudp_step() or vudp_is_dead() has news without a datagram. */
int64_t vudp_deadline(const struct vudp *);
/* When the last datagram was sent. */
int64_t vudp_sent_at(const struct vudp *);

/* An answer took so many ms, to what was sent once. (RFC 6298) */
void vudp_measured(struct vudp *, int64_t ms);
/* How long to wait for an answer to what was sent so many times: at least
 * 200 ms, twice as much each time, at most 5 s. */
int64_t vudp_patience(const struct vudp *, unsigned tries);

#endif
