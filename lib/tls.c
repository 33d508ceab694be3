/* tls.c -- TLS over a link's socket, and whose certificate is taken
 *
 * SPDX-License-Identifier: MIT */
#include "lib/tls.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define SCHEME		"sha256:"
#define DIGITS		64
#define ALPN		"\4vcrp"
#define EXPORTER	"EXPORTER-Channel-Binding"
#define EXPORTER_SIZE	32
#define WHY_SIZE	200

struct vtls {
	SSL_CTX     *context;
	BIO_METHOD  *method;
	SSL         *ssl;		/* NULL between connections */
	SSL_SESSION *session;		/* to go on with; or NULL */
	char        *host;
	int          fd;
	int          keylog;		/* or -1 */
	int          write_error;	/* that no write has told of */
	bool         failed;
	bool         refused;
	char         expected[VTLS_FINGERPRINT_SIZE];	/* "" to verify */
	char         fingerprint[VTLS_FINGERPRINT_SIZE];
	char         why[WHY_SIZE];
};

/* OpenSSL's own socket BIO would raise SIGPIPE. */
static int
on_write(BIO *bio, const char *bytes, int len)
{
	struct vtls *tls = BIO_get_data(bio);
	ssize_t n;

	BIO_clear_retry_flags(bio);
	do
		n = send(tls->fd, bytes, (size_t)len, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n >= 0)
		return (int)n;
	/* There may be something to read still, so this is no failure yet. */
	if (errno != EAGAIN)
		tls->write_error = errno;
	BIO_set_retry_write(bio);
	return -1;
}

static int
on_read(BIO *bio, char *bytes, int size)
{
	struct vtls *tls = BIO_get_data(bio);
	ssize_t n;

	BIO_clear_retry_flags(bio);
	do
		n = recv(tls->fd, bytes, (size_t)size, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		BIO_set_retry_read(bio);
	return (int)n;
}

static long
on_control(BIO *bio, int command, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return command == BIO_CTRL_FLUSH;
}

static void
render_fingerprint(const X509 *certificate, char *fingerprint_r)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0, i;
	char *at = stpcpy(fingerprint_r, SCHEME);

	if (!X509_digest(certificate, EVP_sha256(), digest, &len))
		len = 0;
	for (i = 0; i < len; i++)
		at += sprintf(at, "%02x", digest[i]);
}

/* In the place of all of OpenSSL's verification: 1 when it is taken. */
static int
on_certificate(X509_STORE_CTX *chain, void *arg)
{
	struct vtls *tls = arg;
	const char *why = "it is another one than expected";

	render_fingerprint(X509_STORE_CTX_get0_cert(chain), tls->fingerprint);
	if (tls->expected[0] == '\0') {
		if (X509_verify_cert(chain) == 1)
			return 1;
		why = X509_verify_cert_error_string(
		    X509_STORE_CTX_get_error(chain));
	} else if (strcasecmp(tls->expected, tls->fingerprint) == 0) {
		X509_STORE_CTX_set_error(chain, X509_V_OK);
		return 1;
	} else {
		X509_STORE_CTX_set_error(chain,
		    X509_V_ERR_APPLICATION_VERIFICATION);
	}
	tls->refused = true;
	snprintf(tls->why, sizeof(tls->why), "the server's certificate is not "
	    "taken: %s", why);
	return 0;
}

static int
on_session(SSL *ssl, SSL_SESSION *session)
{
	struct vtls *tls = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

	SSL_SESSION_free(tls->session);
	tls->session = session;
	return 1;
}

/* Lines as SSLKEYLOGFILE has them. */
static void
on_key(const SSL *ssl, const char *line)
{
	struct vtls *tls = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

	/* Who misses a key sees that in the file. */
	dprintf(tls->keylog, "%s\n", line);
}

/* A library asks nobody. */
static int
on_passphrase(char *text, int size, int encrypting, void *arg)
{
	(void)text;
	(void)size;
	(void)encrypting;
	(void)arg;
	return -1;
}

