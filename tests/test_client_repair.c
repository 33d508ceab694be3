/* test_client_repair.c -- libvcrp by datagrams: what is lost in a room, or said
 *                         there, makes no difference to a program
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "client_peer.h"
#include "lib/clock.h"
#include "suite.h"

static void
asks_for_what_is_missing(void)
{
	struct peer peer;

	peer_enter_udp(&peer);
	peer.lose = 1;
	peer_tell(&peer, "MSG lobby 101 5 bob one");
	peer_tell(&peer, "MSG lobby 102 5 bob two");
	peer_asked(&peer, " JOIN lobby 100");
	peer_tell(&peer, "ROOM lobby 102 2 topic\n@id=# OK JOIN lobby 102\n"
	    "MSG lobby 101 5 bob one\nMSG lobby 102 5 bob two\nAT lobby 102");
	CU_ASSERT_FALSE(peer_line(&peer, "MSG lobby 101 5 bob one", 0)->replay);
	peer_line(&peer, "MSG lobby 102 5 bob two", 0);
	peer_tell(&peer, "MSG lobby 103 5 bob three");
	peer_line(&peer, "MSG lobby 103 5 bob three", 0);
	peer_hear_nothing(&peer);
	peer_close(&peer);
}

static void
at_tells_of_the_last(void)
{
	struct peer peer;

	peer_enter_udp(&peer);
	peer.lose = 1;
	peer_tell(&peer, "MSG lobby 101 5 bob one");
	peer_tell(&peer, "AT lobby 101");
	peer_asked(&peer, " JOIN lobby 100");
	/* The replay is lost too, but for its end. */
	peer_tell(&peer, "@id=# OK JOIN lobby 101");
	peer_tell(&peer, "AT lobby 101");
	peer_asked(&peer, " JOIN lobby 100");
	/* And now that as well. */
	peer_asked(&peer, " JOIN lobby 100");
	peer_tell(&peer, "@id=# OK JOIN lobby 101\nMSG lobby 101 5 bob one");
	peer_line(&peer, "MSG lobby 101 5 bob one", 0);
	peer_hear_nothing(&peer);
	peer_close(&peer);
}

static void
what_came_early_is_kept(void)
{
	struct peer peer;

	peer_enter_udp(&peer);
	peer.lose = 1;
	peer_tell(&peer, "MSG lobby 101 5 bob one");
	peer_tell(&peer, "MSG lobby 102 5 bob two");
	peer_tell(&peer, "MSG lobby 103 5 bob three\nGAP lobby 104 106");
	peer_asked(&peer, " JOIN lobby 100");
	peer_tell(&peer, "@id=# OK JOIN lobby 106\nMSG lobby 101 5 bob one");
	peer_tell(&peer, "AT lobby 106");
	peer_line(&peer, "MSG lobby 101 5 bob one", 0);
	peer_line(&peer, "MSG lobby 102 5 bob two", 0);
	peer_line(&peer, "MSG lobby 103 5 bob three", 0);
	peer_line(&peer, "GAP lobby 104 106", 0);
	CU_ASSERT_EQUAL(vcrp_cursor(peer.v, "lobby"), 106);
	peer_hear_nothing(&peer);
	peer_close(&peer);
}

static void
says_it_again_until_it_is_heard(void)
{
	struct peer peer;
	int64_t say;
	char id[64];

	peer_enter_udp(&peer);
	peer.repeats = true;
	say = vcrp_say(peer.v, "lobby", "hello");
	vcrp_say(peer.v, "lobby", "again");
	peer_asked(&peer, " SAY lobby hello");
	snprintf(id, sizeof(id), "%s", peer.id);
	peer_asked(&peer, " SAY lobby hello");
	CU_ASSERT_STRING_EQUAL(peer.id, id);
	/* Its event was lost; so the OK of the second comes too early. */
	peer.lose = 1;
	peer_tell(&peer, "@id=# MSG lobby 101 5 ~alice hello");
	peer_tell(&peer, "@id=# OK SAY lobby 101");
	peer_asked(&peer, " JOIN lobby 100");
	peer_tell(&peer, "@id=# OK JOIN lobby 101");
	snprintf(peer.id, sizeof(peer.id), "%s", id);
	peer_tell(&peer, "@id=# MSG lobby 101 5 ~alice hello");
	peer_line(&peer, "@id=# MSG lobby 101 5 ~alice hello", say);
	peer_asked(&peer, " SAY lobby again");
	/* Of which an answer to what was sent twice may still come. */
	snprintf(peer.id, sizeof(peer.id), "%s", id);
	peer_tell(&peer, "@id=# OK SAY lobby 101");
	peer_tell(&peer, "AT lobby 101");
	peer_tell(&peer, "NOTICE here");
	peer_line(&peer, "NOTICE here", 0);
	peer_close(&peer);
}

