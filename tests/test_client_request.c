/* test_client_request.c -- libvcrp: asking, and being refused
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

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
says_one_thing_at_a_time_in_each_room(void)
{
	struct peer peer;
	int64_t a, b, other;

	open_and_login(&peer);
	a = vcrp_say(peer.v, "lobby", "a");
	b = vcrp_say(peer.v, "LOBBY", "b");
	peer_asked(&peer, " SAY lobby a");
	peer_hear_nothing(&peer);
	other = vcrp_react(peer.v, "ops", 7, "+1");
	peer_tell(&peer, "@id=# MSG lobby 1 5 ~alice a");
	peer_line(&peer, "@id=# MSG lobby 1 5 ~alice a", a);
	peer_asked(&peer, " REACT ops 7 +1");
	peer_tell(&peer, "@id=# REACT ops 8 5 ~alice 7 +1");
	peer_line(&peer, "@id=# REACT ops 8 5 ~alice 7 +1", other);
	peer_asked(&peer, " SAY LOBBY b");
	peer_tell(&peer, "@id=# ERR muted for an hour");
	CU_ASSERT_STRING_EQUAL(peer_line(&peer, "@id=# ERR muted for an hour",
	    b)->code, "muted");
	CU_ASSERT(b > a && other > b);
	CU_ASSERT_EQUAL(vcrp_pending(peer.v), 0);
	peer_close(&peer);
}

static void
waits_out_what_was_too_fast(void)
{
	struct peer peer;
	int64_t begin, one, two;

	open_and_login(&peer);
	one = vcrp_say(peer.v, "lobby", "one");
	two = vcrp_say(peer.v, "lobby", "two");
	peer_asked(&peer, " SAY lobby one");
	begin = now();
	peer_tell(&peer, "@id=#;wait=50;limit=say ERR too-fast slowly");
	peer_hear_nothing(&peer);
	peer_asked(&peer, " SAY lobby one");
	CU_ASSERT(now() - begin >= 50);
	peer_tell(&peer, "@id=# MSG lobby 1 5 ~alice one");
	peer_line(&peer, "@id=# MSG lobby 1 5 ~alice one", one);
	peer_asked(&peer, " SAY lobby two");
	peer_tell(&peer, "@id=#;wait=1 ERR too-fast slowly");
	peer_asked(&peer, " SAY lobby two");
	peer_tell(&peer, "@id=# MSG lobby 2 5 ~alice two");
	peer_line(&peer, "@id=# MSG lobby 2 5 ~alice two", two);
	peer_close(&peer);
}

static void
waits_for_the_room_it_asked_to_join(void)
{
	struct peer peer;
	struct seen *seen;
	int64_t join, say;

	open_and_login(&peer);
	join = vcrp_join(peer.v, "Lobby", VCRP_NOW);
	say = vcrp_say(peer.v, "Lobby", "hi");
	peer_asked(&peer, " JOIN Lobby");
	peer_hear_nothing(&peer);
	peer_tell(&peer, "@id=# ERR no-such-room not here");
	seen = peer_line(&peer, "@id=# ERR no-such-room not here", join);
	CU_ASSERT_STRING_EQUAL(seen->room, "Lobby");
	peer_asked(&peer, " SAY Lobby hi");
	peer_tell(&peer, "@id=# ERR not-member not in there");
	peer_line(&peer, "@id=# ERR not-member not in there", say);
	peer_close(&peer);
}

static void
does_any_line_as_its_own_functions_would(void)
{
	struct peer peer;
	int64_t who, list, say;

	open_and_login(&peer);
	who = vcrp_request(peer.v, "WHO lobby");
	list = vcrp_request(peer.v, "LIST");
	say = vcrp_request(peer.v, "@re=5;+x=y say lobby hi there");
	peer_asked(&peer, " WHO lobby");
	peer_asked(&peer, ";re=5;+x=y say lobby hi there");
	peer_tell(&peer, "@id=#;re=5;+x=y MSG lobby 1 5 ~alice hi there");
	peer_line(&peer, "@id=#;re=5;+x=y MSG lobby 1 5 ~alice hi there", say);
	peer_hear_nothing(&peer);
	snprintf(strrchr(peer.id, '-'), 30, "-%lld", (long long)who);
	peer_tell(&peer, "NAMES lobby ~alice");
	peer_tell(&peer, "@id=# OK WHO lobby");
	peer_line(&peer, "NAMES lobby ~alice", 0);
	peer_line(&peer, "@id=# OK WHO lobby", who);
	peer_asked(&peer, " LIST");
	peer_tell(&peer, "ERR bad-line and not a word of the id");
	peer_line(&peer, "ERR bad-line and not a word of the id", list);
	CU_ASSERT(vcrp_request(peer.v, "JOIN ops 5") > 0);
	peer_asked(&peer, " JOIN ops 5");
	peer_tell(&peer, "@id=# OK JOIN ops 5");
	peer_event(&peer);
	CU_ASSERT_EQUAL(vcrp_cursor(peer.v, "ops"), 5);
	peer_close(&peer);
}

static void
gives_up_what_may_have_been_done(void)
{
	struct peer peer;
	struct seen *seen;
	int64_t kick, who;

	open_and_login(&peer);
	kick = vcrp_request(peer.v, "KICK lobby bob");
	who = vcrp_request(peer.v, "WHO lobby");
	peer_asked(&peer, " KICK lobby bob");
	peer_cut(&peer);
	seen = peer_event(&peer);
	CU_ASSERT_EQUAL(seen->kind, VCRP_LOST);
	CU_ASSERT_EQUAL(seen->request, kick);
	CU_ASSERT_EQUAL(vcrp_pending(peer.v), 1);
	peer_login(&peer);
	peer_asked(&peer, " WHO lobby");
	peer_tell(&peer, "@id=# OK WHO lobby");
	peer_line(&peer, "@id=# OK WHO lobby", who);
	peer_close(&peer);
}

static void
signals_now_or_never(void)
{
	struct peer peer;
	int64_t number;

	peer_open(&peer, NULL);
	CU_ASSERT_EQUAL(vcrp_signal(peer.v, "lobby", "x"), -ENOTCONN);
	peer_login(&peer);
	vcrp_say(peer.v, "lobby", "first");
	number = vcrp_signal(peer.v, "lobby", "typing");
	CU_ASSERT(number > 0);
	peer_asked(&peer, " SAY lobby first");
	peer_asked(&peer, " SIGNAL lobby typing");
	CU_ASSERT_EQUAL(vcrp_pending(peer.v), 1);
	peer_tell(&peer, "@id=# ERR not-member you are not there");
	peer_line(&peer, "@id=# ERR not-member you are not there", number);
	peer_close(&peer);
}

static void
has_a_queue_with_an_end(void)
{
	struct peer peer;
	int i;

	open_and_login(&peer);
	for (i = 0; i < VCRP_QUEUE_MAX; i++)
		CU_ASSERT(vcrp_say(peer.v, "lobby", "x") > 0);
	CU_ASSERT_EQUAL(vcrp_say(peer.v, "lobby", "x"), -EAGAIN);
	CU_ASSERT_EQUAL(vcrp_request(peer.v, "LIST"), -EAGAIN);
	peer_asked(&peer, " SAY lobby x");
	peer_tell(&peer, "@id=# MSG lobby 1 5 ~alice x");
	peer_event(&peer);
	CU_ASSERT(vcrp_say(peer.v, "lobby", "x") > 0);
	peer_close(&peer);
}

static void
refuses_what_is_no_request(void)
{
	struct peer peer;
	char text[VCRP_LINE_MAX + 1];

	peer_open(&peer, NULL);
	memset(text, 'x', sizeof(text));
	text[VCRP_TEXT_MAX + 1] = '\0';
	CU_ASSERT_EQUAL(vcrp_say(peer.v, "lobby", text), -EMSGSIZE);
	CU_ASSERT_EQUAL(vcrp_signal(peer.v, "lobby", text), -EMSGSIZE);
	text[VCRP_TEXT_MAX] = '\0';
	CU_ASSERT(vcrp_say(peer.v, "lobby", text) > 0);
	CU_ASSERT_EQUAL(vcrp_say(peer.v, "lobby", ""), -EINVAL);
	CU_ASSERT_EQUAL(vcrp_say(peer.v, "lobby", "a\nQUIT"), -EINVAL);
	CU_ASSERT_EQUAL(vcrp_say(peer.v, "lobby", "\xff"), -EINVAL);
	CU_ASSERT_EQUAL(vcrp_say(peer.v, "a b", "x"), -EINVAL);
	CU_ASSERT_EQUAL(vcrp_say(peer.v, "", "x"), -EINVAL);
	CU_ASSERT_EQUAL(vcrp_request(peer.v, ""), -EINVAL);
	CU_ASSERT_EQUAL(vcrp_request(peer.v, "SAY"), -EINVAL);
	CU_ASSERT_EQUAL(vcrp_request(peer.v, "JOIN a x"), -EINVAL);
	CU_ASSERT_EQUAL(vcrp_request(peer.v, "@id=1 LIST"), -EINVAL);
	CU_ASSERT_EQUAL(vcrp_request(peer.v, "LIST\nLIST"), -EINVAL);
	CU_ASSERT_EQUAL(vcrp_pending(peer.v), 1);
	peer_close(&peer);
}

static CU_TestInfo request_tests[] = {
	{ "says one thing at a time in each room",
	    says_one_thing_at_a_time_in_each_room },
	{ "waits out what was too fast", waits_out_what_was_too_fast },
	{ "waits for the room it asked to join",
	    waits_for_the_room_it_asked_to_join },
	{ "does any line as its own functions would",
	    does_any_line_as_its_own_functions_would },
	{ "gives up what may have been done",
	    gives_up_what_may_have_been_done },
	{ "signals now or never", signals_now_or_never },
	{ "has a queue with an end", has_a_queue_with_an_end },
	{ "refuses what is no request", refuses_what_is_no_request },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "client: requests", NULL, NULL, NULL, NULL, request_tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
