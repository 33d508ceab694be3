/* secure.c -- TLS of one connection, over a socket that does not block
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>

#include "secure.h"

/* As much as is taken from a socket at once: a few records. */
#define TAKEN_AT_ONCE (64u << 10)

static void *
must_tls(void *p)
{
	if (p == NULL) {
		fprintf(stderr, "vcrp-bench: TLS: %s\n", secure_fault());
		exit(2);
	}
	return p;
}

struct ssl_ctx_st *
secure_init(void)
{
	SSL_CTX *ctx = must_tls(SSL_CTX_new(TLS_client_method()));

	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_mode(ctx,
	    SSL_MODE_ENABLE_PARTIAL_WRITE |
		SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_read_ahead(ctx, 1);
	SSL_CTX_set_default_read_buffer_len(ctx, TAKEN_AT_ONCE);
	/* An end without close_notify is an end, as it is without TLS. */
	SSL_CTX_set_options(ctx, SSL_OP_IGNORE_UNEXPECTED_EOF);
	return ctx;
}

void
secure_fini(struct ssl_ctx_st *ctx)
{
	SSL_CTX_free(ctx);
}

struct ssl_st *
secure_begin(struct ssl_ctx_st *ctx, int fd)
{
	SSL *ssl = must_tls(SSL_new(ctx));

	if (SSL_set_fd(ssl, fd) != 1)
		must_tls(NULL);
	SSL_set_connect_state(ssl);
	return ssl;
}

void
secure_end(struct ssl_st *ssl)
{
	SSL_free(ssl);
}

int
secure_handshake(struct ssl_st *ssl, bool *writing_r)
{
	int done;

	ERR_clear_error();
	done = SSL_do_handshake(ssl);
	*writing_r = false;
	if (done == 1)
		return 1;
	switch (SSL_get_error(ssl, done)) {
	case SSL_ERROR_WANT_WRITE:
		*writing_r = true;
		return 0;
	case SSL_ERROR_WANT_READ:
		return 0;
	default:
		return -1;
	}
}

static ssize_t
outcome(const SSL *ssl, int done, size_t n)
{
	if (done > 0)
		return n;
	switch (SSL_get_error(ssl, done)) {
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		errno = EAGAIN;
		return -1;
	case SSL_ERROR_SYSCALL:
		if (errno == 0)
			errno = ECONNRESET;
		return -1;
	default:
		errno = EPROTO;
		return -1;
	}
}

ssize_t
secure_recv(struct ssl_st *ssl, char *data, size_t size)
{
	size_t n = 0;
	int done;

	errno = 0;
	ERR_clear_error();
	done = SSL_read_ex(ssl, data, size, &n);
	return outcome(ssl, done, n);
}

ssize_t
secure_send(struct ssl_st *ssl, const char *data, size_t len)
{
	size_t n = 0;
	int done;

	errno = 0;
	ERR_clear_error();
	done = SSL_write_ex(ssl, data, len, &n);
	return outcome(ssl, done, n);
}

void
secure_binding(struct ssl_st *ssl, unsigned char *out_r)
{
	static const char label[] = "EXPORTER-Channel-Binding";

	if (SSL_export_keying_material(ssl, out_r, SECURE_BINDING, label,
		sizeof(label) - 1, (const unsigned char *)"", 0, 1) != 1)
		must_tls(NULL);
}

const char *
secure_fault(void)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	return reason != NULL ? reason : "no reason is given";
}
