/* tls_context.c -- what all encrypted connections have in common
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "net/certificate.h"
#include "net/tls_context.h"
#include "sync/lock.h"

enum {
	FILES = 3,
	PATH_BYTES = 4096 + 16,
	LOOK_MS = 10000,
	RENEW_MS = 86400000,	/* the age at which ticket keys go */
	WARN_DAYS = 14,
	CHAIN_BYTES = 16384	/* the most of a client's certificates */
};

/* By what a file is known to be another. */
struct mark {
	uint64_t inode, seconds, nanoseconds, size;
};

struct tls_context {
	struct lock  lock;
	SSL_CTX     *current;	/* (l) */
	SSL_CTX     *prepared;	/* (o) main's; or NULL */
	BIO_METHOD  *method;	/* (c) */
	char         path[FILES][PATH_BYTES];	/* (c) certificate, key, CA */
	bool         own;	/* (c) the server made the pair */
	bool         ca;	/* (c) there is one for clients */
	struct mark  marks[FILES]; /* (o) main's: as they were last read */
	uint64_t     looked;	/* (o) main's: clock_ms() */
	uint64_t     made;	/* (o) main's: clock_ms() */
	char         fingerprint[FINGERPRINT_MAX]; /* (o) main's */
	_Atomic uint64_t connections, handshakes, failures; /* (a) */
};

static bool
say(char *why, size_t size, const char *path, const char *what)
{
	unsigned long first = ERR_peek_error(), last = ERR_peek_last_error();
	const char *reason =
	    last == 0 ? NULL : ERR_reason_error_string(last);

	/* What follows a file that cannot be opened says less. */
	if (first != 0 && ERR_SYSTEM_ERROR(first))
		snprintf(why, size, "%s: %s", path,
		    strerror(ERR_GET_REASON(first)));
	else if (reason != NULL)
		snprintf(why, size, "%s: %s (%s)", path, what, reason);
	else
		snprintf(why, size, "%s: %s", path, what);
	ERR_clear_error();
	return false;
}

static void
take_marks(const struct tls_context *c, struct mark marks_r[FILES])
{
	memset(marks_r, 0, FILES * sizeof(*marks_r));
	for (int i = 0; i < FILES; i++) {
		struct stat st;

		if (c->path[i][0] == '\0' || stat(c->path[i], &st) < 0)
			continue;
		marks_r[i] = (struct mark){ st.st_ino,
		    (uint64_t)st.st_mtim.tv_sec,
		    (uint64_t)st.st_mtim.tv_nsec, (uint64_t)st.st_size };
	}
}

/* Nobody is there to type a passphrase. */
static int
no_passphrase(char *buf, int size, int writing, void *arg)
{
	(void)buf;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

static int
choose_protocol(SSL *ssl, const unsigned char **chosen_r,
    unsigned char *len_r, const unsigned char *offered, unsigned len,
    void *arg)
{
	static const unsigned char ours[] = "\4vcrp";
	unsigned char *chosen;
	int rc = SSL_select_next_proto(&chosen, len_r, ours, sizeof(ours) - 1,
	    offered, len);

	(void)ssl;
	(void)arg;
	*chosen_r = chosen;
	return rc == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK :
	    SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* Whose certificate it is, is asked at AUTH: what the check says is kept. */
static int
take_any(int good, X509_STORE_CTX *store)
{
	(void)good;
	(void)store;
	return 1;
}

static bool
set_rules(SSL_CTX *ctx)
{
	static const unsigned char id[] = "vcrp";

	SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION |
	    SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
	    SSL_OP_PRIORITIZE_CHACHA | SSL_OP_CLEANSE_PLAINTEXT);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_read_ahead(ctx, 1);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_max_cert_list(ctx, CHAIN_BYTES);
	SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
	SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, NULL);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, take_any);
	return SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
	    SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1 &&
	    SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256:"
	    "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256") == 1 &&
	    SSL_CTX_set1_groups_list(ctx, "X25519:P-256:P-384") == 1 &&
	    SSL_CTX_set_num_tickets(ctx, 1) == 1 &&
	    SSL_CTX_set_session_id_context(ctx, id, sizeof(id) - 1) == 1;
}

static bool
read_pair(const struct tls_context *c, SSL_CTX *ctx, char *why, size_t size)
{
	if (SSL_CTX_use_certificate_chain_file(ctx, c->path[0]) != 1)
		return say(why, size, c->path[0],
		    "is not a certificate in PEM");
	if (c->own && certificate_is_open(c->path[1], false))
		return say(why, size, c->path[1],
		    "others may read it; chmod 600 is due");
	if (SSL_CTX_use_PrivateKey_file(ctx, c->path[1], SSL_FILETYPE_PEM) !=
	    1 || SSL_CTX_check_private_key(ctx) != 1)
		return say(why, size, c->path[1],
		    "is not the certificate's private key in PEM");
	return true;
}

static bool
read_authority(const struct tls_context *c, SSL_CTX *ctx, char *why,
    size_t size)
{
	if (c->ca && SSL_CTX_load_verify_file(ctx, c->path[2]) != 1)
		return say(why, size, c->path[2],
		    "is not a certificate in PEM");
	return true;
}

static void
judge(const struct tls_context *c, SSL_CTX *ctx)
{
	int days = certificate_days(SSL_CTX_get0_certificate(ctx));

	if (days < 0)
		log_warn("certificate %s has expired", c->path[0]);
	else if (days < WARN_DAYS)
		log_warn("certificate %s expires in %d days", c->path[0],
		    days);
	if (!c->own && certificate_is_open(c->path[1], true))
		log_warn("key %s: everybody may read it", c->path[1]);
}

