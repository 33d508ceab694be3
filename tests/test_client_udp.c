/* test_client_udp.c -- libvcrp by datagrams: whether, in which order, and whole
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "client_peer.h"
#include "suite.h"

static void
goes_on_by_datagrams(void)
{
	struct peer peer;
	const char *why;
	int64_t say;

	peer_enter_udp(&peer);
	CU_ASSERT_STRING_EQUAL(vcrp_name(peer.v), "~alice");
	CU_ASSERT(vcrp_is_up(peer.v));
	CU_ASSERT(vcrp_is_udp(peer.v, &why));
	CU_ASSERT_STRING_EQUAL(why, "");
	say = vcrp_say(peer.v, "lobby", "hello");
	peer_asked(&peer, " SAY lobby hello");
	peer_tell(&peer, "@id=# MSG lobby 101 5 ~alice hello");
	CU_ASSERT(peer_line(&peer, "@id=# MSG lobby 101 5 ~alice hello",
	    say)->mine);
	/* That is how a server asks whether it is us who moved. */
	peer_tell(&peer, "PING 0123456789abcdef");
	peer_hear(&peer, "PONG 0123456789abcdef");
	vcrp_quit(peer.v);
	peer_hear(&peer, "QUIT");
	peer_hear(&peer, "QUIT");
	peer_tell(&peer, "BYE quit");
	CU_ASSERT_STRING_EQUAL(peer_event(&peer)->code, "quit");
	CU_ASSERT_EQUAL(peer_event(&peer)->kind, VCRP_END);
	peer_close(&peer);
}

/* But what is cut where the stream ends is no line. */
static void
what_the_stream_said_counts(void)
{
	struct peer peer;

	peer_open_udp(&peer, NULL);
	peer.behind = "NOTICE whole\nNOTICE hal";
	peer_login_udp(&peer);
	peer_line(&peer, "NOTICE whole", 0);
	peer_tell(&peer, "NOTICE by datagram");
	peer_line(&peer, "NOTICE by datagram", 0);
	peer_close(&peer);
}

static void
stays_with_the_stream(const char *answer, const char *expected)
{
	struct vcrp_options options = {
		.nick = "alice", .key = "kkkkkkkkkkkkkkkkkkkkkk",
		.timeout = 400
	};
	const char *why;
	struct peer peer;

	peer_open_udp(&peer, &options);
	peer_ask_udp(&peer);
	if (answer != NULL)
		peer_tell(&peer, answer);
	peer_line(&peer, "VCRP 1 here peer/0 guest,udp", 0);
	CU_ASSERT_EQUAL(peer_event(&peer)->kind, VCRP_UP);
	CU_ASSERT(vcrp_is_up(peer.v));
	CU_ASSERT(!vcrp_is_udp(peer.v, &why));
	CU_ASSERT(strncmp(why, expected, strlen(expected)) == 0);
	vcrp_say(peer.v, "@bob", "hello");
	peer_asked(&peer, " SAY @bob hello");
	peer_tell(&peer, "NOTICE still here");
	peer_line(&peer, "NOTICE still here", 0);
	peer_close(&peer);
}

static void
stays_with_the_stream_where_there_are_none(void)
{
	const char *why;
	struct peer peer;

	stays_with_the_stream("ERR denied not here",
	    "the server refuses them: denied: not here");
	stays_with_the_stream("ERR need-tls",
	    "the server refuses them: need-tls");
	stays_with_the_stream(NULL, "the server does not answer UDP");
	/* They are given, but do not come through. */
	stays_with_the_stream("OK UDP 80000000000000000000000000000000 "
	    "07000000000000000000000000000000"
	    "00000000000000000000000000000000",
	    "none come through from UDP port ");
	stays_with_the_stream("OK UDP 8000 07",
	    "the session that the server gave cannot be used");
	/* Not offered, so not asked for */
	peer_open_udp(&peer, NULL);
	peer_login(&peer);
	CU_ASSERT(!vcrp_is_udp(peer.v, &why));
	CU_ASSERT_STRING_EQUAL(why,
	    "the server offers none on this connection");
	peer_hear_nothing(&peer);
	peer_close(&peer);
}

