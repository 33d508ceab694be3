/* test_client_gone.c -- libvcrp by datagrams: what is said in the clear of its
 *                       session is a hint, and no more
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "client_peer.h"
#include "lib/clock.h"
#include "suite.h"

enum { DOUBT = 1000, CALM = 5000 };

/* Up to here nothing is in doubt. */
static bool
is_calm(struct peer *peer)
{
	peer_hear_nothing(peer);
	peer_tell(peer, "NOTICE here");
	peer_line(peer, "NOTICE here", 0);
	return vcrp_timeout(peer->v) > CALM && vcrp_is_up(peer->v);
}

static void
a_hint_is_asked_about_and_forgotten(void)
{
	struct peer peer;

	peer_enter_udp(&peer);
	CU_ASSERT(vcrp_timeout(peer.v) > CALM);
	peer.mute = true;
	peer_deny(&peer, 0x80);
	peer_hear(&peer, "PING");
	CU_ASSERT(vcrp_timeout(peer.v) <= 200);
	/* Whatever is sealed shows that it lives. */
	peer_tell(&peer, "NOTICE there");
	peer_line(&peer, "NOTICE there", 0);
	CU_ASSERT(vcrp_timeout(peer.v) > CALM);
	/* The next ones come too soon. */
	for (int i = 0; i < 10; i++) {
		peer_deny(&peer, 0x80);
		peer_turn(&peer);
	}
	CU_ASSERT(is_calm(&peer));
	peer_close(&peer);
}

static void
a_hint_of_another_session_is_none(void)
{
	struct peer peer;

	peer_enter_udp(&peer);
	peer.mute = true;
	peer_deny(&peer, 0x81);
	peer_turn(&peer);
	CU_ASSERT(is_calm(&peer));
	peer_close(&peer);
}

/* In lobby, by answers that take so many ms. PINGs of the trial have no id. */
static void
enter(struct peer *peer, int64_t takes)
{
	const struct vcrp_options options = {
		.nick = "alice", .key = "kkkkkkkkkkkkkkkkkkkkkk",
		.retry_min = 1, .retry_max = 4
	};
	char line[sizeof(peer->in)], pong[80], ping[64];
	int64_t begun;

	peer_open_udp(peer, &options);
	peer->mute = true;
	vcrp_join(peer->v, "lobby", VCRP_NOW);
	peer_login_udp(peer);
	do
		peer_take_line(peer, line);
	while (sscanf(line, "@id=%63[a-z0-9-] PING", ping) != 1);
	peer_asked(peer, " JOIN lobby");
	for (begun = vclock_now(); vclock_now() < begun + takes;)
		peer_turn(peer);
	snprintf(pong, sizeof(pong), "@id=%s PONG", ping);
	peer_tell(peer, pong);
	peer_tell(peer, "@id=# OK JOIN lobby 100\nAT lobby 100");
	peer_line(peer, "@id=# OK JOIN lobby 100", 1);
}

/* Says so, and has it believed, after so many ms at the least. */
static void
end(struct peer *peer, int64_t least)
{
	int64_t begun = vclock_now();

	peer_deny(peer, 0x80);
	for (int i = 0; i < 3; i++)
		peer_hear(peer, "PING");
	CU_ASSERT(vclock_now() - begun >= 500);
	CU_ASSERT(vcrp_timeout(peer->v) <= DOUBT - 500 || least > DOUBT);
	CU_ASSERT_EQUAL(peer_event(peer)->kind, VCRP_DOWN);
	CU_ASSERT(vclock_now() - begun >= least);
	CU_ASSERT(vclock_now() - begun < CALM);
}

static void
without_an_answer_it_is_believed(void)
{
	struct peer peer;

	enter(&peer, 0);
	end(&peer, DOUBT);
	peer_hang_up(&peer);
	peer.mute = false;
	peer_login_udp(&peer);
	peer_asked(&peer, " JOIN lobby 100");
	peer_tell(&peer, "@id=# OK JOIN lobby 101\n"
	    "MSG lobby 101 5 bob one\nAT lobby 101");
	peer_line(&peer, "@id=# OK JOIN lobby 101", 0);
	peer_line(&peer, "MSG lobby 101 5 bob one", 0);
	peer_hear_nothing(&peer);
	peer_close(&peer);
}

static void
a_long_way_has_three_round_trips(void)
{
	struct peer peer;

	enter(&peer, 450);
	end(&peer, 3 * 450);
	peer_close(&peer);
}

static CU_TestInfo tests[] = {
	{ "a hint is asked about, and forgotten",
	    a_hint_is_asked_about_and_forgotten },
	{ "a hint of another session is none",
	    a_hint_of_another_session_is_none },
	{ "without an answer it is believed",
	    without_an_answer_it_is_believed },
	{ "a long way has three round trips",
	    a_long_way_has_three_round_trips },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "gone", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
