/* test_client_tls.c -- libvcrp: whose certificate is taken, and TLS's ends
 *
 * SPDX-License-Identifier: MIT */
#include <openssl/err.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client_cert.h"
#include "client_peer.h"
#include "suite.h"

#define KEY	"kkkkkkkkkkkkkkkkkkkkkk"
#define HERE	"vcrps://localhost:%d"

/* The authority that the system is made to trust, and a server of its. */
static struct cert authority, verified, own, another;

static int
set_up(void)
{
	cert_make(&authority, NULL, 10, NULL);
	cert_make(&verified, "DNS:localhost", 10, &authority);
	cert_make(&own, "DNS:localhost", 10, NULL);
	cert_make(&another, "DNS:localhost", 10, NULL);
	return setenv("SSL_CERT_FILE", authority.file, 1);
}

static int
tear_down(void)
{
	cert_free(&authority);
	cert_free(&verified);
	cert_free(&own);
	cert_free(&another);
	return 0;
}

static struct vcrp_options
taking(const char *fingerprint)
{
	return (struct vcrp_options){
		.nick = "alice", .key = KEY, .fingerprint = fingerprint,
		.retry_min = 1, .retry_max = 4
	};
}

static void
open_server(struct peer *peer, const struct cert *cert,
    const char *fingerprint, const char *server)
{
	const struct vcrp_options options = taking(fingerprint);

	peer_open_tls(peer, &options, cert_server(cert), server);
}

static void
close_server(struct peer *peer)
{
	SSL_CTX *context = peer->context;

	peer_close(peer);
	SSL_CTX_free(context);
}

/* It ends for the certificate, and the server has not been sent a byte but
 * the handshake's, nor shown a certificate. */
static void
is_refused(struct peer *peer, const struct cert *cert, const char *why)
{
	struct seen *seen;

	peer_accept(peer, NULL);
	seen = peer_event(peer);
	CU_ASSERT_EQUAL(seen->kind, VCRP_END);
	CU_ASSERT_STRING_EQUAL(seen->code, "certificate");
	CU_ASSERT_PTR_NOT_NULL(strstr(seen->text, why));
	if (strstr(seen->text, why) == NULL)
		fprintf(stderr, "%s: %s\n", seen->code, seen->text);
	CU_ASSERT_STRING_EQUAL(vcrp_fingerprint(peer->v), cert->fingerprint);
	while (peer->ssl != NULL)
		peer_turn(peer);
	CU_ASSERT_EQUAL(peer->in_len, 0);
}

static void
refuses(const struct cert *cert, const char *fingerprint, const char *server,
    const char *why)
{
	struct peer peer;

	open_server(&peer, cert, fingerprint, server);
	is_refused(&peer, cert, why);
	close_server(&peer);
}

static void
takes(const struct cert *cert, const char *fingerprint, const char *server)
{
	struct peer peer;

	open_server(&peer, cert, fingerprint, server);
	peer_login(&peer);
	CU_ASSERT_STRING_EQUAL(vcrp_fingerprint(peer.v), cert->fingerprint);
	peer_hear_nothing(&peer);
	close_server(&peer);
}

static void
takes_what_an_authority_verifies(void)
{
	struct cert cert;
	struct peer peer;
	const unsigned char *protocol;
	unsigned len;

	open_server(&peer, &verified, NULL, HERE);
	peer_login(&peer);
	CU_ASSERT_STRING_EQUAL(SSL_get_servername(peer.ssl,
	    TLSEXT_NAMETYPE_host_name), "localhost");
	SSL_get0_alpn_selected(peer.ssl, &protocol, &len);
	CU_ASSERT(len == 4 && memcmp(protocol, "vcrp", 4) == 0);
	close_server(&peer);
	cert_make(&cert, "IP:127.0.0.1", 10, &authority);
	takes(&cert, NULL, "vcrps://127.0.0.1:%d");
	cert_free(&cert);
}