static bool
set_up(struct vtls *tls)
{
	SSL_CTX *context = tls->context;

	SSL_CTX_set_app_data(context, tls);
	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(context, on_certificate, tls);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT |
	    SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(context, on_session);
	SSL_CTX_set_default_passwd_cb(context, on_passphrase);
	if (tls->keylog >= 0)
		SSL_CTX_set_keylog_callback(context, on_key);
	return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) &&
	    SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") &&
	    SSL_CTX_set_default_verify_paths(context) &&
	    SSL_CTX_set_alpn_protos(context, (const unsigned char *)ALPN,
	    strlen(ALPN)) == 0;
}

static bool
make_method(struct vtls *tls)
{
	tls->method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "vcrp");
	return tls->method != NULL &&
	    BIO_meth_set_write(tls->method, on_write) &&
	    BIO_meth_set_read(tls->method, on_read) &&
	    BIO_meth_set_ctrl(tls->method, on_control);
}

static const char *
load(SSL_CTX *context, const struct vtls_options *o)
{
	const char *key = o->key != NULL ? o->key : o->certificate;

	if (o->certificate == NULL)
		return NULL;
	if (SSL_CTX_use_certificate_chain_file(context, o->certificate) != 1)
		return "the file of the certificate cannot be used";
	if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
		return "the file of the certificate's key cannot be used, or "
		    "wants a passphrase";
	return NULL;
}

struct vtls *
vtls_new(const struct vtls_options *o, const char **why_r)
{
	struct vtls *tls = calloc(1, sizeof(*tls));

	*why_r = strerror(ENOMEM);
	if (tls == NULL)
		return NULL;
	tls->keylog = o->keylog;
	tls->host = strdup(o->host);
	tls->context = SSL_CTX_new(TLS_client_method());
	if (o->fingerprint != NULL)
		snprintf(tls->expected, sizeof(tls->expected), "%s",
		    o->fingerprint);
	if (tls->host == NULL || tls->context == NULL || !make_method(tls) ||
	    !set_up(tls))
		goto fail;
	*why_r = load(tls->context, o);
	if (*why_r == NULL)
		return tls;
fail:
	ERR_clear_error();
	vtls_free(&tls);
	return NULL;
}

void
vtls_free(struct vtls **at)
{
	struct vtls *tls = *at;

	*at = NULL;
	if (tls == NULL)
		return;
	vtls_end(tls);
	SSL_SESSION_free(tls->session);
	SSL_CTX_free(tls->context);
	BIO_meth_free(tls->method);
	free(tls->host);
	free(tls);
}

bool
vtls_is_fingerprint(const char *text)
{
	size_t len = strlen(SCHEME);

	return strncasecmp(text, SCHEME, len) == 0 &&
	    strspn(text + len, "0123456789abcdefABCDEF") == DIGITS &&
	    text[len + DIGITS] == '\0';
}

/* An address is verified as one, and no server is asked for by it. */
static bool
set_host(struct vtls *tls)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(tls->ssl);

	if (X509_VERIFY_PARAM_set1_ip_asc(param, tls->host) == 1)
		return true;
	SSL_set_hostflags(tls->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set1_host(tls->ssl, tls->host) == 1 &&
	    SSL_set_tlsext_host_name(tls->ssl, tls->host) == 1;
}

bool
vtls_begin(struct vtls *tls, int fd)
{
	BIO *bio = BIO_new(tls->method);

	tls->fd = fd;
	tls->write_error = 0;
	tls->failed = tls->refused = false;
	tls->ssl = SSL_new(tls->context);
	if (bio != NULL && tls->ssl != NULL && set_host(tls)) {
		BIO_set_data(bio, tls);
		BIO_set_init(bio, 1);
		SSL_set_bio(tls->ssl, bio, bio);
		SSL_set_connect_state(tls->ssl);
		if (tls->session != NULL)
			SSL_set_session(tls->ssl, tls->session);
		return true;
	}
	BIO_free(bio);
	snprintf(tls->why, sizeof(tls->why), "%s", strerror(ENOMEM));
	return false;
}

