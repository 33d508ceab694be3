/* tls.c -- the encryption of one connection
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "net/tls.h"
#include "net/tls_context.h"

enum {
	RECORD = 16384,		/* plain bytes in a full record */
	OUT_BYTES = TLS_STEP + 8192,	/* a step's records, or a handshake's */
	KEPT_MOST = 2 * OUT_BYTES,	/* who lets more pile up takes none */
	READ_MOST = RECORD,	/* of the socket, then others have a turn */
	EXPORTER_BYTES = 32
};

struct tls_scratch {
	size_t len;
	char   out[OUT_BYTES];	/* records to be sent when the call ends */
	char   gather[RECORD];	/* parts that make up a record */
};

struct tls {
	SSL                *ssl;
	struct tls_context *context;
	struct tls_scratch *scratch;
	int                 fd;
	int                 error;	/* of the socket; 0: none */
	bool                ready;	/* the handshake is over */
	bool                broken;	/* nothing more may be written */
	bool                emptied;	/* the socket, by a look of this call */
	bool                yielded;	/* it was not looked at again */
	bool                more;	/* tls_readable() */
	size_t              read;	/* since others had a turn */
	char               *early;	/* read before; or NULL */
	size_t              early_len, early_at;
	char               *kept;	/* not taken by the socket; or NULL */
	size_t              kept_len, kept_at;
};

struct tls_scratch *
tls_scratch_new(void)
{
	struct tls_scratch *s = xmalloc(sizeof(*s));

	s->len = 0;
	return s;
}

void
tls_scratch_free(struct tls_scratch **at)
{
	free(*at);
	*at = NULL;
}

