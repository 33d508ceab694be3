/* probe_tls.c -- what a port says by TLS, and whose certificate it shows
 *
 * SPDX-License-Identifier: MIT
 *
 * Nothing is refused here: old versions and bad certificates are what one
 * wants to be told of. Nothing is said either but PING. */
#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client/probe.h"

#define ALPN	"\4vcrp"

static void
take_text(char *text_r, const char *text)
{
	vcrp_safe(text_r, PROBE_TEXT, text, true);
}

/* What has collected in it; bio is freed. */
static void
take_bio(char *text_r, BIO *bio)
{
	char text[PROBE_TEXT];
	int n = bio != NULL ? BIO_read(bio, text, sizeof(text) - 1) : 0;

	text[n > 0 ? n : 0] = '\0';
	take_text(text_r, text);
	BIO_free(bio);
}

static void
take_name(char *text_r, const X509_NAME *name)
{
	BIO *bio = BIO_new(BIO_s_mem());

	if (bio != NULL)
		X509_NAME_print_ex(bio, name, 0, XN_FLAG_ONELINE &
		    ~ASN1_STRFLGS_ESC_MSB & ~XN_FLAG_SPC_EQ);
	take_bio(text_r, bio);
}

static void
add_name(BIO *bio, const GENERAL_NAME *name)
{
	char ip[INET6_ADDRSTRLEN] = "";
	const char *comma = BIO_pending(bio) > 0 ? "," : "";
	int type, len;
	const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &type);

	if (type == GEN_DNS) {
		BIO_printf(bio, "%s%.*s", comma, ASN1_STRING_length(value),
		    (const char *)ASN1_STRING_get0_data(value));
	} else if (type == GEN_IPADD) {
		len = ASN1_STRING_length(value);
		if (len == 4 || len == 16)
			inet_ntop(len == 4 ? AF_INET : AF_INET6,
			    ASN1_STRING_get0_data(value), ip, sizeof(ip));
		BIO_printf(bio, "%s%s", comma, ip);
	}
}

static void
take_names(char *text_r, const X509 *certificate)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate,
	    NID_subject_alt_name, NULL, NULL);
	BIO *bio = BIO_new(BIO_s_mem());
	int i;

	for (i = 0; bio != NULL && i < sk_GENERAL_NAME_num(names); i++)
		add_name(bio, sk_GENERAL_NAME_value(names, i));
	GENERAL_NAMES_free(names);
	take_bio(text_r, bio);
}

static void
take_time(char *text_r, const ASN1_TIME *time)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(time, &tm) != 1 ||
	    strftime(text_r, 32, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		strcpy(text_r, "?");
}

static void
take_certificate(struct probe_tls *tls, SSL *ssl)
{
	X509 *certificate = SSL_get1_peer_certificate(ssl);
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0, i;
	char *at = stpcpy(tls->fingerprint, "sha256:");
	long doubt = SSL_get_verify_result(ssl);

	if (doubt != X509_V_OK)
		take_text(tls->doubt, X509_verify_cert_error_string(doubt));
	if (certificate == NULL) {
		strcpy(tls->doubt, "there is none");
		tls->fingerprint[0] = '\0';
		return;
	}
	take_name(tls->subject, X509_get_subject_name(certificate));
	take_name(tls->issuer, X509_get_issuer_name(certificate));
	take_names(tls->names, certificate);
	take_time(tls->from, X509_get0_notBefore(certificate));
	take_time(tls->until, X509_get0_notAfter(certificate));
	X509_digest(certificate, EVP_sha256(), digest, &len);
	for (i = 0; i < len; i++)
		at += sprintf(at, "%02x", digest[i]);
	X509_free(certificate);
}

static void
take_session(struct probe_tls *tls, SSL *ssl)
{
	const unsigned char *alpn;
	unsigned len;

	snprintf(tls->version, sizeof(tls->version), "%s",
	    SSL_get_version(ssl));
	snprintf(tls->cipher, sizeof(tls->cipher), "%s",
	    SSL_get_cipher_name(ssl));
	SSL_get0_alpn_selected(ssl, &alpn, &len);
	tls->alpn = len == strlen(ALPN) - 1 &&
	    memcmp(alpn, &ALPN[1], len) == 0;
	take_certificate(tls, ssl);
}