static void
refuses_what_none_verifies(void)
{
	struct cert cert, namesake;

	refuses(&own, NULL, HERE, "self-signed");
	refuses(&verified, NULL, "vcrps://127.0.0.1:%d", "IP address mismatch");
	cert_make(&cert, "DNS:elsewhere", 10, &authority);
	refuses(&cert, NULL, HERE, "hostname mismatch");
	cert_free(&cert);
	cert_make(&cert, "DNS:localhost", -3, &authority);
	refuses(&cert, NULL, HERE, "expired");
	cert_free(&cert);
	/* Of another authority that has the same name. */
	cert_make(&namesake, NULL, 10, NULL);
	cert_make(&cert, "DNS:localhost", 10, &namesake);
	refuses(&cert, NULL, HERE, "signature failure");
	cert_free(&cert);
	cert_free(&namesake);
}

static void
takes_the_one_it_is_told_to_and_no_other(void)
{
	struct cert cert;
	char upper[80];
	size_t i;

	takes(&own, own.fingerprint, HERE);
	/* It need not be good for anything else. */
	cert_make(&cert, "DNS:elsewhere", -3, NULL);
	takes(&cert, cert.fingerprint, HERE);
	cert_free(&cert);
	strcpy(upper, own.fingerprint);
	for (i = strlen("sha256:"); upper[i] != '\0'; i++)
		upper[i] = (char)(upper[i] >= 'a' ? upper[i] - 32 : upper[i]);
	takes(&own, upper, HERE);
	refuses(&another, own.fingerprint, HERE, "another one");
	refuses(&verified, own.fingerprint, HERE, "another one");
}

static void
ends_when_the_certificate_changes(void)
{
	struct peer peer;
	SSL_CTX *old;

	open_server(&peer, &own, own.fingerprint, HERE);
	peer_login(&peer);
	old = peer.context;
	peer.context = cert_server(&another);
	peer_cut(&peer);
	is_refused(&peer, &another, "another one");
	SSL_CTX_free(old);
	close_server(&peer);
}

static int
on_shown(X509_STORE_CTX *chain, void *arg)
{
	X509 **shown = arg;

	*shown = X509_dup(X509_STORE_CTX_get0_cert(chain));
	return 1;
}

static void
shows_its_own_certificate_to_the_right_server_alone(void)
{
	struct vcrp_options options = taking(own.fingerprint);
	const struct cert *const servers[] = { &own, &verified };
	struct peer peer;
	SSL_CTX *context;
	X509 *shown;
	int i;

	options.external = true;
	options.certificate = another.file;
	for (i = 0; i < 2; i++) {
		shown = NULL;
		context = cert_server(servers[i]);
		SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
		SSL_CTX_set_cert_verify_callback(context, on_shown, &shown);
		peer_open_tls(&peer, &options, context, HERE);
		if (i == 0) {
			peer_accept(&peer, "AUTH EXTERNAL");
			CU_ASSERT_PTR_NOT_NULL_FATAL(shown);
			CU_ASSERT_EQUAL(X509_cmp(shown, another.x509), 0);
		} else {
			is_refused(&peer, &verified, "another one");
			CU_ASSERT_PTR_NULL(shown);
		}
		X509_free(shown);
		close_server(&peer);
	}
}

static void
speaks_nothing_older_than_1_2(void)
{
	const struct vcrp_options options = taking(own.fingerprint);
	struct peer peer;
	SSL_CTX *context = cert_server(&own);
	struct seen *seen;

	SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
	peer_open_tls(&peer, &options, context, HERE);
	peer_login(&peer);
	CU_ASSERT_EQUAL(SSL_version(peer.ssl), TLS1_2_VERSION);
	close_server(&peer);

	context = cert_server(&own);
	SSL_CTX_set_min_proto_version(context, 0);
	SSL_CTX_set_max_proto_version(context, TLS1_1_VERSION);
	SSL_CTX_set_cipher_list(context, "ALL:@SECLEVEL=0");
	peer_open_tls(&peer, &options, context, HERE);
	peer_accept(&peer, NULL);
	seen = peer_event(&peer);
	CU_ASSERT_EQUAL(seen->kind, VCRP_DOWN);
	CU_ASSERT_PTR_NOT_NULL(strstr(seen->text, "TLS: "));
	close_server(&peer);
}

