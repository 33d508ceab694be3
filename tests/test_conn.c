/* test_conn.c -- lines in, bytes out
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/conn.h"
#include "suite.h"

/* A connection, and the peer's end of it. */
struct ends {
	struct net   net;
	struct config *config;
	struct conn *conn;
	int          peer;
};

static void
open_ends(struct ends *e, bool local)
{
	struct peer from = { .local = local };
	int fds[2];

	memset(e, 0, sizeof(*e));
	e->net.config = e->config = config_new();
	snprintf(e->net.name, sizeof(e->net.name), "chat.example.org");
	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
	e->peer = fds[1];
	e->conn = conn_new(&e->net, fds[0], &from, 7, 1000);
}

static void
close_ends(struct ends *e)
{
	conn_free(&e->conn);
	CU_ASSERT_PTR_NULL(e->conn);
	config_free(&e->config);
	close(e->peer);
}

/* Sends all and asks whether this is what comes. */
static bool
sends(struct ends *e, const char *expected)
{
	char got[8192];
	ssize_t n;

	CU_ASSERT_EQUAL(conn_flush(e->conn), 1);
	CU_ASSERT_EQUAL(e->conn->out_bytes, 0);
	n = recv(e->peer, got, sizeof(got), MSG_DONTWAIT);
	return slice_is((struct slice){ got, n > 0 ? (size_t)n : 0 },
	    expected);
}

static struct blob *
blob_of(const char *text)
{
	struct blob *b = NULL;

	blob_printf(&b, "%s", text);
	return b;
}

static void
output_keeps_its_order(void)
{
	struct blob *shared = blob_of("shared\n");
	struct ends e;

	open_ends(&e, false);
	conn_add(e.conn, slice_of("one\n"));
	conn_printf(e.conn, "%s\n", "two");
	conn_put(e.conn, blob_ref(shared));
	conn_add(e.conn, slice_of("three\n"));
	conn_put(e.conn, blob_of(""));
	conn_put_first(e.conn, slice_of("first\n"));
	CU_ASSERT_EQUAL(e.conn->out_bytes, 4 + 4 + 7 + 6 + 6);
	CU_ASSERT(sends(&e, "first\none\ntwo\nshared\nthree\n"));
	/* What is shared is not written into. */
	CU_ASSERT_EQUAL(shared->len, 7);
	conn_put_first(e.conn, slice_of("again\n"));
	conn_add(e.conn, slice_of("and on\n"));
	CU_ASSERT(sends(&e, "again\nand on\n"));
	CU_ASSERT_EQUAL(e.conn->bytes_out, 27 + 13);
	blob_unref(&shared);
	close_ends(&e);
}

static void
the_greeting_is_said_once(void)
{
	struct ends e;

	open_ends(&e, false);
	conn_greet(e.conn);
	conn_greet(e.conn);
	CU_ASSERT(sends(&e, "VCRP 1 chat.example.org vcrpd/" PACKAGE_VERSION
	    " guest,scram-sha-256,scram-i=10000\n"));
	close_ends(&e);
	open_ends(&e, true);
	conn_greet(e.conn);
	CU_ASSERT(sends(&e, "VCRP 1 chat.example.org vcrpd/" PACKAGE_VERSION
	    " guest,scram-sha-256,plain,external,scram-i=10000,"
	    "register-invite\n"));
	close_ends(&e);
}

static void
the_greeting_tells_what_guests_may(void)
{
	struct ends e;

	open_ends(&e, true);
	atomic_store(&e.config->accounts_guests, GUESTS_READ);
	conn_greet(e.conn);
	CU_ASSERT(sends(&e, "VCRP 1 chat.example.org vcrpd/" PACKAGE_VERSION
	    " guest-read,scram-sha-256,plain,external,scram-i=10000,"
	    "register-invite\n"));
	close_ends(&e);
	open_ends(&e, true);
	atomic_store(&e.config->accounts_guests, GUESTS_NO);
	conn_greet(e.conn);
	CU_ASSERT(sends(&e, "VCRP 1 chat.example.org vcrpd/" PACKAGE_VERSION
	    " scram-sha-256,plain,external,scram-i=10000,"
	    "register-invite\n"));
	close_ends(&e);
}

static void
an_error_carries_its_id(void)
{
	struct ends e;

	open_ends(&e, false);
	conn_error(e.conn, slice_of("a1"), ERROR_DENIED, "no");
	conn_error(e.conn, (struct slice){ 0 }, ERROR_BUSY, "later");
	CU_ASSERT(sends(&e, "@id=a1 ERR denied no\nERR busy later\n"));
	close_ends(&e);
}

