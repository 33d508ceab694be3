/* tls.h -- the encryption of one connection
 *
 * SPDX-License-Identifier: MIT
 *
 * OpenSSL reads and writes through a BIO of ours. It reads what was read from
 * the socket before it was known to be TLS, then the socket. What it writes is
 * collected in its thread's scratch, so that one call is one send, and what the
 * socket does not take then is kept with the connection until tls_flush(). So
 * nothing ever has to be written to OpenSSL again, and a connection that has
 * nothing to say has no buffers.
 *
 * Threads: its connection's owner; the context is any's.
 * Locks:   none but the context's, inside tls_new().
 * Memory:  owned by the connection; the socket stays the caller's. What is
 *          kept is TLS_STEP and little more. */
#ifndef NET_TLS_H
#define NET_TLS_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "base/slice.h"
#include "net/certificate.h"

enum {
	TLS_STEP = 65536,	/* encrypted at once */
	TLS_BINDING_MAX = 64
};

struct tls;
struct tls_context;
struct tls_scratch;

/* A thread's; connections that move to another thread take its. */
struct tls_scratch *tls_scratch_new(void);
void tls_scratch_free(struct tls_scratch **);

/* The server's side of a connection, whose first bytes are `early` (copied).
 * ask: for a certificate, which need not be given, and may be anybody's. */
struct tls *tls_new(struct tls_context *, struct tls_scratch *, int fd,
    struct slice early, bool ask);
void tls_free(struct tls **);
void tls_move(struct tls *, struct tls_scratch *);

/* 1: done; 0: it waits for the peer; -1: failed, which the peer was told, and
 * why_r says. */
int tls_handshake(struct tls *, const char **why_r);

/* How many bytes; 0: the peer's orderly end; -EAGAIN: none now, or it is the
 * turn of others; -errno: it is broken, an end without a word being so too. */
ssize_t tls_recv(struct tls *, void *buf, size_t size);
/* After tls_recv(): there may be more, of which epoll need not tell. */
bool tls_readable(const struct tls *);
/* Bytes are here already, of which epoll does not tell at all. */
bool tls_pending(const struct tls *);

/* How many bytes were taken, all of which get there; -EAGAIN or -errno. It
 * takes less, or nothing, only if it is blocked. */
ssize_t tls_send(struct tls *, const struct msghdr *);
/* Something is kept that the socket did not take: nothing is taken before
 * tls_flush(), which is due when the socket takes bytes again. */
bool tls_blocked(const struct tls *);
/* 1: nothing is kept any more; 0: it is; -errno. */
int tls_flush(struct tls *);
/* Tells the peer that no more comes, as far as that can be told. */
void tls_end(struct tls *);

/* What binds a login to this connection: "tls-exporter" (RFC 9266; TLS 1.3),
 * "tls-unique" (RFC 5929; TLS 1.2). Returns its length; 0: this connection has
 * none of that name. */
size_t tls_binding(const struct tls *, const char *type,
    unsigned char binding_r[TLS_BINDING_MAX]);
/* The peer's certificate: its fingerprint; and the common name of its subject,
 * but "" unless tls.client_ca vouches for it. False: it gave none. */
bool tls_certificate(const struct tls *,
    char fingerprint_r[FINGERPRINT_MAX], char name_r[CERTIFICATE_NAME_MAX + 1]);

#endif
