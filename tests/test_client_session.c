/* test_client_session.c -- libvcrp: logging in, and the connection's ends
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client_peer.h"
#include "suite.h"

static int64_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
open_and_login(struct peer *peer)
{
	peer_open(peer, NULL);
	peer_login(peer);
}

static void
is_end(struct peer *peer, const char *code)
{
	struct seen *seen = peer_event(peer);

	CU_ASSERT_EQUAL(seen->kind, VCRP_END);
	CU_ASSERT_STRING_EQUAL(seen->code, code);
	CU_ASSERT_EQUAL(vcrp_say(peer->v, "lobby", "x"), -ENOTCONN);
	CU_ASSERT_EQUAL(vcrp_fd(peer->v), -1);
	CU_ASSERT_EQUAL(vcrp_timeout(peer->v), -1);
}

static void
learns_its_name(void)
{
	struct peer peer;

	peer_open(&peer, NULL);
	CU_ASSERT_STRING_EQUAL(vcrp_name(peer.v), "");
	CU_ASSERT_FALSE(vcrp_is_up(peer.v));
	peer_login(&peer);
	CU_ASSERT_STRING_EQUAL(vcrp_name(peer.v), "~alice");
	CU_ASSERT(vcrp_is_up(peer.v));
	peer_hear_nothing(&peer);
	peer_close(&peer);
}

static void
is_who_the_kernel_says_on_a_local_socket(void)
{
	const struct vcrp_options options = { .external = true, .once = true };
	struct peer peer;

	peer_open_local(&peer, &options);
	peer_accept(&peer, "AUTH EXTERNAL");
	peer_tell(&peer, "VCRP 1 here peer/0 guest");
	peer_tell(&peer, "OK AUTH root");
	peer_event(&peer);
	CU_ASSERT_EQUAL(peer_event(&peer)->kind, VCRP_UP);
	CU_ASSERT_STRING_EQUAL(vcrp_name(peer.v), "root");
	peer_hang_up(&peer);
	is_end(&peer, "closed");
	peer_close(&peer);
}

static void
makes_up_a_name_and_a_key(void)
{
	const struct vcrp_options options = { .nick = NULL };
	struct peer peer;
	struct vcrp_event event;
	char line[256], key[256], name[256];
	ssize_t n;

	peer_open(&peer, &options);
	peer_accept(&peer, NULL);
	while (vcrp_wait(peer.v, 10, &event) == 1)
		;
	n = read(peer.fd, line, sizeof(line) - 1);
	CU_ASSERT_FATAL(n > 0);
	line[n] = '\0';
	CU_ASSERT_EQUAL(sscanf(line, "@key=%255[a-z2-7] HELLO guest%255[0-9]",
	    key, name), 2);
	CU_ASSERT_EQUAL(strlen(key), 32);
	peer_close(&peer);
}

static void
ends_when_it_is_not_let_in(void)
{
	struct peer peer;

	peer_open(&peer, NULL);
	peer_accept(&peer, "@key=kkkkkkkkkkkkkkkkkkkkkk HELLO alice");
	peer_tell(&peer, "VCRP 1 here peer/0 guest");
	peer_tell(&peer, "ERR name-taken somebody is alice");
	peer_event(&peer);
	peer_line(&peer, "ERR name-taken somebody is alice", 0);
	is_end(&peer, "name-taken");
	peer_close(&peer);
}

static void
tries_again_when_it_is_told_later(void)
{
	struct peer peer;
	struct seen *seen;

	peer_open(&peer, NULL);
	peer_accept(&peer, "@key=kkkkkkkkkkkkkkkkkkkkkk HELLO alice");
	peer_tell(&peer, "ERR too-many from your address");
	peer_line(&peer, "ERR too-many from your address", 0);
	CU_ASSERT_EQUAL(peer_event(&peer)->kind, VCRP_DOWN);
	peer_accept(&peer, "@key=kkkkkkkkkkkkkkkkkkkkkk HELLO alice");
	peer_tell(&peer, "@wait=7 ERR denied for now");
	peer_event(&peer);
	seen = peer_event(&peer);
	CU_ASSERT_EQUAL(seen->kind, VCRP_DOWN);
	CU_ASSERT_EQUAL(seen->wait, 7);
	peer_login(&peer);
	peer_close(&peer);
}

static void
knows_what_is_no_vcrp(void)
{
	static const char *const lines[] = {
		"VCRP 2 here peer/0 guest", "SSH-2.0-OpenSSH_9.2",
		"HTTP/1.1 400 Bad Request"
	};
	struct peer peer;
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		peer_open(&peer, NULL);
		peer_accept(&peer, NULL);
		peer_tell(&peer, lines[i]);
		peer_line(&peer, lines[i], 0);
		is_end(&peer, "not-vcrp");
		peer_close(&peer);
	}
}

static void
comes_back_when_a_bye_says_so_and_only_then(void)
{
	struct peer peer;
	struct seen *seen;
	int64_t begin;

	open_and_login(&peer);
	begin = now();
	peer_tell(&peer, "@retry=50 BYE restarting back soon");
	peer_line(&peer, "@retry=50 BYE restarting back soon", 0);
	seen = peer_event(&peer);
	CU_ASSERT_EQUAL(seen->kind, VCRP_DOWN);
	CU_ASSERT_EQUAL(seen->wait, 50);
	peer_login(&peer);
	CU_ASSERT(now() - begin >= 50);
	peer_tell(&peer, "BYE replaced another one has your key");
	CU_ASSERT_STRING_EQUAL(peer_line(&peer,
	    "BYE replaced another one has your key", 0)->code, "replaced");
	is_end(&peer, "replaced");
	peer_close(&peer);
}

static void
waits_longer_each_time_but_never_too_long(void)
{
	const struct vcrp_options options = {
		.nick = "alice", .retry_min = 4, .retry_max = 16
	};
	static const int most[] = { 4, 8, 16, 16, 16 };
	struct peer peer;
	struct seen *seen;
	size_t i;

	peer_open(&peer, &options);
	for (i = 0; i < sizeof(most) / sizeof(*most); i++) {
		peer_accept(&peer, NULL);
		peer_hang_up(&peer);
		seen = peer_event(&peer);
		CU_ASSERT_EQUAL(seen->kind, VCRP_DOWN);
		CU_ASSERT(seen->wait <= most[i] && seen->wait >= most[i] / 2);
	}
	/* A login makes up for all that. */
	peer_accept(&peer, NULL);
	peer_tell(&peer, "VCRP 1 here peer/0 guest");
	peer_tell(&peer, "OK HELLO ~alice");
	peer_event(&peer);
	CU_ASSERT_EQUAL(peer_event(&peer)->kind, VCRP_UP);
	peer_hang_up(&peer);
	CU_ASSERT(peer_event(&peer)->wait <= 4);
	peer_close(&peer);
}