/* Reads what there is; true while it goes on as the pattern does. */
static bool
drain(int fd, size_t *got)
{
	unsigned char buf[65536];
	ssize_t n;

	while ((n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0)
		for (ssize_t i = 0; i < n; i++, ++*got)
			if (buf[i] != (unsigned char)(*got * 7 + *got / 251))
				return false;
	return true;
}

static void
a_socket_that_is_full_is_gone_on_with(void)
{
	enum { SIZE = 3000, COUNT = 2000 };
	size_t put = 0, got = 0;
	unsigned blocked = 0;
	struct ends e;
	int rc;

	open_ends(&e, false);
	for (unsigned i = 0; i < COUNT; i++) {
		char piece[SIZE];

		for (size_t j = 0; j < SIZE; j++, put++)
			piece[j] = (char)(put * 7 + put / 251);
		conn_add(e.conn, (struct slice){ piece, SIZE });
	}
	while ((rc = conn_flush(e.conn)) == 0) {
		blocked++;
		CU_ASSERT(e.conn->blocked);
		CU_ASSERT_FATAL(drain(e.peer, &got));
		CU_ASSERT_EQUAL(e.conn->out_bytes, put - got);
	}
	CU_ASSERT_EQUAL(rc, 1);
	CU_ASSERT_FALSE(e.conn->blocked);
	CU_ASSERT(drain(e.peer, &got));
	CU_ASSERT_EQUAL(got, put);
	CU_ASSERT(blocked > 0);
	close_ends(&e);
}

static void
a_peer_that_is_gone_is_an_error_and_no_signal(void)
{
	struct ends e;

	open_ends(&e, false);
	shutdown(e.peer, SHUT_RD);
	conn_add(e.conn, slice_of("x\n"));
	CU_ASSERT(conn_flush(e.conn) < 0);
	close_ends(&e);
}

/* What conn_line() says of this input, as text: lines in brackets, "!" and
 * the id for one that is too long. */
static void
cut(struct conn *c, struct slice rest, char *said)
{
	struct slice line, id;
	int rc;

	while ((rc = conn_line(c, &rest, &line, &id)) != 0)
		said += sprintf(said, rc > 0 ? "[%.*s]" : "!%.*s",
		    rc > 0 ? (int)line.len : (int)id.len,
		    rc > 0 ? line.at : id.at);
	sprintf(said, "+%zu", rest.len);
}

static void
lines_are_cut_at_lf(void)
{
	char said[256];
	struct ends e;

	open_ends(&e, false);
	cut(e.conn, slice_of("one\ntwo\r\n\nthr"), said);
	CU_ASSERT_STRING_EQUAL(said, "[one][two\r][]+3");
	cut(e.conn, slice_of(""), said);
	CU_ASSERT_STRING_EQUAL(said, "+0");
	close_ends(&e);
}

/* "@id=a1 ", x up to `len` bytes, LF, "next", LF. */
static struct slice
long_line(char *text, size_t len)
{
	memset(text, 'x', len);
	memcpy(text, "@id=a1 ", 7);
	memcpy(text + len, "\nnext\n", 6);
	return (struct slice){ text, len + 6 };
}

static void
a_line_has_4096_bytes_with_its_lf(void)
{
	char text[9000], said[9000];
	struct slice line, id, rest;
	struct ends e;

	open_ends(&e, false);
	rest = long_line(text, 4095);
	CU_ASSERT_EQUAL(conn_line(e.conn, &rest, &line, &id), 1);
	CU_ASSERT_EQUAL(line.len, 4095);
	cut(e.conn, long_line(text, 4096), said);
	CU_ASSERT_STRING_EQUAL(said, "!a1[next]+0");
	cut(e.conn, long_line(text, 8000), said);
	CU_ASSERT_STRING_EQUAL(said, "!a1[next]+0");
	close_ends(&e);
}

static void
a_line_without_end_is_skipped_up_to_its_lf(void)
{
	char text[9000], said[256];
	struct slice whole = long_line(text, 8000);
	struct ends e;

	/* Cut anywhere, it is refused once. */
	for (size_t at = 4096; at < whole.len - 5; at += 97) {
		open_ends(&e, false);
		cut(e.conn, (struct slice){ text, at }, said);
		CU_ASSERT_STRING_EQUAL(said, "!a1+0");
		CU_ASSERT(e.conn->skipping);
		cut(e.conn, slice_of("xxxx"), said);
		CU_ASSERT_STRING_EQUAL(said, "+0");
		cut(e.conn, (struct slice){ text + at, whole.len - at },
		    said);
		CU_ASSERT_STRING_EQUAL(said, "[next]+0");
		close_ends(&e);
	}
	/* Less than that may still be a line. */
	open_ends(&e, false);
	cut(e.conn, (struct slice){ text, 4095 }, said);
	CU_ASSERT_STRING_EQUAL(said, "+4095");
	close_ends(&e);
}

static void
what_is_kept_replaces_what_was(void)
{
	struct ends e;

	open_ends(&e, false);
	conn_keep(e.conn, "abc", 3);
	/* From its own bytes too. */
	conn_keep(e.conn, e.conn->in + 1, 2);
	CU_ASSERT(slice_is((struct slice){ e.conn->in, e.conn->in_len },
	    "bc"));
	conn_keep(e.conn, NULL, 0);
	CU_ASSERT_PTR_NULL(e.conn->in);
	CU_ASSERT_EQUAL(e.conn->in_len, 0);
	close_ends(&e);
}

static void
every_end_has_a_name(void)
{
	for (int end = 0; end < END_COUNT; end++) {
		CU_ASSERT_PTR_NOT_NULL_FATAL(conn_end_name(end));
		CU_ASSERT(*conn_end_name(end) != '\0');
	}
}

static CU_TestInfo tests[] = {
	{ "output keeps its order", output_keeps_its_order },
	{ "the greeting is said once", the_greeting_is_said_once },
	{ "the greeting tells what guests may",
	    the_greeting_tells_what_guests_may },
	{ "an error carries its id", an_error_carries_its_id },
	{ "a socket that is full is gone on with",
	    a_socket_that_is_full_is_gone_on_with },
	{ "a peer that is gone is an error and no signal",
	    a_peer_that_is_gone_is_an_error_and_no_signal },
	{ "lines are cut at LF", lines_are_cut_at_lf },
	{ "a line has 4096 bytes with its LF",
	    a_line_has_4096_bytes_with_its_lf },
	{ "a line without end is skipped up to its LF",
	    a_line_without_end_is_skipped_up_to_its_lf },
	{ "what is kept replaces what was", what_is_kept_replaces_what_was },
	{ "every end has a name", every_end_has_a_name },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "conn", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
