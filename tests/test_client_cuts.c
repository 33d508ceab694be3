/* test_client_cuts.c -- libvcrp: a connection cut after any byte, and nothing
 * is lost or doubled
 *
 * SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client_cert.h"
#include "client_peer.h"
#include "client_scram.h"
#include "suite.h"

#define PASSWORD	"correct horse"
#define SAID		3
#define FIRST		101	/* the number of the first that is said */

/* A server of one room that answers by itself. */
struct server {
	struct peer   peer;
	struct scram *scram;
	int           said;
	char          ids[SAID][64];	/* under which it was */
};

static struct cert cert;
static struct scram scram;

static int
set_up(void)
{
	scram_init(&scram, PASSWORD);
	cert_make(&cert, "DNS:localhost", 10, NULL);
	return 0;
}

static int
tear_down(void)
{
	scram_fini(&scram);
	cert_free(&cert);
	return 0;
}

/* To a connection that may be gone by now. */
__attribute__((format(printf, 2, 3))) static void
tell(struct server *server, const char *format, ...)
{
	char line[8192];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (server->peer.fd >= 0)
		peer_tell(&server->peer, line);
}

static void
tell_message(struct server *server, int i)
{
	tell(server, "%s MSG lobby %d 1 alice text %d", server->ids[i],
	    FIRST + i, i);
}

static void
on_auth(struct server *server, const char *line)
{
	char answer[4096];
	int rc;

	server->scram->ssl = server->peer.ssl;
	rc = scram_take(server->scram, line, answer);
	CU_ASSERT(rc == GSASL_OK || rc == GSASL_NEEDS_MORE);
	tell(server, "%s", answer);
	if (rc == GSASL_OK)
		tell(server, "OK AUTH alice");
}

static void
on_say(struct server *server, const char *id, int i)
{
	/* None overtakes another, none comes twice under another id. */
	CU_ASSERT(i <= server->said && i < SAID);
	if (i < server->said) {
		CU_ASSERT_STRING_EQUAL(id, server->ids[i]);
		tell(server, "%s OK SAY lobby %d", id, FIRST + i);
		return;
	}
	snprintf(server->ids[i], sizeof(server->ids[i]), "%s", id);
	server->said++;
	tell_message(server, i);
}

static void
on_join(struct server *server, const char *id, int after)
{
	int i;

	tell(server, "%s OK JOIN lobby %d", id, FIRST - 1 + server->said);
	for (i = after - FIRST + 1; after > 0 && i < server->said; i++)
		tell_message(server, i);
}

static void
answer(struct server *server, const char *line)
{
	char id[64] = "";
	int number = 0;

	if (strcmp(line, "PING") == 0) {
		tell(server, "VCRP 1 here peer/0 scram-sha-256,"
		    "scram-sha-256-plus");
		tell(server, "PONG");
	} else if (strncmp(line, "AUTH ", 5) == 0) {
		on_auth(server, line);
	} else if (sscanf(line, "%63s SAY lobby text %d", id, &number) == 2) {
		on_say(server, id, number);
	} else if (sscanf(line, "%63s JOIN lobby %d", id, &number) >= 1) {
		on_join(server, id, number);
	}
}

/* Until all is said, and what was said has come. */
static void
serve(struct server *server)
{
	char line[65536];
	bool was_there;
	int turns = 0;

	while (vcrp_pending(server->peer.v) > 0 ||
	    vcrp_cursor(server->peer.v, "lobby") < FIRST - 1 + SAID) {
		if (++turns == 10000)
			abort();
		was_there = server->peer.fd >= 0;
		if (!was_there)
			was_there = peer_has_accepted(&server->peer);
		peer_turn(&server->peer);
		while (peer_has_line(&server->peer, line))
			answer(server, line);
		/* Only the first connection is cut. */
		if (was_there && server->peer.fd < 0)
			server->peer.give = server->peer.take = SIZE_MAX;
	}
}

static void
saw_each_once(const struct server *server)
{
	const struct seen *seen;
	int i = 0;
	size_t at;

	for (at = 0; at < server->peer.count; at++) {
		seen = &server->peer.events[at];
		CU_ASSERT(seen->kind == VCRP_LINE || seen->kind == VCRP_UP ||
		    seen->kind == VCRP_DOWN);
		if (seen->number < FIRST || seen->name[0] == '\0')
			continue;
		CU_ASSERT_EQUAL(seen->number, (uint64_t)(FIRST + i));
		CU_ASSERT(seen->mine);
		i++;
	}
	CU_ASSERT_EQUAL(i, SAID);
}

/* One whole run, whose first connection ends after so many bytes of the
 * server's, or of ours. Returns how many there were. */
static size_t
run(bool tls, size_t give, size_t take, bool count_given)
{
	const struct vcrp_options options = {
		.user = "alice", .password = PASSWORD,
		.fingerprint = cert.fingerprint,
		.retry_min = 1, .retry_max = 1
	};
	struct server server = { .scram = &scram };
	SSL_CTX *context = tls ? cert_server(&cert) : NULL;
	size_t count;
	char text[32];
	int i;

	if (tls)
		peer_open_tls(&server.peer, &options, context,
		    "vcrps://localhost:%d");
	else
		peer_open(&server.peer, &options);
	server.peer.give = give;
	server.peer.take = take;
	vcrp_join(server.peer.v, "lobby", VCRP_NOW);
	for (i = 0; i < SAID; i++) {
		snprintf(text, sizeof(text), "text %d", i);
		vcrp_say(server.peer.v, "lobby", text);
	}
	serve(&server);
	saw_each_once(&server);
	count = count_given ? server.peer.given : server.peer.taken_in;
	peer_close(&server.peer);
	SSL_CTX_free(context);
	return count;
}

static void
cut_everywhere(bool tls, size_t step)
{
	size_t all = run(tls, SIZE_MAX, SIZE_MAX, true), i;

	CU_ASSERT(all > 200);
	for (i = 0; i < all; i += step)
		run(tls, i, SIZE_MAX, true);
	all = run(tls, SIZE_MAX, SIZE_MAX, false);
	CU_ASSERT(all > 200);
	for (i = 0; i < all; i += step)
		run(tls, SIZE_MAX, i, false);
}

static void
loses_nothing_in_plain_text(void)
{
	cut_everywhere(false, 1);
}

static void
loses_nothing_with_tls(void)
{
	cut_everywhere(true, 19);
}

static CU_TestInfo cut_tests[] = {
	{ "loses nothing in plain text", loses_nothing_in_plain_text },
	{ "loses nothing with TLS", loses_nothing_with_tls },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "client: cuts after each byte", set_up, tear_down, NULL, NULL,
	    cut_tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
