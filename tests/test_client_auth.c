/* test_client_auth.c -- libvcrp: logging in with a password, and cuts in it
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client_cert.h"
#include "client_peer.h"
#include "client_scram.h"
#include "lib/sasl.h"
#include "suite.h"

#define PASSWORD	"correct horse"
#define HERE		"vcrps://localhost:%d"
#define PLAIN		"scram-sha-256"
#define PLUS		"scram-sha-256,scram-sha-256-plus"

static struct cert cert;

static int
set_up(void)
{
	cert_make(&cert, "DNS:localhost", 10, NULL);
	return 0;
}

static int
tear_down(void)
{
	cert_free(&cert);
	return 0;
}

static struct vcrp_options
with(const char *password)
{
	return (struct vcrp_options){
		.user = "alice", .password = password,
		.fingerprint = cert.fingerprint,
		.retry_min = 1, .retry_max = 4
	};
}

static void
open_plain(struct peer *peer, struct scram *scram)
{
	const struct vcrp_options options = with(PASSWORD);

	scram_init(scram, PASSWORD);
	peer_open(peer, &options);
}

static void
open_tls(struct peer *peer, struct scram *scram, int version)
{
	const struct vcrp_options options = with(PASSWORD);
	SSL_CTX *context = cert_server(&cert);

	SSL_CTX_set_max_proto_version(context, version);
	scram_init(scram, PASSWORD);
	peer_open_tls(peer, &options, context, HERE);
}

static void
close_both(struct peer *peer, struct scram *scram)
{
	SSL_CTX *context = peer->context;

	peer_close(peer);
	SSL_CTX_free(context);
	scram_fini(scram);
}

/* The client speaks first, so its first word is an idle one. */
static void
greet(struct peer *peer, const char *features)
{
	char line[128];

	peer_accept(peer, "PING");
	snprintf(line, sizeof(line), "VCRP 1 here peer/0 %s", features);
	peer_tell(peer, line);
	peer_tell(peer, "PONG");
	peer_line(peer, line, 0);
}

/* The next line of the library's, and what SCRAM says to it. */
static int
hear_auth(struct peer *peer, struct scram *scram, char *answer_r)
{
	char line[65536];

	peer_take_line(peer, line);
	CU_ASSERT_EQUAL(strncmp(line, "AUTH ", 5), 0);
	scram->ssl = peer->ssl;
	return scram_take(scram, line, answer_r);
}

/* Up to where the server has sent its proof. */
static void
exchange(struct peer *peer, struct scram *scram, const char *features)
{
	char answer[4096];

	greet(peer, features);
	CU_ASSERT_EQUAL(hear_auth(peer, scram, answer), GSASL_NEEDS_MORE);
	peer_tell(peer, answer);
	CU_ASSERT_EQUAL(hear_auth(peer, scram, answer), GSASL_OK);
	peer_tell(peer, answer);
}

static void
is_up(struct peer *peer)
{
	peer_tell(peer, "OK AUTH alice");
	CU_ASSERT_EQUAL(peer_event(peer)->kind, VCRP_UP);
	CU_ASSERT_STRING_EQUAL(vcrp_name(peer->v), "alice");
	CU_ASSERT(vcrp_is_up(peer->v));
}

static void
is_end(struct peer *peer, const char *code)
{
	struct seen *seen = peer_event(peer);

	CU_ASSERT_EQUAL(seen->kind, VCRP_END);
	CU_ASSERT_STRING_EQUAL(seen->code, code);
	if (strcmp(seen->code, code) != 0)
		fprintf(stderr, "%s: %s\n", seen->code, seen->text);
	CU_ASSERT_EQUAL(vcrp_fd(peer->v), -1);
}

static void
logs_in(void)
{
	struct scram scram;
	struct peer peer;

	open_plain(&peer, &scram);
	exchange(&peer, &scram, "guest," PLAIN);
	is_up(&peer);
	CU_ASSERT_EQUAL(scram.header, 'n');
	CU_ASSERT_STRING_EQUAL(scram.user, "alice");
	peer_hear_nothing(&peer);
	close_both(&peer, &scram);
}