/* What a hole holds may be one's own. */
static void
an_early_echo_ends_nothing_yet(void)
{
	struct peer peer;
	int64_t say;
	char id[64];

	peer_enter_udp(&peer);
	say = vcrp_say(peer.v, "lobby", "mine");
	vcrp_say(peer.v, "lobby", "next");
	peer_asked(&peer, " SAY lobby mine");
	snprintf(id, sizeof(id), "%s", peer.id);
	peer.lose = 1;
	peer_tell(&peer, "MSG lobby 101 5 bob one");
	peer_tell(&peer, "@id=# MSG lobby 102 5 ~alice mine");
	/* Not said again meanwhile: it is here. */
	peer.repeats = true;
	for (int i = 0; i < 3; i++)
		peer_asked(&peer, " JOIN lobby 100");
	peer_tell(&peer, "@id=# OK JOIN lobby 102\nMSG lobby 101 5 bob one");
	snprintf(peer.id, sizeof(peer.id), "%s", id);
	peer_line(&peer, "MSG lobby 101 5 bob one", 0);
	peer_line(&peer, "@id=# MSG lobby 102 5 ~alice mine", say);
	peer_asked(&peer, " SAY lobby next");
	peer_close(&peer);
}

static void
too_fast_is_waited_out(void)
{
	struct peer peer;
	int64_t say;

	peer_enter_udp(&peer);
	peer.repeats = true;
	say = vcrp_say(peer.v, "lobby", "hello");
	peer_asked(&peer, " SAY lobby hello");
	peer_tell(&peer, "@wait=20;limit=limits.lines;id=# ERR too-fast");
	peer_asked(&peer, " SAY lobby hello");
	peer_tell(&peer, "@id=# MSG lobby 101 5 ~alice hello");
	peer_line(&peer, "@id=# MSG lobby 101 5 ~alice hello", say);
	peer_close(&peer);
}

static void
a_leave_whose_answer_was_lost_is_done(void)
{
	struct peer peer;
	int64_t leave;
	struct seen *seen;

	peer_enter_udp(&peer);
	peer.repeats = true;
	leave = vcrp_leave(peer.v, "lobby");
	peer_asked(&peer, " LEAVE lobby");
	peer_asked(&peer, " LEAVE lobby");
	peer_tell(&peer, "@id=# ERR not-member you are not in it");
	seen = peer_line(&peer, "@id=# OK LEAVE lobby", leave);
	CU_ASSERT(seen->out);
	/* Who was never in it is told so. */
	leave = vcrp_leave(peer.v, "attic");
	peer_asked(&peer, " LEAVE attic");
	peer_tell(&peer, "@id=# ERR not-member you are not in it");
	peer_line(&peer, "@id=# ERR not-member you are not in it", leave);
	peer_close(&peer);
}

static void
a_kick_is_told_once(void)
{
	struct peer peer;

	peer_enter_udp(&peer);
	peer_tell(&peer, "LEAVE lobby ~alice kicked by bob");
	CU_ASSERT(peer_line(&peer, "LEAVE lobby ~alice kicked by bob",
	    0)->out);
	peer_tell(&peer, "LEAVE lobby ~alice kicked by bob");
	peer_tell(&peer, "AT lobby 105\nMSG lobby 106 5 bob late");
	peer_hear_nothing(&peer);
	peer_close(&peer);
}

static void
a_hole_is_filled_before_leaving(void)
{
	struct peer peer;

	peer_enter_udp(&peer);
	peer_tell(&peer, "AT lobby 101");
	peer_asked(&peer, " JOIN lobby 100");
	vcrp_leave(peer.v, "lobby");
	peer_hear_nothing(&peer);
	peer_tell(&peer, "@id=# OK JOIN lobby 101\nMSG lobby 101 5 bob one");
	peer_line(&peer, "MSG lobby 101 5 bob one", 0);
	peer_asked(&peer, " LEAVE lobby");
	peer_close(&peer);
}