void
vtls_end(struct vtls *tls)
{
	if (tls->ssl == NULL)
		return;
	if (!tls->failed && SSL_is_init_finished(tls->ssl))
		SSL_shutdown(tls->ssl);
	/* A connection that was cut makes no session a bad one. */
	SSL_set_shutdown(tls->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(tls->ssl);
	tls->ssl = NULL;
	ERR_clear_error();
}

static void
explain(struct vtls *tls, int system_error)
{
	unsigned long code = ERR_peek_error();
	const char *why = ERR_reason_error_string(code);

	if (ERR_GET_REASON(code) == SSL_R_WRONG_VERSION_NUMBER)
		why = "the server does not speak it here";
	if (code != 0)
		snprintf(tls->why, sizeof(tls->why), "TLS: %s",
		    why != NULL ? why : "something is wrong");
	else
		snprintf(tls->why, sizeof(tls->why), "%s", system_error != 0 ?
		    strerror(system_error) :
		    "the server closed the connection");
}

/* What result of an SSL_ function means: 0 to wait, -1 for the end. */
static int
judge(struct vtls *tls, int result, int system_error)
{
	int error = SSL_get_error(tls->ssl, result);

	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
		return 0;
	tls->failed = error != SSL_ERROR_ZERO_RETURN;
	if (!tls->refused)
		explain(tls, error == SSL_ERROR_ZERO_RETURN ? 0 : system_error);
	ERR_clear_error();
	return -1;
}

int
vtls_shake(struct vtls *tls)
{
	int result;

	ERR_clear_error();
	errno = 0;
	result = SSL_do_handshake(tls->ssl);
	if (result == 1)
		return 1;
	result = judge(tls, result, errno);
	if (result == 0 && tls->write_error != 0) {
		explain(tls, tls->write_error);
		result = -1;
	}
	/* Maybe it was the session that the server did not like. */
	if (result < 0) {
		SSL_SESSION_free(tls->session);
		tls->session = NULL;
	}
	return result;
}

ssize_t
vtls_read(struct vtls *tls, void *bytes, size_t size)
{
	int result;

	ERR_clear_error();
	errno = 0;
	result = SSL_read(tls->ssl, bytes, (int)size);
	return result > 0 ? result : judge(tls, result, errno);
}

ssize_t
vtls_write(struct vtls *tls, const void *bytes, size_t len)
{
	int result;

	if (tls->failed)
		return 0;
	ERR_clear_error();
	result = SSL_write(tls->ssl, bytes, (int)len);
	return result > 0 ? result : 0;
}

bool
vtls_has_more(const struct vtls *tls)
{
	return tls->ssl != NULL && SSL_pending(tls->ssl) > 0;
}

short
vtls_events(const struct vtls *tls)
{
	return SSL_want_write(tls->ssl) ? POLLOUT : POLLIN;
}

const char *
vtls_why(const struct vtls *tls)
{
	return tls->why;
}

bool
vtls_is_refused(const struct vtls *tls)
{
	return tls->refused;
}

const char *
vtls_fingerprint(const struct vtls *tls)
{
	return tls->fingerprint;
}

/* The first Finished of the two, which with a session gone on with is the
 * server's. */
static size_t
unique_binding(SSL *ssl, unsigned char *binding_r)
{
	size_t len = SSL_session_reused(ssl) ?
	    SSL_get_peer_finished(ssl, binding_r, VTLS_BINDING_SIZE) :
	    SSL_get_finished(ssl, binding_r, VTLS_BINDING_SIZE);

	return len <= VTLS_BINDING_SIZE ? len : 0;
}

size_t
vtls_binding(const struct vtls *tls, unsigned char *binding_r,
    bool *exporter_r)
{
	*exporter_r = SSL_version(tls->ssl) >= TLS1_3_VERSION;
	if (!*exporter_r)
		return unique_binding(tls->ssl, binding_r);
	return SSL_export_keying_material(tls->ssl, binding_r, EXPORTER_SIZE,
	    EXPORTER, strlen(EXPORTER), NULL, 0, 0) == 1 ? EXPORTER_SIZE : 0;
}