static void
goes_on_with_a_session(void)
{
	static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };
	const struct vcrp_options options = taking(own.fingerprint);
	struct peer peer;
	SSL_CTX *context;
	int i;

	for (i = 0; i < 2; i++) {
		context = cert_server(&own);
		SSL_CTX_set_max_proto_version(context, versions[i]);
		peer_open_tls(&peer, &options, context, HERE);
		peer_login(&peer);
		CU_ASSERT_FALSE(SSL_session_reused(peer.ssl));
		peer_hear_nothing(&peer);
		peer_cut(&peer);
		peer_login(&peer);
		CU_ASSERT(SSL_session_reused(peer.ssl));
		CU_ASSERT_STRING_EQUAL(vcrp_fingerprint(peer.v),
		    own.fingerprint);
		/* And without one, where the server has forgotten it. */
		SSL_CTX_free(context);
		peer.context = cert_server(&own);
		SSL_CTX_set_max_proto_version(peer.context, versions[i]);
		peer_cut(&peer);
		peer_login(&peer);
		CU_ASSERT_FALSE(SSL_session_reused(peer.ssl));
		close_server(&peer);
	}
}

static void
says_when_there_is_no_tls(void)
{
	static const char *const lines[] = {
		"ERR bad-line this is VCRP, not TLS", "@limit=x ERR too-many x",
		"\x15\x03\x01"
	};
	struct peer peer;
	struct seen *seen;
	size_t i;

	for (i = 0; i < 3; i++) {
		open_server(&peer, &own, NULL, HERE);
		SSL_CTX_free(peer.context);
		peer.context = NULL;
		peer_accept(&peer, NULL);
		peer_tell(&peer, lines[i]);
		peer_hang_up(&peer);
		seen = peer_event(&peer);
		CU_ASSERT_EQUAL(seen->kind, VCRP_DOWN);
		CU_ASSERT(seen->text[0] != '\0');
		CU_ASSERT_STRING_EQUAL(vcrp_fingerprint(peer.v), "");
		close_server(&peer);
	}
}

static void
waits_no_longer_for_a_handshake_than_for_a_connection(void)
{
	struct vcrp_options options = taking(NULL);
	struct peer peer;
	struct seen *seen;

	options.timeout = 20;
	options.once = true;
	peer_open_tls(&peer, &options, NULL, HERE);
	peer_accept(&peer, NULL);
	seen = peer_event(&peer);
	CU_ASSERT_EQUAL(seen->kind, VCRP_END);
	CU_ASSERT_STRING_EQUAL(seen->text, "no answer");
	peer_close(&peer);
}

/* More than any buffer has, so that TLS keeps what no poll() tells of. */
static void
reads_all_there_is(void)
{
	struct peer peer;
	char line[4000];
	int i;

	open_server(&peer, &own, own.fingerprint, HERE);
	peer_login(&peer);
	for (i = 0; i < 100; i++) {
		snprintf(line, sizeof(line), "NOTICE %d %0*d", i, 3000, 0);
		peer_tell(&peer, line);
	}
	for (i = 0; i < 100; i++) {
		snprintf(line, sizeof(line), "NOTICE %d %0*d", i, 3000, 0);
		peer_line(&peer, line, 0);
	}
	close_server(&peer);
}

/* A program that takes its events late: then TLS has a part of a record that
 * the socket has no more of. */