static void
a_room_has_another_life(void)
{
	struct peer peer;

	peer_enter_udp(&peer);
	peer_tell(&peer, "AT lobby 101");
	peer_asked(&peer, " JOIN lobby 100");
	/* RESET is lost, which that cannot do without. */
	peer_tell(&peer, "@id=# OK JOIN lobby 50");
	peer_asked(&peer, " JOIN lobby 100");
	peer_tell(&peer, "RESET lobby 50\n@id=# OK JOIN lobby 50\nAT lobby 50");
	peer_line(&peer, "RESET lobby 50", 0);
	peer_tell(&peer, "MSG lobby 51 5 bob new");
	peer_line(&peer, "MSG lobby 51 5 bob new", 0);
	/* It was asked twice, and so it is said. */
	peer_tell(&peer, "RESET lobby 50\n@id=# OK JOIN lobby 51\nAT lobby 51");
	peer_hear_nothing(&peer);
	peer_close(&peer);
}

static void
all_there_is_has_a_beginning(void)
{
	struct peer peer;
	int64_t join;

	peer_open_udp(&peer, NULL);
	join = vcrp_join(peer.v, "lobby", 0);
	peer_login_udp(&peer);
	peer_asked(&peer, " JOIN lobby 0");
	peer_tell(&peer, "@id=# OK JOIN lobby 103");
	peer.lose = 1;
	peer_tell(&peer, "MSG lobby 101 5 bob one");
	peer_tell(&peer, "MSG lobby 102 5 bob two\nAT lobby 103");
	peer_line(&peer, "@id=# OK JOIN lobby 103", join);
	peer_asked(&peer, " JOIN lobby 0");
	peer_tell(&peer, "@id=# OK JOIN lobby 103\nMSG lobby 101 5 bob one\n"
	    "MSG lobby 102 5 bob two\nROOM lobby 103 2\nAT lobby 103");
	CU_ASSERT(peer_line(&peer, "MSG lobby 101 5 bob one", 0)->replay);
	peer_line(&peer, "MSG lobby 102 5 bob two", 0);
	/* 32 KiB at a time: the rest. */
	peer_asked(&peer, " JOIN lobby 102");
	peer_close(&peer);
}

/* As a stream has it: a ROOM before, and one when it is live. */
static void
a_join_of_the_programs_is_told_whole(void)
{
	struct peer peer;
	int64_t join;

	peer_open_udp(&peer, NULL);
	join = vcrp_join(peer.v, "lobby", 100);
	peer_login_udp(&peer);
	peer_asked(&peer, " JOIN lobby 100");
	peer_tell(&peer, "ROOM lobby 101 2\n@id=# OK JOIN lobby 101\n"
	    "MSG lobby 101 5 bob one\nROOM lobby 101 3\nAT lobby 101");
	peer_line(&peer, "ROOM lobby 101 2", 0);
	peer_line(&peer, "@id=# OK JOIN lobby 101", join);
	peer_line(&peer, "MSG lobby 101 5 bob one", 0);
	peer_line(&peer, "ROOM lobby 101 3", 0);
	peer_hear_nothing(&peer);
	peer_close(&peer);
}

static void
conversations_begin_by_at(void)
{
	struct peer peer;

	peer_enter_udp(&peer);
	peer_tell(&peer, "AT @bob,~alice 7");
	peer_asked(&peer, " JOIN @bob,~alice 6");
	peer_tell(&peer, "@id=# OK JOIN @bob,~alice 7\n"
	    "MSG @bob,~alice 7 5 bob psst\nAT @bob,~alice 7");
	peer_line(&peer, "MSG @bob,~alice 7 5 bob psst", 0);
	peer_tell(&peer, "MSG @bob,~alice 8 5 bob hey");
	peer_line(&peer, "MSG @bob,~alice 8 5 bob hey", 0);
	peer_hear_nothing(&peer);
	peer_close(&peer);
}

/* Its ROOM tells where, and is told again, for who has not heard it. */
static void
conversations_begin_by_room(void)
{
	struct peer peer;

	peer_enter_udp(&peer);
	peer.lose = 1;
	peer_tell(&peer, "ROOM @bob,~alice 5 2\nMSG @bob,~alice 6 5 bob a");
	peer_tell(&peer, "ROOM @bob,~alice 5 2\nAT @bob,~alice 8");
	peer_line(&peer, "ROOM @bob,~alice 5 2", 0);
	peer_asked(&peer, " JOIN @bob,~alice 5");
	peer_tell(&peer, "ROOM @bob,~alice 8 2\n@id=# OK JOIN @bob,~alice 8\n"
	    "MSG @bob,~alice 6 5 bob a\nMSG @bob,~alice 7 5 bob b\n"
	    "MSG @bob,~alice 8 5 bob c\nROOM @bob,~alice 8 2\n"
	    "AT @bob,~alice 8");
	peer_line(&peer, "MSG @bob,~alice 6 5 bob a", 0);
	peer_line(&peer, "MSG @bob,~alice 7 5 bob b", 0);
	peer_line(&peer, "MSG @bob,~alice 8 5 bob c", 0);
	peer_tell(&peer, "ROOM @bob,~alice 5 2\nAT @bob,~alice 8");
	peer_hear_nothing(&peer);
	peer_close(&peer);
}