bool
tls_context_prepare(struct tls_context *c, char *why, size_t size)
{
	SSL_CTX *ctx;

	SSL_CTX_free(c->prepared);
	c->prepared = NULL;
	take_marks(c, c->marks);
	ERR_clear_error();
	ctx = SSL_CTX_new(TLS_server_method());
	if (ctx == NULL || !set_rules(ctx)) {
		SSL_CTX_free(ctx);
		return say(why, size, "TLS", "cannot be set up");
	}
	if (!read_pair(c, ctx, why, size) ||
	    !read_authority(c, ctx, why, size)) {
		SSL_CTX_free(ctx);
		return false;
	}
	c->prepared = ctx;
	return true;
}

void
tls_context_take(struct tls_context *c)
{
	char before[FINGERPRINT_MAX];
	SSL_CTX *old;

	if (c->prepared == NULL)
		return;
	memcpy(before, c->fingerprint, sizeof(before));
	certificate_fingerprint(SSL_CTX_get0_certificate(c->prepared),
	    c->fingerprint);
	judge(c, c->prepared);
	lock_take(&c->lock);
	old = c->current;
	c->current = c->prepared;
	lock_drop(&c->lock);
	c->prepared = NULL;
	SSL_CTX_free(old);
	c->made = c->looked = clock_ms();
	if (strcmp(before, c->fingerprint) != 0)
		log_info("certificate %s: %s", c->path[0], c->fingerprint);
}

void
tls_context_look(struct tls_context *c, uint64_t now)
{
	struct mark marks[FILES];
	char why[PATH_BYTES + 256];

	if (now - c->looked < LOOK_MS)
		return;
	c->looked = now;
	take_marks(c, marks);
	if (now - c->made < RENEW_MS &&
	    memcmp(marks, c->marks, sizeof(marks)) == 0)
		return;
	if (tls_context_prepare(c, why, sizeof(why))) {
		tls_context_take(c);
		return;
	}
	/* Tried again when they change, or a day later. */
	c->made = now;
	log_warn("%s; the certificate in use stays", why);
}

static bool
find_files(struct tls_context *c, const struct config *config,
    const char *data, char *why, size_t size)
{
	bool certificate = *config->tls_certificate != '\0';

	if (certificate != (*config->tls_key != '\0'))
		return say(why, size, certificate ? "tls.key" :
		    "tls.certificate", "is missing; they go together");
	c->own = !certificate;
	c->ca = *config->tls_client_ca != '\0';
	snprintf(c->path[2], PATH_BYTES, "%s", config->tls_client_ca);
	if (certificate) {
		snprintf(c->path[0], PATH_BYTES, "%s",
		    config->tls_certificate);
		snprintf(c->path[1], PATH_BYTES, "%s", config->tls_key);
		return true;
	}
	snprintf(c->path[0], PATH_BYTES, "%s/tls.crt", data);
	snprintf(c->path[1], PATH_BYTES, "%s/tls.key", data);
	return true;
}

struct tls_context *
tls_context_new(const struct config *config, const char *data,
    const char *name, char *why, size_t size)
{
	struct tls_context *c = xcalloc(1, sizeof(*c));

	lock_init(&c->lock, LOCK_TLS);
	c->method = tls_method_new();
	if (!find_files(c, config, data, why, size) ||
	    (c->own && !certificate_make(c->path[0], c->path[1], name, why,
	    size)) || !tls_context_prepare(c, why, size)) {
		tls_context_free(&c);
		return NULL;
	}
	tls_context_take(c);
	return c;
}

bool
tls_context_test(const struct config *config, char *why, size_t size)
{
	struct tls_context *c = xcalloc(1, sizeof(*c));
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	bool good;

	ERR_clear_error();
	if (ctx == NULL || !set_rules(ctx))
		good = say(why, size, "TLS", "cannot be set up");
	else
		good = find_files(c, config, "", why, size) &&
		    (c->own || read_pair(c, ctx, why, size)) &&
		    read_authority(c, ctx, why, size);
	SSL_CTX_free(ctx);
	free(c);
	return good;
}

void
tls_context_free(struct tls_context **at)
{
	struct tls_context *c = *at;

	*at = NULL;
	if (c == NULL)
		return;
	SSL_CTX_free(c->prepared);
	SSL_CTX_free(c->current);
	BIO_meth_free(c->method);
	lock_fini(&c->lock);
	free(c);
}

const char *
tls_context_fingerprint(const struct tls_context *c)
{
	return c->fingerprint;
}

void
tls_context_counts(const struct tls_context *c, struct tls_counts *counts_r)
{
	counts_r->connections = c == NULL ? 0 : atomic_load(&c->connections);
	counts_r->handshakes = c == NULL ? 0 : atomic_load(&c->handshakes);
	counts_r->failures = c == NULL ? 0 : atomic_load(&c->failures);
}

SSL *
tls_context_open(struct tls_context *c, bool ask, BIO **bio_r)
{
	SSL_CTX *ctx;
	SSL *ssl;

	lock_take(&c->lock);
	ctx = c->current;
	SSL_CTX_up_ref(ctx);
	lock_drop(&c->lock);
	ssl = SSL_new(ctx);
	*bio_r = BIO_new(c->method);
	if (ssl == NULL || *bio_r == NULL)
		log_fatal("out of memory");
	if (ask || c->ca)
		SSL_set_verify(ssl, SSL_VERIFY_PEER, take_any);
	SSL_CTX_free(ctx);
	atomic_fetch_add(&c->connections, 1);
	return ssl;
}

void
tls_context_closed(struct tls_context *c)
{
	atomic_fetch_sub(&c->connections, 1);
}

void
tls_context_handshake(struct tls_context *c, bool good)
{
	atomic_fetch_add(good ? &c->handshakes : &c->failures, 1);
}