static void
binds_the_login_to_the_connection(void)
{
	static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };
	struct scram scram;
	struct peer peer;
	int i;

	for (i = 0; i < 2; i++) {
		open_tls(&peer, &scram, versions[i]);
		exchange(&peer, &scram, PLUS);
		CU_ASSERT_EQUAL(scram.header, 'p');
		is_up(&peer);
		peer_cut(&peer);
		/* Again, in a session that goes on. */
		exchange(&peer, &scram, PLUS);
		CU_ASSERT(SSL_session_reused(peer.ssl));
		is_up(&peer);
		close_both(&peer, &scram);
	}
}

/* Where the offer is not made, or was taken away by somebody in between, the
 * server learns that we would have taken it. */
static void
says_that_it_would_have_bound_it(void)
{
	struct scram scram;
	struct peer peer;
	char answer[4096];

	open_tls(&peer, &scram, TLS1_3_VERSION);
	scram.binds = false;
	exchange(&peer, &scram, PLAIN);
	CU_ASSERT_EQUAL(scram.header, 'y');
	is_up(&peer);
	peer_cut(&peer);
	scram.binds = true;
	greet(&peer, PLAIN);
	CU_ASSERT_EQUAL(hear_auth(&peer, &scram, answer),
	    GSASL_AUTHENTICATION_ERROR);
	close_both(&peer, &scram);
}

/* Somebody who has the certificate's key, and hands all on. */
static void
is_of_no_use_on_another_connection(void)
{
	struct scram scram;
	struct peer peer, other;
	char line[65536], answer[4096];
	struct vcrp_options options = with(PASSWORD);

	open_tls(&peer, &scram, TLS1_3_VERSION);
	greet(&peer, PLUS);
	options.user = "mallory";
	peer_open_tls(&other, &options, cert_server(&cert), HERE);
	peer_accept(&other, "PING");
	peer_take_line(&peer, line);
	scram.ssl = other.ssl;
	CU_ASSERT_EQUAL(scram_take(&scram, line, answer), GSASL_NEEDS_MORE);
	peer_tell(&peer, answer);
	peer_take_line(&peer, line);
	CU_ASSERT_EQUAL(scram_take(&scram, line, answer),
	    GSASL_AUTHENTICATION_ERROR);
	SSL_CTX_free(other.context);
	peer_close(&other);
	close_both(&peer, &scram);
}

static void
is_not_let_in_with_a_wrong_password(void)
{
	struct scram scram;
	struct peer peer;
	char answer[4096];

	open_plain(&peer, &scram);
	scram.password = "another";
	greet(&peer, PLAIN);
	hear_auth(&peer, &scram, answer);
	peer_tell(&peer, answer);
	CU_ASSERT_EQUAL(hear_auth(&peer, &scram, answer),
	    GSASL_AUTHENTICATION_ERROR);
	/* It would be as wrong later. */
	peer_tell(&peer, "@wait=1 ERR auth-failed no");
	peer_line(&peer, "@wait=1 ERR auth-failed no", 0);
	is_end(&peer, "auth-failed");
	close_both(&peer, &scram);
}

static void
comes_back_when_it_is_told_to_wait(void)
{
	struct scram scram;
	struct peer peer;
	char answer[4096];

	open_plain(&peer, &scram);
	greet(&peer, PLAIN);
	hear_auth(&peer, &scram, answer);
	peer_tell(&peer, "@wait=3 ERR too-fast later");
	peer_line(&peer, "@wait=3 ERR too-fast later", 0);
	CU_ASSERT_EQUAL(peer_event(&peer)->kind, VCRP_DOWN);
	exchange(&peer, &scram, PLAIN);
	is_up(&peer);
	close_both(&peer, &scram);
}

/* What a server may send in the place of its proof; NULL for nothing. */
static void
refuses_proof(const char *proof, const char *ok)
{
	struct scram scram;
	struct peer peer;
	char answer[4096];

	open_plain(&peer, &scram);
	greet(&peer, PLAIN);
	hear_auth(&peer, &scram, answer);
	peer_tell(&peer, answer);
	hear_auth(&peer, &scram, answer);
	if (proof != NULL)
		peer_tell(&peer, proof);
	peer_tell(&peer, ok);
	if (proof == NULL)
		peer_line(&peer, ok, 0);
	is_end(&peer, "unproved");
	close_both(&peer, &scram);
}

