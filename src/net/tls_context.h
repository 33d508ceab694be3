/* tls_context.h -- what all encrypted connections have in common
 *
 * SPDX-License-Identifier: MIT
 *
 * The certificate, its key and the rules: TLS 1.2 and 1.3, ephemeral keys and
 * authenticated ciphers only, no compression, no renegotiation, no early data.
 * Sessions are resumed by tickets, of which the server keeps nothing; their
 * keys go with the context, which is made anew every day. A new one is for
 * new connections: those that are there keep the one that they have.
 *
 * Threads: main makes, prepares, looks, frees; the rest any.
 * Locks:   its own, rank LOCK_TLS, inside.
 * Memory:  outlives the connections. */
#ifndef NET_TLS_CONTEXT_H
#define NET_TLS_CONTEXT_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "conf/config.h"

struct tls_context;

struct tls_counts {
	uint64_t connections;	/* now, handshakes under way included */
	uint64_t handshakes;	/* that succeeded */
	uint64_t failures;	/* that did not */
};

/* data: the directory where a pair is made if the configuration names none;
 * name: of the server. NULL: why_r names the file and what is wrong. */
struct tls_context *tls_context_new(const struct config *, const char *data,
    const char *name, char *why_r, size_t size);
/* Are the files that the configuration names good? Nothing is made, and
 * what the server makes for itself is not looked at. */
bool tls_context_test(const struct config *, char *why_r, size_t size);
void tls_context_free(struct tls_context **);

/* Reads the files again, for tls_context_take() to be used from then on; what
 * was prepared before is dropped. False: nothing is prepared; why_r. */
bool tls_context_prepare(struct tls_context *, char *why_r, size_t size);
void tls_context_take(struct tls_context *);
/* Takes files that have changed, and a day's new context; logs what is wrong
 * with them, once. now: clock_ms(). */
void tls_context_look(struct tls_context *, uint64_t now);

/* "sha256:..." of the certificate in use; main's. */
const char *tls_context_fingerprint(const struct tls_context *);
void tls_context_counts(const struct tls_context *, struct tls_counts *);

/* net/tls.c's: a new connection by what is in use, and a BIO for it. */
SSL *tls_context_open(struct tls_context *, bool ask, BIO **bio_r);
void tls_context_closed(struct tls_context *);
void tls_context_handshake(struct tls_context *, bool good);
BIO_METHOD *tls_method_new(void);

#endif