static void
gives_a_mute_server_up(void)
{
	const struct vcrp_options options = { .once = true, .timeout = 20 };
	struct peer peer;
	int64_t begin = now();

	peer_open(&peer, &options);
	is_end(&peer, "closed");
	CU_ASSERT(now() - begin >= 20);
	peer_close(&peer);
}

static void
says_why_nobody_is_there(void)
{
	const struct vcrp_options options = { .once = true };
	struct peer peer;
	struct seen *seen;

	peer_open_local(&peer, &options);
	close(peer.listener);
	seen = peer_event(&peer);
	CU_ASSERT_EQUAL(seen->kind, VCRP_END);
	CU_ASSERT_STRING_EQUAL(seen->text, strerror(ECONNREFUSED));
	peer_close(&peer);
}

static void
takes_its_leave(void)
{
	struct peer peer;

	open_and_login(&peer);
	vcrp_quit(peer.v);
	peer_hear(&peer, "QUIT");
	peer_tell(&peer, "BYE quit");
	peer_line(&peer, "BYE quit", 0);
	is_end(&peer, "quit");
	peer_close(&peer);

	peer_open(&peer, NULL);
	vcrp_quit(peer.v);
	is_end(&peer, "quit");
	peer_close(&peer);
}

/* Lines of any length, in pieces of any size. */
static void
reads_lines_byte_by_byte(void)
{
	const char *lines = "NOTICE a\r\nNOTICE b\n\n\r\nNOTICE c\n";
	struct peer peer;
	const char *at;

	open_and_login(&peer);
	for (at = lines; *at != '\0'; at++) {
		peer_tell_bytes(&peer, at, 1);
		if (strncmp(at, "c\n", 2) == 0)
			continue;
		vcrp_step(peer.v);
	}
	peer_line(&peer, "NOTICE a", 0);
	peer_line(&peer, "NOTICE b", 0);
	peer_line(&peer, "NOTICE c", 0);
	peer_close(&peer);
}

static void
leaves_a_server_whose_line_does_not_end(void)
{
	struct peer peer;
	char text[VCRP_LINE_MAX + 1] = "NOTICE ";

	open_and_login(&peer);
	memset(text + 7, 'x', sizeof(text) - 8);
	text[VCRP_LINE_MAX - 1] = '\0';
	peer_tell(&peer, text);
	peer_line(&peer, text, 0);
	text[VCRP_LINE_MAX - 1] = 'x';
	peer_tell_bytes(&peer, text, VCRP_LINE_MAX);
	CU_ASSERT_EQUAL(peer_event(&peer)->kind, VCRP_DOWN);
	peer_close(&peer);
}

static void
refuses_options_that_cannot_be(void)
{
	static const struct vcrp_options bad[] = {
		{ .nick = "" }, { .nick = "a b" }, { .nick = "a\nb" },
		{ .key = "short" }, { .key = "kkkkkkkkkkkkkkkkkkkkk;" },
		{ .server = "vcrp://" }, { .timeout = -1 }
	};
	const char *why;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		why = NULL;
		CU_ASSERT_PTR_NULL(vcrp_new(&bad[i], &why));
		CU_ASSERT_PTR_NOT_NULL(why);
	}
}

static CU_TestInfo login_tests[] = {
	{ "learns its name", learns_its_name },
	{ "is who the kernel says on a local socket",
	    is_who_the_kernel_says_on_a_local_socket },
	{ "makes up a name and a key", makes_up_a_name_and_a_key },
	{ "ends when it is not let in", ends_when_it_is_not_let_in },
	{ "tries again when it is told later",
	    tries_again_when_it_is_told_later },
	{ "knows what is no VCRP", knows_what_is_no_vcrp },
	{ "comes back when a BYE says so, and only then",
	    comes_back_when_a_bye_says_so_and_only_then },
	{ "waits longer each time but never too long",
	    waits_longer_each_time_but_never_too_long },
	{ "gives a mute server up", gives_a_mute_server_up },
	{ "says why nobody is there", says_why_nobody_is_there },
	{ "takes its leave", takes_its_leave },
	{ "reads lines byte by byte", reads_lines_byte_by_byte },
	{ "leaves a server whose line does not end",
	    leaves_a_server_whose_line_does_not_end },
	{ "refuses options that cannot be", refuses_options_that_cannot_be },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "client: logging in", NULL, NULL, NULL, NULL, login_tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