static void
what_was_overtaken_is_waited_for(void)
{
	struct peer peer;

	peer_enter_udp(&peer);
	peer.hold = true;
	peer_tell(&peer, "MSG lobby 101 5 bob one");
	peer_tell(&peer, "MSG lobby 102 5 bob two");
	peer_line(&peer, "MSG lobby 101 5 bob one", 0);
	peer_line(&peer, "MSG lobby 102 5 bob two", 0);
	peer_hear_nothing(&peer);
	peer_close(&peer);
}

static void
what_comes_twice_is_told_once(void)
{
	struct peer peer;

	peer_enter_udp(&peer);
	peer.twice = true;
	peer_tell(&peer, "MSG lobby 101 5 bob one");
	/* Not the same datagram, but the same events. */
	peer_tell(&peer, "MSG lobby 101 5 bob one\nMSG lobby 102 5 bob two");
	peer_tell(&peer, "GAP lobby 90 101\nMSG lobby 99 5 bob old");
	peer_line(&peer, "MSG lobby 101 5 bob one", 0);
	peer_line(&peer, "MSG lobby 102 5 bob two", 0);
	peer_tell(&peer, "READ lobby 101");
	peer_line(&peer, "READ lobby 101", 0);
	peer_tell(&peer, "READ lobby 101");
	peer_hear_nothing(&peer);
	peer_close(&peer);
}

static void
long_lines_come_in_pieces(void)
{
	char text[3001], line[3100];
	struct peer peer;
	int64_t say;

	peer_enter_udp(&peer);
	memset(text, 'x', 3000);
	text[3000] = '\0';
	say = vcrp_say(peer.v, "lobby", text);
	snprintf(line, sizeof(line), " SAY lobby %s", text);
	peer_asked(&peer, line);
	snprintf(line, sizeof(line), "@id=# MSG lobby 101 5 ~alice %s", text);
	peer.lose = 1;
	peer_tell(&peer, line);
	peer_tell(&peer, "AT lobby 101");
	char id[64];
	snprintf(id, sizeof(id), "%s", peer.id);
	peer_asked(&peer, " JOIN lobby 100");
	peer_tell(&peer, "@id=# OK JOIN lobby 101");
	snprintf(peer.id, sizeof(peer.id), "%s", id);
	peer_tell(&peer, line);
	peer_line(&peer, line, say);
	peer_hear_nothing(&peer);
	peer_close(&peer);
}

static void
pages_are_whole(void)
{
	struct peer peer;
	int64_t page;

	peer_enter_udp(&peer);
	peer.repeats = true;
	page = vcrp_history(peer.v, "attic", 3, 0);
	peer_asked(&peer, " HISTORY attic 3");
	peer_tell(&peer, "PAGE attic 3\nMSG attic 7 5 bob a");
	peer.lose = 1;
	peer_tell(&peer, "GAP attic 8 9");
	peer_tell(&peer, "MSG attic 10 5 bob c\n@id=# OK HISTORY attic");
	peer_asked(&peer, " HISTORY attic 3");
	/* Of the second another part is lost. */
	peer.lose = 1;
	peer_tell(&peer, "PAGE attic 3\nMSG attic 7 5 bob a");
	peer_tell(&peer, "GAP attic 8 9\nMSG attic 10 5 bob c");
	peer_tell(&peer, "@id=# OK HISTORY attic");
	peer_asked(&peer, " HISTORY attic 3");
	peer_tell(&peer, "PAGE attic 3\nMSG attic 7 5 bob a");
	peer_tell(&peer, "GAP attic 8 9");
	peer.lose = 1;
	peer_tell(&peer, "MSG attic 10 5 bob c");
	peer_tell(&peer, "@id=# OK HISTORY attic");
	CU_ASSERT_EQUAL(peer_line(&peer, "PAGE attic 3", 0)->page, page);
	CU_ASSERT_EQUAL(peer_line(&peer, "MSG attic 7 5 bob a", 0)->page,
	    page);
	CU_ASSERT_EQUAL(peer_line(&peer, "GAP attic 8 9", 0)->page, page);
	CU_ASSERT_EQUAL(peer_line(&peer, "MSG attic 10 5 bob c", 0)->page,
	    page);
	peer_line(&peer, "@id=# OK HISTORY attic", page);
	peer_hear_nothing(&peer);
	peer_close(&peer);
}