static void
tells_of_what_no_poll_tells_of(void)
{
	struct vcrp_event event;
	struct peer peer;
	char line[3000];
	int i, count = 0;

	open_server(&peer, &own, own.fingerprint, HERE);
	peer_login(&peer);
	for (i = 0; i < 22; i++) {
		snprintf(line, sizeof(line), "NOTICE %02d %0*d", i, 2989, 0);
		peer_tell(&peer, line);
	}
	for (i = 0; i < 1000; i++)
		vcrp_step(peer.v);
	CU_ASSERT_EQUAL(vcrp_events(peer.v) & POLLIN, 0);
	while (vcrp_next(peer.v, &event))
		count++;
	CU_ASSERT_EQUAL(count, 21);
	CU_ASSERT_EQUAL(vcrp_timeout(peer.v), 0);
	vcrp_step(peer.v);
	CU_ASSERT(vcrp_next(peer.v, &event));
	close_server(&peer);
}

/* More than the socket takes before the server reads. */
static void
writes_all_there_is(void)
{
	struct peer peer;
	char line[4000], text[4000];
	int i;

	open_server(&peer, &own, own.fingerprint, HERE);
	peer_login(&peer);
	for (i = 0; i < 200; i++) {
		snprintf(text, sizeof(text), "%d %0*d", i, 2900, 0);
		while (vcrp_signal(peer.v, "lobby", text) < 0)
			peer_turn(&peer);
	}
	for (i = 0; i < 200; i++) {
		snprintf(line, sizeof(line), " SIGNAL lobby %d %0*d", i, 2900,
		    0);
		peer_asked(&peer, line);
	}
	close_server(&peer);
}

static void
notices_what_is_not_the_servers(void)
{
	static const char record[] =
	    "\x17\x03\x03\0\x1cNOTICE I am the server, yes\n";
	struct peer peer;
	struct seen *seen;

	open_server(&peer, &own, own.fingerprint, HERE);
	peer_login(&peer);
	SSL_free(peer.ssl);
	peer.ssl = NULL;
	peer_tell_bytes(&peer, record, sizeof(record) - 1);
	seen = peer_event(&peer);
	CU_ASSERT_EQUAL(seen->kind, VCRP_DOWN);
	peer_login(&peer);
	close_server(&peer);
}

static void
refuses_options_that_cannot_be(void)
{
	const struct vcrp_options bad[] = {
		{ .server = "vcrps://h", .fingerprint = "sha256:1234" },
		{ .server = "vcrps://h", .fingerprint = own.fingerprint + 7 },
		{ .server = "vcrps://h", .certificate = "/nonexistent" },
		{ .server = "vcrps://h", .certificate = own.file,
		  .certificate_key = another.file },
		{ .server = "vcrps://h", .certificate = own.file,
		  .certificate_key = "/dev/null" },
		{ .server = "vcrps:///path" }
	};
	const char *why;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		why = NULL;
		CU_ASSERT_PTR_NULL(vcrp_new(&bad[i], &why));
		CU_ASSERT_PTR_NOT_NULL(why);
		CU_ASSERT_EQUAL(ERR_peek_error(), 0);
	}
}

static CU_TestInfo tls_tests[] = {
	{ "takes what an authority verifies",
	    takes_what_an_authority_verifies },
	{ "refuses what none verifies", refuses_what_none_verifies },
	{ "takes the one it is told to and no other",
	    takes_the_one_it_is_told_to_and_no_other },
	{ "ends when the certificate changes",
	    ends_when_the_certificate_changes },
	{ "shows its own certificate to the right server alone",
	    shows_its_own_certificate_to_the_right_server_alone },
	{ "speaks nothing older than 1.2", speaks_nothing_older_than_1_2 },
	{ "goes on with a session", goes_on_with_a_session },
	{ "says when there is no TLS", says_when_there_is_no_tls },
	{ "waits no longer for a handshake than for a connection",
	    waits_no_longer_for_a_handshake_than_for_a_connection },
	{ "reads all there is", reads_all_there_is },
	{ "tells of what no poll() tells of", tells_of_what_no_poll_tells_of },
	{ "writes all there is", writes_all_there_is },
	{ "notices what is not the server's",
	    notices_what_is_not_the_servers },
	{ "refuses options that cannot be", refuses_options_that_cannot_be },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "client: TLS", set_up, tear_down, NULL, NULL, tls_tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