static void
takes_no_server_that_does_not_know_it(void)
{
	refuses_proof(NULL, "OK AUTH alice");
	refuses_proof(NULL, "OK HELLO ~alice");
	refuses_proof(NULL, "OK");
	/* 32 bytes of another key; one too few; an error; nothing. */
	refuses_proof("AUTH dj1BUUVCQVFFQkFRRUJBUUVCQVFFQkFRRUJBUUVCQVFFQkFRRUJB"
	    "UUVCQVFFPQ==", "OK AUTH alice");
	refuses_proof("AUTH dj1BQUFB", "OK AUTH alice");
	refuses_proof("AUTH ZT1vdGhlci1lcnJvcg==", "OK AUTH alice");
	refuses_proof("AUTH =", "OK AUTH alice");
	refuses_proof("AUTH", "OK AUTH alice");
	refuses_proof("AUTH *", "OK AUTH alice");
}

/* What proved the server on one connection proves nothing on the next. */
static void
asks_for_proof_each_time(void)
{
	struct scram scram;
	struct peer peer;

	open_plain(&peer, &scram);
	exchange(&peer, &scram, PLAIN);
	is_up(&peer);
	peer_cut(&peer);
	peer_accept(&peer, "PING");
	peer_tell(&peer, "OK AUTH alice");
	peer_line(&peer, "OK AUTH alice", 0);
	is_end(&peer, "unproved");
	close_both(&peer, &scram);
}

/* The server's challenge, with '#' for the nonce that has to be in it. */
static void
challenges(const char *message, bool good)
{
	char line[VLINE_MAX], bare[512] = "", all[512], *text, *data, *mark;
	const char *why;
	struct vsasl *sasl = vsasl_new("alice", PASSWORD, &why);
	size_t len;

	CU_ASSERT_FATAL(vsasl_begin(sasl, NULL, false, line));
	line[strcspn(line, "\n")] = '\0';
	data = strrchr(line, ' ') + 1;
	gsasl_base64_from(data, strlen(data), &text, &len);
	snprintf(all, sizeof(all), "%.*s", (int)len, text);
	CU_ASSERT_EQUAL(sscanf(all, "n,,n=alice,r=%511s", bare), 1);
	gsasl_free(text);
	mark = strchr(message, '#');
	snprintf(all, sizeof(all), "%.*s%s%s", mark != NULL ?
	    (int)(mark - message) : (int)strlen(message), message,
	    mark != NULL ? bare : "", mark != NULL ? mark + 1 : "");
	gsasl_base64_to(all, strlen(all), &data, NULL);
	CU_ASSERT_EQUAL(vsasl_step(sasl, data, line), good);
	CU_ASSERT_EQUAL(line[0] == '\0', !good);
	CU_ASSERT_EQUAL(vsasl_why(sasl)[0] == '\0', good);
	CU_ASSERT_FALSE(vsasl_is_proved(sasl));
	gsasl_free(data);
	vsasl_free(&sasl);
}

static void
refuses_challenges_that_are_none(void)
{
	challenges("r=#x,s=MDEy,i=4096", true);
	challenges("r=#x,s=MDEy,i=4096,x=later", true);
	challenges("r=#,s=MDEy,i=4096", false);
	challenges("r=another,s=MDEy,i=4096", false);
	challenges("m=must,r=#x,s=MDEy,i=4096", false);
	challenges("r=#x,s=MDEy", false);
	challenges("r=#x,s=,i=4096", false);
	challenges("r=#x,s=!,i=4096", false);
	challenges("r=#x,i=4096,s=MDEy", false);
	challenges("", false);
}

/* Few make a password cheap to guess, many a login dear. */
static void
refuses_too_few_and_too_many_iterations(void)
{
	challenges("r=#x,s=MDEy,i=4095", false);
	challenges("r=#x,s=MDEy,i=1", false);
	challenges("r=#x,s=MDEy,i=0", false);
	challenges("r=#x,s=MDEy,i=-4096", false);
	challenges("r=#x,s=MDEy,i=10000001", false);
	challenges("r=#x,s=MDEy,i=4294971392", false);
	challenges("r=#x,s=MDEy,i=99999999999999999999", false);
	challenges("r=#x,s=MDEy,i=4096x", false);
}

static void
says_where_a_password_would_not_be_taken(void)
{
	struct scram scram;
	struct peer peer;

	open_plain(&peer, &scram);
	greet(&peer, "guest,tls");
	is_end(&peer, "need-tls");
	close_both(&peer, &scram);
}

