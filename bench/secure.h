/* secure.h -- TLS of one connection, over a socket that does not block
 *
 * SPDX-License-Identifier: MIT
 *
 * Nobody's certificate is verified: it is load that is made here.
 *
 * Threads: one.
 * Locks:   none.
 * Memory:  a context for all; what secure_begin() gives is freed by
 *          secure_end(). */
#ifndef BENCH_SECURE_H
#define BENCH_SECURE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define SECURE_BINDING 32 /* bytes */

struct ssl_ctx_st;
struct ssl_st;

/* What all connections have in common; exits with a message if it cannot. */
struct ssl_ctx_st *secure_init(void);
void secure_fini(struct ssl_ctx_st *ctx);

struct ssl_st *secure_begin(struct ssl_ctx_st *ctx, int fd);
void secure_end(struct ssl_st *ssl);

/* Goes on with the handshake: 1 when it is done; 0 when it waits, to write if
 * `writing_r` says so, else to read; -1 when it has failed. */
int secure_handshake(struct ssl_st *ssl, bool *writing_r);

/* Like recv(2) and send(2), errno being EAGAIN, ECONNRESET or EPROTO. What was
 * not sent must be the first that is sent next. */
ssize_t secure_recv(struct ssl_st *ssl, char *data, size_t size);
ssize_t secure_send(struct ssl_st *ssl, const char *data, size_t len);

/* Binding data of the type tls-exporter (RFC 9266). */
void secure_binding(struct ssl_st *ssl, unsigned char *out_r);

/* What went wrong last, for people. */
const char *secure_fault(void);

#endif