/* How many the socket took. */
static size_t
push_some(struct tls *t, const char *at, size_t len)
{
	ssize_t n;

	if (t->error != 0)
		return len;
	do {
		n = send(t->fd, at, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno != EAGAIN) {
		t->error = errno;
		return len;
	}
	return n < 0 ? 0 : (size_t)n;
}

static void
keep(struct tls *t, const char *at, size_t len)
{
	size_t old = t->kept_len - t->kept_at;

	if (old + len > KEPT_MOST) {
		t->error = ENOBUFS;
		return;
	}
	if (t->kept_at > 0)
		memmove(t->kept, t->kept + t->kept_at, old);
	t->kept = xrealloc(t->kept, old + len);
	memcpy(t->kept + old, at, len);
	t->kept_len = old + len;
	t->kept_at = 0;
}

/* What is kept goes before what is new. */
static void
push(struct tls *t)
{
	struct tls_scratch *s = t->scratch;
	size_t n = 0;

	if (t->kept != NULL) {
		t->kept_at += push_some(t, t->kept + t->kept_at,
		    t->kept_len - t->kept_at);
		if (t->kept_at == t->kept_len) {
			free(t->kept);
			t->kept = NULL;
			t->kept_len = t->kept_at = 0;
		}
	}
	if (s->len > 0 && t->kept == NULL)
		n = push_some(t, s->out, s->len);
	if (n < s->len)
		keep(t, s->out + n, s->len - n);
	s->len = 0;
}

static int
bio_write(BIO *bio, const char *at, int len)
{
	struct tls *t = BIO_get_data(bio);
	struct tls_scratch *s = t->scratch;

	BIO_clear_retry_flags(bio);
	if (s->len + (size_t)len > sizeof(s->out))
		push(t);
	if ((size_t)len > sizeof(s->out)) {
		keep(t, at, (size_t)len);
		return len;
	}
	memcpy(s->out + s->len, at, (size_t)len);
	s->len += (size_t)len;
	return len;
}

static int
read_early(struct tls *t, char *to, size_t len)
{
	size_t left = t->early_len - t->early_at;
	size_t n = left < len ? left : len;

	memcpy(to, t->early + t->early_at, n);
	t->early_at += n;
	if (t->early_at == t->early_len) {
		free(t->early);
		t->early = NULL;
	}
	return (int)n;
}

/* OpenSSL goes on by itself behind what is no data, such as new keys, of which
 * a peer may send more than can be worked on: so it is told that nothing is
 * there, now and then. */
static int
bio_read(BIO *bio, char *to, int len)
{
	struct tls *t = BIO_get_data(bio);
	ssize_t n;

	BIO_clear_retry_flags(bio);
	if (t->early != NULL)
		return read_early(t, to, (size_t)len);
	t->yielded = t->read >= READ_MOST;
	if (t->yielded) {
		t->read = 0;
		BIO_set_retry_read(bio);
		return -1;
	}
	do {
		n = recv(t->fd, to, (size_t)len, MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	t->emptied = n < len;
	t->read = n > 0 ? t->read + (size_t)n : 0;
	if (n < 0 && errno == EAGAIN)
		BIO_set_retry_read(bio);
	else if (n < 0)
		t->error = errno;
	return (int)n;
}

static long
bio_ctrl(BIO *bio, int command, long number, void *at)
{
	(void)bio;
	(void)number;
	(void)at;
	return command == BIO_CTRL_FLUSH;
}

BIO_METHOD *
tls_method_new(void)
{
	BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() |
	    BIO_TYPE_SOURCE_SINK, "connection");

	if (m != NULL) {
		BIO_meth_set_write(m, bio_write);
		BIO_meth_set_read(m, bio_read);
		BIO_meth_set_ctrl(m, bio_ctrl);
	}
	return m;
}

struct tls *
tls_new(struct tls_context *context, struct tls_scratch *scratch, int fd,
    struct slice early, bool ask)
{
	struct tls *t = xcalloc(1, sizeof(*t));
	BIO *bio;

	t->context = context;
	t->scratch = scratch;
	t->fd = fd;
	if (early.len > 0)
		t->early = xmemdup(early.at, early.len);
	t->early_len = early.len;
	t->ssl = tls_context_open(context, ask, &bio);
	BIO_set_data(bio, t);
	BIO_set_init(bio, 1);
	SSL_set_bio(t->ssl, bio, bio);
	SSL_set_accept_state(t->ssl);
	return t;
}

void
tls_free(struct tls **at)
{
	struct tls *t = *at;

	*at = NULL;
	if (t == NULL)
		return;
	if (!t->ready && !t->broken)
		tls_context_handshake(t->context, false);
	tls_context_closed(t->context);
	SSL_free(t->ssl);
	free(t->early);
	free(t->kept);
	free(t);
}

void
tls_move(struct tls *t, struct tls_scratch *scratch)
{
	t->scratch = scratch;
}

static const char *
failure(const struct tls *t)
{
	const char *why = ERR_reason_error_string(ERR_peek_last_error());

	if (t->error != 0)
		return strerror(t->error);
	return why != NULL ? why : "the peer has closed the connection";
}

int
tls_handshake(struct tls *t, const char **why_r)
{
	int rc, what;

	ERR_clear_error();
	rc = SSL_do_handshake(t->ssl);
	what = SSL_get_error(t->ssl, rc);
	push(t);
	if (t->error == 0 && t->kept == NULL && what == SSL_ERROR_WANT_READ)
		return 0;
	t->ready = rc == 1 && t->error == 0;
	tls_context_handshake(t->context, t->ready);
	if (t->ready)
		return 1;
	t->broken = true;
	*why_r = failure(t);
	ERR_clear_error();
	return -1;
}

/* OpenSSL has failed for good, or the socket. */
static ssize_t
fail(struct tls *t)
{
	t->broken = true;
	ERR_clear_error();
	return t->error != 0 ? -t->error : -ECONNRESET;
}

ssize_t
tls_recv(struct tls *t, void *buf, size_t size)
{
	size_t n = 0;
	int rc, what;

	ERR_clear_error();
	/* What came since the last look was told, once, maybe while records
	 * were left over from then: only a look of this call counts. */
	t->emptied = t->yielded = t->more = false;
	rc = SSL_read_ex(t->ssl, buf, size, &n);
	what = SSL_get_error(t->ssl, rc);
	push(t);
	if (t->error != 0)
		return fail(t);
	switch (what) {
	case SSL_ERROR_NONE:
		t->more = !t->emptied || tls_pending(t);
		return (ssize_t)n;
	case SSL_ERROR_WANT_READ:
		t->more = t->yielded;
		return -EAGAIN;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	default:
		return fail(t);
	}
}

bool
tls_pending(const struct tls *t)
{
	return t->early != NULL || SSL_has_pending(t->ssl);
}

bool
tls_readable(const struct tls *t)
{
	return t->more;
}

static bool
encrypt(struct tls *t, const char *at, size_t len)
{
	size_t n;

	return SSL_write_ex(t->ssl, at, len, &n) == 1;
}

/* Where a message is read: whole records straight from their part, the rest by
 * way of the scratch. */
struct reader {
	const struct msghdr *msg;
	size_t part, at;
};

/* The next record's plain bytes, at most `most`; 0: there are no more. */
static size_t
next_record(struct reader *r, struct tls_scratch *s, const char **at_r)
{
	size_t len = 0;

	while (r->part < r->msg->msg_iovlen && len < RECORD) {
		const struct iovec *v = &r->msg->msg_iov[r->part];
		size_t left = v->iov_len - r->at;
		const char *at = (const char *)v->iov_base + r->at;
		size_t n = left < RECORD - len ? left : RECORD - len;

		if (len == 0 && (n == RECORD ||
		    r->part + 1 == r->msg->msg_iovlen)) {
			r->at += n;
			*at_r = at;
			return n;
		}
		memcpy(s->gather + len, at, n);
		len += n;
		r->at += n;
		if (r->at == v->iov_len) {
			r->part++;
			r->at = 0;
		}
	}
	*at_r = s->gather;
	return len;
}

ssize_t
tls_send(struct tls *t, const struct msghdr *msg)
{
	struct reader r = { .msg = msg };
	ssize_t taken = 0;

	if (!t->ready || t->broken)
		return -ENOTCONN;
	if (t->kept != NULL && tls_flush(t) <= 0)
		return t->error != 0 ? fail(t) : -EAGAIN;
	ERR_clear_error();
	while (t->kept == NULL) {
		size_t step = 0, n = 0;
		const char *at;

		while (step < TLS_STEP && (n = next_record(&r, t->scratch,
		    &at)) > 0) {
			if (!encrypt(t, at, n))
				t->error = EPROTO;
			step += n;
		}
		push(t);
		if (t->error != 0)
			return fail(t);
		taken += (ssize_t)step;
		if (n == 0)
			break;
	}
	return taken;
}

bool
tls_blocked(const struct tls *t)
{
	return t->kept != NULL;
}

int
tls_flush(struct tls *t)
{
	push(t);
	if (t->error != 0)
		return (int)fail(t);
	return t->kept == NULL;
}

void
tls_end(struct tls *t)
{
	if (t->broken || !t->ready || t->kept != NULL)
		return;
	t->broken = true;
	ERR_clear_error();
	(void)SSL_shutdown(t->ssl);
	push(t);
	ERR_clear_error();
}

size_t
tls_binding(const struct tls *t, const char *type,
    unsigned char binding_r[TLS_BINDING_MAX])
{
	static const char label[] = "EXPORTER-Channel-Binding";
	bool newest = SSL_version(t->ssl) >= TLS1_3_VERSION;

	if (!t->ready)
		return 0;
	if (strcmp(type, "tls-exporter") == 0 && newest)
		return SSL_export_keying_material(t->ssl, binding_r,
		    EXPORTER_BYTES, label, sizeof(label) - 1, NULL, 0, 0) == 1
		    ? EXPORTER_BYTES : 0;
	/* Without the extended master secret another connection can be made
	 * to have the same one (RFC 7627). */
	if (strcmp(type, "tls-unique") != 0 || newest ||
	    SSL_get_extms_support(t->ssl) != 1)
		return 0;
	/* The first Finished of the handshake. */
	return SSL_session_reused(t->ssl) ?
	    SSL_get_finished(t->ssl, binding_r, TLS_BINDING_MAX) :
	    SSL_get_peer_finished(t->ssl, binding_r, TLS_BINDING_MAX);
}

bool
tls_certificate(const struct tls *t, char fingerprint_r[FINGERPRINT_MAX],
    char name_r[CERTIFICATE_NAME_MAX + 1])
{
	X509 *x = t->ready ? SSL_get0_peer_certificate(t->ssl) : NULL;

	if (x == NULL)
		return false;
	certificate_fingerprint(x, fingerprint_r);
	if (SSL_get_verify_result(t->ssl) != X509_V_OK ||
	    !certificate_name(x, name_r))
		*name_r = '\0';
	return true;
}