/* What was asked in between makes two pages that do not fit together. */
static void
pages_are_not_mixed(void)
{
	struct peer peer;
	int64_t page;

	peer_enter_udp(&peer);
	peer.repeats = true;
	page = vcrp_history(peer.v, "@bob", 3, 0);
	peer_asked(&peer, " HISTORY @bob 3");
	peer_tell(&peer, "PAGE @b 3\nMSG @b 7 5 bob a");
	peer.lose = 1;
	peer_tell(&peer, "MSG @b 8 5 bob b");
	peer_tell(&peer, "MSG @b 9 5 bob c\n@id=# OK HISTORY @b");
	peer_asked(&peer, " HISTORY @bob 3");
	peer.lose = 1;
	peer_tell(&peer, "MSG @b 8 5 bob b");
	peer_tell(&peer, "PAGE @b 3");
	peer.lose = 1;
	peer_tell(&peer, "MSG @b 8 5 bob b");
	peer_tell(&peer, "MSG @b 9 5 bob c\nMSG @b 10 5 bob d\n"
	    "@id=# OK HISTORY @b");
	peer_asked(&peer, " HISTORY @bob 3");
	/* One without its PAGE is none, and no conversation begins. */
	peer.lose = 1;
	peer_tell(&peer, "PAGE @b 3");
	peer_tell(&peer, "MSG @b 8 5 bob b\nMSG @b 9 5 bob c\n"
	    "MSG @b 10 5 bob d\n@id=# OK HISTORY @b");
	for (int i = 0; i < 2; i++) {
		peer_asked(&peer, " HISTORY @bob 3");
		peer_tell(&peer, "PAGE @b 3\nMSG @b 8 5 bob b\n"
		    "MSG @b 9 5 bob c\nMSG @b 10 5 bob d\n"
		    "@id=# OK HISTORY @b");
	}
	peer_line(&peer, "PAGE @b 3", 0);
	peer_line(&peer, "MSG @b 8 5 bob b", 0);
	peer_line(&peer, "MSG @b 9 5 bob c", 0);
	peer_line(&peer, "MSG @b 10 5 bob d", 0);
	CU_ASSERT_EQUAL(peer_event(&peer)->request, page);
	/* Of another size it is another page. */
	page = vcrp_search(peer.v, "lobby", 2, 0, "x");
	peer_asked(&peer, " SEARCH lobby 2 x");
	peer_tell(&peer, "PAGE lobby 2\nMSG lobby 7 5 bob x");
	peer.lose = 1;
	peer_tell(&peer, "MSG lobby 9 5 bob xx");
	peer_tell(&peer, "@id=# OK SEARCH lobby 7");
	peer_asked(&peer, " SEARCH lobby 2 x");
	peer_tell(&peer, "PAGE lobby 1\nMSG lobby 9 5 bob xx\n"
	    "@id=# OK SEARCH lobby 7");
	peer_line(&peer, "PAGE lobby 1", 0);
	peer_line(&peer, "MSG lobby 9 5 bob xx", 0);
	peer_line(&peer, "@id=# OK SEARCH lobby 7", page);
	peer_hear_nothing(&peer);
	peer_close(&peer);
}