/* The same letters, in two ways of writing them. */
static void
takes_a_password_in_any_language(void)
{
	struct vcrp_options options = with("Pa\xc3\x9fwo\xcc\x88rt");
	struct scram scram;
	struct peer peer;

	scram_init(&scram, "Pa\xc3\x9fw\xc3\xb6rt");
	peer_open(&peer, &options);
	exchange(&peer, &scram, PLAIN);
	is_up(&peer);
	close_both(&peer, &scram);
}

static void
tells_what_the_server_offers(void)
{
	struct scram scram;
	struct peer peer;
	char value[8] = "?";

	open_plain(&peer, &scram);
	CU_ASSERT_FALSE(vcrp_feature(peer.v, PLAIN, value, sizeof(value)));
	greet(&peer, "guest," PLAIN ",scram-i=10000,tls");
	CU_ASSERT(vcrp_feature(peer.v, "scram-i", value, sizeof(value)));
	CU_ASSERT_STRING_EQUAL(value, "10000");
	CU_ASSERT_FALSE(vcrp_feature(peer.v, "scram-i", value, 5));
	CU_ASSERT(vcrp_feature(peer.v, "tls", value, sizeof(value)));
	CU_ASSERT_STRING_EQUAL(value, "");
	CU_ASSERT_FALSE(vcrp_feature(peer.v, "scram", value, sizeof(value)));
	CU_ASSERT_FALSE(vcrp_feature(peer.v, "", value, sizeof(value)));
	close_both(&peer, &scram);
}

static void
visits(void)
{
	const struct vcrp_options options = { .visitor = true };
	struct peer peer;
	int64_t request;

	peer_open(&peer, &options);
	request = vcrp_request(peer.v, "@key=t0ken REGISTER alice x");
	peer_accept(&peer, "PING");
	peer_tell(&peer, "VCRP 1 here peer/0 register,scram-i=10000");
	peer_tell(&peer, "PONG");
	CU_ASSERT_EQUAL(peer_event(&peer)->kind, VCRP_UP);
	CU_ASSERT_STRING_EQUAL(vcrp_name(peer.v), "");
	peer_asked(&peer, ";key=t0ken REGISTER alice x");
	peer_tell(&peer, "@id=# OK REGISTER alice");
	peer_line(&peer, "@id=# OK REGISTER alice", request);
	peer_hear_nothing(&peer);
	peer_close(&peer);
}

static void
refuses_options_that_cannot_be(void)
{
	static const struct vcrp_options bad[] = {
		{ .user = "alice" }, { .server = "alice@h" },
		{ .user = "alice", .password = "" },
		{ .user = "alice", .password = "\xff" },
		{ .user = "alice", .password = "a\nb" },
		{ .user = "a,b", .password = "x" },
		{ .user = "a=b", .password = "x" },
		{ .user = "a b", .password = "x" },
		{ .user = "", .password = "x" },
		{ .user = "alice", .password = "x", .visitor = true }
	};
	const char *why;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		why = NULL;
		CU_ASSERT_PTR_NULL(vcrp_new(&bad[i], &why));
		CU_ASSERT_PTR_NOT_NULL(why);
	}
}

static CU_TestInfo auth_tests[] = {
	{ "logs in", logs_in },
	{ "binds the login to the connection",
	    binds_the_login_to_the_connection },
	{ "says that it would have bound it",
	    says_that_it_would_have_bound_it },
	{ "is of no use on another connection",
	    is_of_no_use_on_another_connection },
	{ "is not let in with a wrong password",
	    is_not_let_in_with_a_wrong_password },
	{ "comes back when it is told to wait",
	    comes_back_when_it_is_told_to_wait },
	{ "takes no server that does not know it",
	    takes_no_server_that_does_not_know_it },
	{ "asks for proof each time", asks_for_proof_each_time },
	{ "refuses challenges that are none",
	    refuses_challenges_that_are_none },
	{ "refuses too few and too many iterations",
	    refuses_too_few_and_too_many_iterations },
	{ "says where a password would not be taken",
	    says_where_a_password_would_not_be_taken },
	{ "takes a password in any language",
	    takes_a_password_in_any_language },
	{ "tells what the server offers", tells_what_the_server_offers },
	{ "visits", visits },
	{ "refuses options that cannot be", refuses_options_that_cannot_be },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "client: passwords", set_up, tear_down, NULL, NULL, auth_tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
