/* tls.h -- TLS over a link's socket, and whose certificate is taken
 *
 * SPDX-License-Identifier: MIT
 *
 * A struct vtls outlives connections: a new one goes on with the session of
 * the last where the server allows it. Whether the server's certificate is
 * taken is decided in the handshake, before anything of ours is sent.
 *
 * Threads: one at a time.
 * Locks:   none.
 * Memory:  a struct vtls owns what OpenSSL makes for it. */
#ifndef LIB_TLS_H
#define LIB_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define VTLS_FINGERPRINT_SIZE	72	/* "sha256:", 64 hex digits, NUL */
#define VTLS_BINDING_SIZE	64

struct vtls;

struct vtls_options {
	const char *host;		/* to verify, and to ask for (SNI) */
	const char *fingerprint;	/* this certificate; NULL: verify */
	const char *certificate;	/* our own, a file; or NULL */
	const char *key;		/* NULL: in the same file */
	int         keylog;		/* a descriptor for keys; or -1 */
};

/* NULL, with a phrase in *why_r. */
struct vtls *vtls_new(const struct vtls_options *, const char **why_r);
void vtls_free(struct vtls **);

/* "sha256:" and 64 hex digits? */
bool vtls_is_fingerprint(const char *text);

/* Begins on a socket that is connected; vtls_end() goes before close(). */
bool vtls_begin(struct vtls *, int fd);
void vtls_end(struct vtls *);
/* 1 when the handshake is done, 0 when it has to wait, -1 when it failed. */
int vtls_shake(struct vtls *);

/* How many bytes, 0 when it has to wait, -1 at the end. */
ssize_t vtls_read(struct vtls *, void *bytes, size_t size);
/* The same; the bytes that had to wait have to come first the next time. The
 * end is left to vtls_read(). */
ssize_t vtls_write(struct vtls *, const void *bytes, size_t len);
/* There are bytes to read that no poll() tells of. */
bool vtls_has_more(const struct vtls *);
/* What has to be waited for. */
short vtls_events(const struct vtls *);

/* Of the last failure. */
const char *vtls_why(const struct vtls *);
/* It failed for the server's certificate. */
bool vtls_is_refused(const struct vtls *);
/* Of the certificate that the server showed last; "" for none. */
const char *vtls_fingerprint(const struct vtls *);
/* What only the two ends of this connection know, and in *exporter_r whether
 * it is a tls-exporter or a tls-unique one; its length, 0 for none. */
size_t vtls_binding(const struct vtls *, unsigned char *binding_r,
    bool *exporter_r);

#endif