/* Pauses only double while nothing comes: here they would take 3 s. */
static void
an_open_way_is_not_asked_more_rarely(void)
{
	struct peer peer;
	char text[64];
	int64_t begin;

	peer_enter_udp(&peer);
	peer_tell(&peer, "MSG lobby 102 5 bob two");
	peer_asked(&peer, " JOIN lobby 100");
	begin = vclock_now();
	for (int i = 3; i < 7; i++) {
		snprintf(text, sizeof(text), "MSG lobby %d 5 bob more",
		    100 + i);
		peer_tell(&peer, text);
		peer_asked(&peer, " JOIN lobby 100");
	}
	CU_ASSERT(vclock_now() - begin < 2000);
	peer_close(&peer);
}

/* The same of what is said. */
static void
an_open_way_is_not_told_more_rarely(void)
{
	struct peer peer;
	int64_t begin;

	peer_enter_udp(&peer);
	peer.repeats = true;
	vcrp_say(peer.v, "lobby", "hello");
	peer_asked(&peer, " SAY lobby hello");
	begin = vclock_now();
	for (int i = 0; i < 4; i++) {
		peer_tell(&peer, "NOTICE here");
		peer_line(&peer, "NOTICE here", 0);
		peer_asked(&peer, " SAY lobby hello");
	}
	CU_ASSERT(vclock_now() - begin < 2000);
	peer_close(&peer);
}

/* Who has moved without knowing is found by anything that it sends. */
static void
at_that_does_not_come_makes_it_ask(void)
{
	struct peer peer;

	peer_enter_udp(&peer);
	peer_tell(&peer, "MSG lobby 101 5 bob one\nAT lobby 101");
	peer_line(&peer, "MSG lobby 101 5 bob one", 0);
	peer_tell(&peer, "NOTICE here");
	peer_line(&peer, "NOTICE here", 0);
	CU_ASSERT(vcrp_timeout(peer.v) > 5000);
	peer_tell(&peer, "MSG lobby 102 5 bob two");
	peer_line(&peer, "MSG lobby 102 5 bob two", 0);
	peer.mute = true;
	peer_asked(&peer, " PING");
	peer.mute = false;
	peer_tell(&peer, "@id=# PONG\nAT lobby 102\nNOTICE there");
	peer_line(&peer, "NOTICE there", 0);
	CU_ASSERT(vcrp_timeout(peer.v) > 5000);
	peer_close(&peer);
}

static CU_TestInfo tests[] = {
	{ "asks for what is missing", asks_for_what_is_missing },
	{ "AT tells of the last", at_tells_of_the_last },
	{ "AT that does not come makes it ask",
	  at_that_does_not_come_makes_it_ask },
	{ "what came early is kept", what_came_early_is_kept },
	{ "says it again until it is heard", says_it_again_until_it_is_heard },
	{ "an early echo ends nothing yet", an_early_echo_ends_nothing_yet },
	{ "too-fast is waited out", too_fast_is_waited_out },
	{ "a LEAVE whose answer was lost is done",
	    a_leave_whose_answer_was_lost_is_done },
	{ "a kick is told once", a_kick_is_told_once },
	{ "a hole is filled before leaving", a_hole_is_filled_before_leaving },
	{ "a room has another life", a_room_has_another_life },
	{ "all there is has a beginning", all_there_is_has_a_beginning },
	{ "a JOIN of the program's is told whole",
	    a_join_of_the_programs_is_told_whole },
	{ "an open way is not asked more rarely",
	    an_open_way_is_not_asked_more_rarely },
	{ "an open way is not told more rarely",
	    an_open_way_is_not_told_more_rarely },
	{ "conversations begin by AT", conversations_begin_by_at },
	{ "conversations begin by ROOM", conversations_begin_by_room },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "client repairs", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