/* Verified as the host that was asked for; an address is one itself. */
static SSL *
make(SSL_CTX *context, const struct probe *probe, bool alpn)
{
	SSL *ssl = SSL_new(context);
	bool good = ssl != NULL;

	if (good && X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl),
	    probe->host) != 1)
		good = SSL_set1_host(ssl, probe->host) == 1 &&
		    SSL_set_tlsext_host_name(ssl, probe->host) == 1;
	if (good && alpn)
		good = SSL_set_alpn_protos(ssl, (const unsigned char *)ALPN,
		    strlen(ALPN)) == 0;
	ERR_clear_error();
	if (good)
		return ssl;
	SSL_free(ssl);
	return NULL;
}

/* Why there was no handshake. Only TLS has alerts, and versions of its own. */
static void
explain(struct probe_tls *tls, int error, int system_error)
{
	unsigned long code = ERR_peek_error();
	int reason = ERR_GET_REASON(code);
	const char *why = code != 0 ? ERR_reason_error_string(code) : NULL;

	tls->is_tls = code != 0 && (reason >= SSL_AD_REASON_OFFSET ||
	    reason == SSL_R_UNSUPPORTED_PROTOCOL);
	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
		why = "no answer to the handshake in time";
	else if (tls->is_tls && why == NULL)
		why = "the handshake failed";
	else if (!tls->is_tls && code != 0)
		why = "it does not speak TLS here";
	else if (why == NULL)
		why = system_error != 0 ? strerror(system_error) :
		    "it closed the connection";
	take_text(tls->why, why);
}

static bool
shake(const struct probe *probe, struct probe_tls *tls, SSL *ssl)
{
	int64_t begun = client_now_us();
	int n, error = 0, system_error = 0;

	do {
		errno = 0;
		n = SSL_connect(ssl);
		if (n == 1) {
			tls->is_tls = tls->shaken = true;
			tls->shake = client_now_us() - begun;
			return true;
		}
		system_error = errno;
		error = SSL_get_error(ssl, n);
	} while ((error == SSL_ERROR_WANT_READ ||
	    error == SSL_ERROR_WANT_WRITE) && probe_wait(SSL_get_fd(ssl),
	    error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT,
	    probe->deadline));
	explain(tls, error, system_error);
	return false;
}

/* One connection; true when it might be better without ALPN. */
static bool
attempt(struct probe *probe, SSL_CTX *context, bool alpn)
{
	struct probe_tls *tls = &probe->tls;
	int fd = probe_connect(probe, &tls->talk);
	SSL *ssl = fd >= 0 ? make(context, probe, alpn) : NULL;
	bool refused = false;

	if (ssl == NULL) {
		take_text(tls->why, fd < 0 ? strerror(tls->talk.error) :
		    "OpenSSL cannot");
	} else if (SSL_set_fd(ssl, fd) == 1 && shake(probe, tls, ssl)) {
		take_session(tls, ssl);
		probe_converse(probe, fd, ssl, &tls->talk);
	} else {
		refused = ERR_GET_REASON(ERR_peek_error()) ==
		    SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL;
	}
	ERR_clear_error();
	SSL_free(ssl);
	if (fd >= 0)
		close(fd);
	return refused;
}

void *
probe_tls(void *arg)
{
	struct probe *probe = arg;
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	probe->tls.talk.answer = -1;
	if (context == NULL) {
		strcpy(probe->tls.why, "OpenSSL cannot");
		return NULL;
	}
	SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_default_verify_paths(context);
	SSL_CTX_set_security_level(context, 0);
	SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
	if (attempt(probe, context, true)) {
		probe->tls.why[0] = '\0';
		attempt(probe, context, false);
	}
	SSL_CTX_free(context);
	return NULL;
}