static void
answers_of_several_lines_are_whole(void)
{
	struct peer peer;
	int64_t who;

	peer_enter_udp(&peer);
	peer.repeats = true;
	who = vcrp_request(peer.v, "WHO lobby");
	peer_asked(&peer, " WHO lobby");
	peer.lose = 1;
	peer_tell(&peer, "NAMES lobby ~alice");
	peer_tell(&peer, "NAMES lobby bob\n@id=# OK WHO lobby");
	peer_asked(&peer, " WHO lobby");
	peer_tell(&peer, "NAMES lobby ~alice");
	peer_tell(&peer, "NAMES lobby bob\n@id=# OK WHO lobby");
	peer_line(&peer, "NAMES lobby ~alice", 0);
	peer_line(&peer, "NAMES lobby bob", 0);
	peer_line(&peer, "@id=# OK WHO lobby", who);
	/* It may be refused as well. */
	who = vcrp_request(peer.v, "WHO cellar");
	peer_asked(&peer, " WHO cellar");
	peer_tell(&peer, "@id=# ERR no-such-room");
	peer_line(&peer, "@id=# ERR no-such-room", who);
	peer_close(&peer);
}

static void
silence_is_a_lost_connection(void)
{
	struct vcrp_options options = {
		.nick = "alice", .key = "kkkkkkkkkkkkkkkkkkkkkk",
		.timeout = 400, .retry_min = 1, .retry_max = 4
	};
	struct peer peer;
	int64_t say;
	char id[64];

	peer_open_udp(&peer, &options);
	vcrp_join(peer.v, "lobby", VCRP_NOW);
	peer_login_udp(&peer);
	peer_asked(&peer, " JOIN lobby");
	peer_tell(&peer, "@id=# OK JOIN lobby 100\nAT lobby 100");
	peer_line(&peer, "@id=# OK JOIN lobby 100", 1);
	say = vcrp_say(peer.v, "lobby", "hello");
	/* No answer to that alone is none yet, in more than 800 ms. */
	peer.repeats = true;
	for (int i = 0; i < 4; i++) {
		peer_asked(&peer, " SAY lobby hello");
		peer_tell(&peer, "NOTICE here");
		peer_line(&peer, "NOTICE here", 0);
	}
	peer.repeats = false;
	snprintf(id, sizeof(id), "%s", peer.id);
	peer_hang_up(&peer);
	CU_ASSERT_EQUAL(peer_event(&peer)->kind, VCRP_DOWN);
	peer_login_udp(&peer);
	peer_asked(&peer, " JOIN lobby 100");
	peer_asked(&peer, " JOIN lobby 100");
	peer_tell(&peer, "@id=# OK JOIN lobby 101");
	peer_line(&peer, "@id=# OK JOIN lobby 101", 0);
	snprintf(peer.id, sizeof(peer.id), "%s", id);
	peer_tell(&peer, "@id=# MSG lobby 101 5 ~alice hello\nAT lobby 101");
	peer_line(&peer, "@id=# MSG lobby 101 5 ~alice hello", say);
	peer_hear_nothing(&peer);
	peer_close(&peer);
}

static CU_TestInfo tests[] = {
	{ "goes on by datagrams", goes_on_by_datagrams },
	{ "what the stream said counts", what_the_stream_said_counts },
	{ "stays with the stream where there are none",
	    stays_with_the_stream_where_there_are_none },
	{ "what was overtaken is waited for",
	    what_was_overtaken_is_waited_for },
	{ "what comes twice is told once", what_comes_twice_is_told_once },
	{ "long lines come in pieces", long_lines_come_in_pieces },
	{ "pages are whole", pages_are_whole },
	{ "pages are not mixed", pages_are_not_mixed },
	{ "answers of several lines are whole",
	    answers_of_several_lines_are_whole },
	{ "silence is a lost connection", silence_is_a_lost_connection },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "client by datagrams", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
