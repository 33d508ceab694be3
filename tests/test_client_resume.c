/* test_client_resume.c -- libvcrp: what a cut, a gap or a hole does to rooms
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "client_peer.h"
#include "suite.h"

/* In lobby, whose last number is 100. */
static int64_t
enter(struct peer *peer)
{
	int64_t join;

	peer_open(peer, NULL);
	join = vcrp_join(peer->v, "lobby", VCRP_NOW);
	peer_login(peer);
	peer_asked(peer, " JOIN lobby");
	peer_tell(peer, "ROOM lobby 100 2 topic");
	peer_tell(peer, "@id=# OK JOIN lobby 100");
	peer_line(peer, "ROOM lobby 100 2 topic", 0);
	peer_line(peer, "@id=# OK JOIN lobby 100", join);
	return join;
}

static void
cut_and_login(struct peer *peer)
{
	peer_cut(peer);
	peer_login(peer);
}

static void
is_defect(struct peer *peer, const char *room)
{
	struct seen *seen = peer_event(peer);

	CU_ASSERT_EQUAL(seen->kind, VCRP_DEFECT);
	CU_ASSERT_STRING_EQUAL(seen->room, room);
	CU_ASSERT(seen->text[0] != '\0');
}

static void
goes_on_where_it_had_read_to(void)
{
	struct peer peer;

	enter(&peer);
	peer_tell(&peer, "MSG lobby 101 5 bob one");
	peer_line(&peer, "MSG lobby 101 5 bob one", 0);
	CU_ASSERT_EQUAL(vcrp_cursor(peer.v, "LOBBY"), 101);
	cut_and_login(&peer);
	peer_asked(&peer, " JOIN lobby 101");
	peer_tell(&peer, "@id=# OK JOIN lobby 103");
	peer_tell(&peer, "MSG lobby 102 5 bob two");
	peer_tell(&peer, "SET lobby 103 5 bob topic new");
	peer_tell(&peer, "MSG lobby 104 5 bob four");
	peer_line(&peer, "@id=# OK JOIN lobby 103", 0);
	CU_ASSERT(peer_line(&peer, "MSG lobby 102 5 bob two", 0)->replay);
	CU_ASSERT(peer_line(&peer, "SET lobby 103 5 bob topic new", 0)->replay);
	CU_ASSERT_FALSE(peer_line(&peer, "MSG lobby 104 5 bob four",
	    0)->replay);
	peer_close(&peer);
}

/* The first of three was said, the second too but unheard, the third not. */
static void
strikes_out_what_was_said_and_says_the_rest(void)
{
	struct peer peer;
	int64_t one, two, three;

	enter(&peer);
	one = vcrp_say(peer.v, "lobby", "one");
	two = vcrp_say(peer.v, "lobby", "two");
	three = vcrp_say(peer.v, "lobby", "three");
	peer_asked(&peer, " SAY lobby one");
	peer_tell(&peer, "@id=# MSG lobby 101 5 ~alice one");
	CU_ASSERT(peer_line(&peer, "@id=# MSG lobby 101 5 ~alice one",
	    one)->mine);
	peer_asked(&peer, " SAY lobby two");
	cut_and_login(&peer);
	char two_id[64];
	snprintf(two_id, sizeof(two_id), "%s", peer.id);
	peer_asked(&peer, " JOIN lobby 101");
	peer_tell(&peer, "@id=# OK JOIN lobby 103");
	peer_line(&peer, "@id=# OK JOIN lobby 103", 0);
	/* Nothing is said again before the replay is over. */
	snprintf(peer.id, sizeof(peer.id), "%s", two_id);
	peer_tell(&peer, "@id=# MSG lobby 102 5 ~alice two");
	CU_ASSERT(peer_line(&peer, "@id=# MSG lobby 102 5 ~alice two",
	    two)->mine);
	peer_hear_nothing(&peer);
	peer_tell(&peer, "MSG lobby 103 5 bob hi");
	peer_line(&peer, "MSG lobby 103 5 bob hi", 0);
	peer_asked(&peer, " SAY lobby three");
	peer_tell(&peer, "@id=# MSG lobby 104 5 ~alice three");
	peer_line(&peer, "@id=# MSG lobby 104 5 ~alice three", three);
	CU_ASSERT_EQUAL(vcrp_pending(peer.v), 0);
	peer_hear_nothing(&peer);
	peer_close(&peer);
}

static void
resends_under_the_same_id(void)
{
	struct peer peer;
	int64_t say;
	char id[64];

	enter(&peer);
	say = vcrp_say(peer.v, "lobby", "once");
	peer_asked(&peer, " SAY lobby once");
	snprintf(id, sizeof(id), "%s", peer.id);
	cut_and_login(&peer);
	peer_asked(&peer, " JOIN lobby 100");
	peer_tell(&peer, "@id=# OK JOIN lobby 100");
	peer_line(&peer, "@id=# OK JOIN lobby 100", 0);
	peer_asked(&peer, " SAY lobby once");
	CU_ASSERT_STRING_EQUAL(peer.id, id);
	/* It was said, but the log has it no more. */
	peer_tell(&peer, "@id=# OK SAY lobby 97");
	CU_ASSERT_EQUAL(peer_line(&peer, "@id=# OK SAY lobby 97", say)->number,
	    97);
	peer_close(&peer);
}

static void
is_not_taken_in_by_its_id_under_another_name(void)
{
	struct peer peer;
	int64_t say;
	char id[64];

	enter(&peer);
	say = vcrp_say(peer.v, "lobby", "mine");
	peer_asked(&peer, " SAY lobby mine");
	snprintf(id, sizeof(id), "%s", peer.id);
	cut_and_login(&peer);
	peer_asked(&peer, " JOIN lobby 100");
	peer_tell(&peer, "@id=# OK JOIN lobby 101");
	peer_line(&peer, "@id=# OK JOIN lobby 101", 0);
	snprintf(peer.id, sizeof(peer.id), "%s", id);
	peer_tell(&peer, "@id=# MSG lobby 101 5 alice mine");
	CU_ASSERT_FALSE(peer_line(&peer, "@id=# MSG lobby 101 5 alice mine",
	    0)->mine);
	peer_asked(&peer, " SAY lobby mine");
	peer_tell(&peer, "@id=# MSG lobby 102 5 ~alice mine");
	peer_line(&peer, "@id=# MSG lobby 102 5 ~alice mine", say);
	peer_close(&peer);
}

static void
tells_a_hole_from_a_gap(void)
{
	struct peer peer;

	enter(&peer);
	peer_tell(&peer, "GAP lobby 101 105");
	peer_tell(&peer, "MSG lobby 106 5 bob a");
	peer_line(&peer, "GAP lobby 101 105", 0);
	peer_line(&peer, "MSG lobby 106 5 bob a", 0);
	peer_tell(&peer, "MSG lobby 108 5 bob b");
	is_defect(&peer, "lobby");
	CU_ASSERT_EQUAL(peer_line(&peer, "MSG lobby 108 5 bob b", 0)->number,
	    108);
	/* May begin below the cursor, but not beyond what is next. */
	peer_tell(&peer, "GAP lobby 50 110");
	peer_line(&peer, "GAP lobby 50 110", 0);
	peer_tell(&peer, "GAP lobby 112 113");
	is_defect(&peer, "lobby");
	peer_line(&peer, "GAP lobby 112 113", 0);
	CU_ASSERT_EQUAL(vcrp_cursor(peer.v, "lobby"), 113);
	peer_hear_nothing(&peer);
	peer_close(&peer);
}

static void
delivers_nothing_twice(void)
{
	struct peer peer;

	enter(&peer);
	peer_tell(&peer, "MSG lobby 101 5 bob a");
	peer_tell(&peer, "MSG lobby 100 5 bob -");
	peer_tell(&peer, "MSG lobby 102 5 bob b");
	peer_line(&peer, "MSG lobby 101 5 bob a", 0);
	is_defect(&peer, "lobby");
	peer_line(&peer, "MSG lobby 102 5 bob b", 0);
	peer_close(&peer);
}

static void
takes_a_gap_for_the_end_of_a_replay(void)
{
	struct peer peer;

	enter(&peer);
	vcrp_say(peer.v, "lobby", "again");
	peer_asked(&peer, " SAY lobby again");
	cut_and_login(&peer);
	peer_asked(&peer, " JOIN lobby 100");
	peer_tell(&peer, "@id=# OK JOIN lobby 300");
	peer_line(&peer, "@id=# OK JOIN lobby 300", 0);
	peer_hear_nothing(&peer);
	peer_tell(&peer, "GAP lobby 101 300");
	peer_line(&peer, "GAP lobby 101 300", 0);
	peer_asked(&peer, " SAY lobby again");
	peer_close(&peer);
}

static void
begins_anew_in_a_room_that_did(void)
{
	struct peer peer;

	enter(&peer);
	cut_and_login(&peer);
	peer_asked(&peer, " JOIN lobby 100");
	peer_tell(&peer, "RESET lobby 3");
	peer_tell(&peer, "@id=# OK JOIN lobby 3");
	peer_tell(&peer, "MSG lobby 4 5 bob new");
	peer_line(&peer, "RESET lobby 3", 0);
	peer_line(&peer, "@id=# OK JOIN lobby 3", 0);
	peer_line(&peer, "MSG lobby 4 5 bob new", 0);
	CU_ASSERT_EQUAL(vcrp_cursor(peer.v, "lobby"), 4);
	peer_close(&peer);
}

static void
reads_from_the_beginning_and_moves_at_will(void)
{
	struct peer peer;
	int64_t join;

	peer_open(&peer, NULL);
	join = vcrp_join(peer.v, "lobby", 0);
	peer_login(&peer);
	peer_asked(&peer, " JOIN lobby 0");
	peer_tell(&peer, "@id=# OK JOIN lobby 71");
	peer_tell(&peer, "MSG lobby 71 5 bob a");
	peer_line(&peer, "@id=# OK JOIN lobby 71", join);
	peer_line(&peer, "MSG lobby 71 5 bob a", 0);
	join = vcrp_join(peer.v, "lobby", 70);
	peer_asked(&peer, " JOIN lobby 70");
	peer_tell(&peer, "MSG lobby 72 5 bob b");
	peer_tell(&peer, "@id=# OK JOIN lobby 72");
	peer_tell(&peer, "MSG lobby 71 5 bob a");
	peer_tell(&peer, "MSG lobby 72 5 bob b");
	peer_line(&peer, "MSG lobby 72 5 bob b", 0);
	peer_line(&peer, "@id=# OK JOIN lobby 72", join);
	peer_line(&peer, "MSG lobby 71 5 bob a", 0);
	peer_line(&peer, "MSG lobby 72 5 bob b", 0);
	peer_close(&peer);
}

static void
stays_out_of_a_room_it_left_or_was_thrown_out_of(void)
{
	struct peer peer;
	int64_t leave;

	enter(&peer);
	vcrp_say(peer.v, "lobby", "bye");
	leave = vcrp_leave(peer.v, "lobby");
	peer_asked(&peer, " SAY lobby bye");
	peer_hear_nothing(&peer);
	peer_tell(&peer, "@id=# MSG lobby 101 5 ~alice bye");
	peer_event(&peer);
	peer_asked(&peer, " LEAVE lobby");
	peer_tell(&peer, "@id=# OK LEAVE lobby");
	CU_ASSERT(peer_line(&peer, "@id=# OK LEAVE lobby", leave)->out);
	cut_and_login(&peer);
	peer_hear_nothing(&peer);

	vcrp_join(peer.v, "ops", VCRP_NOW);
	peer_asked(&peer, " JOIN ops");
	peer_tell(&peer, "@id=# OK JOIN ops 9");
	peer_tell(&peer, "LEAVE ops ~alicia gone");
	peer_event(&peer);
	CU_ASSERT_STRING_EQUAL(peer_event(&peer)->name, "~alicia");
	CU_ASSERT_EQUAL(vcrp_cursor(peer.v, "ops"), 9);
	peer_tell(&peer, "LEAVE ops ~alice kicked by bob: no");
	CU_ASSERT(peer_line(&peer, "LEAVE ops ~alice kicked by bob: no",
	    0)->out);
	CU_ASSERT_EQUAL(vcrp_cursor(peer.v, "ops"), 0);
	cut_and_login(&peer);
	peer_hear_nothing(&peer);
	peer_close(&peer);
}

static void
stays_out_of_a_room_it_is_banned_from(void)
{
	struct peer peer;

	enter(&peer);
	peer_tell(&peer, "ROLE lobby 101 5 bob ~alicia banned");
	peer_tell(&peer, "ROLE lobby 102 5 bob ~alice muted");
	peer_tell(&peer, "ROLE lobby 103 5 bob ~alice banned");
	peer_event(&peer);
	CU_ASSERT_FALSE(peer_event(&peer)->out);
	CU_ASSERT(peer_line(&peer, "ROLE lobby 103 5 bob ~alice banned",
	    0)->out);
	cut_and_login(&peer);
	peer_hear_nothing(&peer);
	/* One of the past, that a later JOIN replays, means nothing now. */
	vcrp_join(peer.v, "lobby", 102);
	peer_asked(&peer, " JOIN lobby 102");
	peer_tell(&peer, "@id=# OK JOIN lobby 103");
	peer_tell(&peer, "ROLE lobby 103 5 bob ~alice banned");
	peer_event(&peer);
	CU_ASSERT_FALSE(peer_event(&peer)->out);
	CU_ASSERT_EQUAL(vcrp_cursor(peer.v, "lobby"), 103);
	peer_close(&peer);
}

static void
says_when_a_room_does_not_take_it_back(void)
{
	struct peer peer;
	struct seen *seen;

	enter(&peer);
	cut_and_login(&peer);
	peer_asked(&peer, " JOIN lobby 100");
	peer_tell(&peer, "@id=#;wait=1 ERR too-fast slow down");
	peer_asked(&peer, " JOIN lobby 100");
	peer_tell(&peer, "@id=# ERR room-full as full as can be");
	seen = peer_line(&peer, "@id=# ERR room-full as full as can be", 0);
	CU_ASSERT_STRING_EQUAL(seen->room, "lobby");
	CU_ASSERT(seen->out);
	cut_and_login(&peer);
	peer_hear_nothing(&peer);
	peer_close(&peer);
}

static void
follows_a_direct_conversation(void)
{
	struct peer peer;
	int64_t one, two;

	peer_open(&peer, NULL);
	peer_login(&peer);
	one = vcrp_say(peer.v, "@bob", "psst");
	two = vcrp_say(peer.v, "@bob", "psst!");
	peer_asked(&peer, " SAY @bob psst");
	peer_tell(&peer, "ROOM @bob,~alice 6 2");
	peer_tell(&peer, "@id=# MSG @bob,~alice 7 5 ~alice psst");
	peer_event(&peer);
	peer_line(&peer, "@id=# MSG @bob,~alice 7 5 ~alice psst", one);
	peer_asked(&peer, " SAY @bob psst!");
	cut_and_login(&peer);
	peer_asked(&peer, " JOIN @bob,~alice 7");
	/* The new connection may be joined before it is asked to be. */
	peer_tell(&peer, "MSG @bob,~alice 8 5 bob yes?");
	peer_tell(&peer, "@id=# OK JOIN @bob,~alice 8");
	peer_line(&peer, "@id=# OK JOIN @bob,~alice 8", 0);
	peer_hear_nothing(&peer);
	peer_tell(&peer, "MSG @bob,~alice 8 5 bob yes?");
	peer_line(&peer, "MSG @bob,~alice 8 5 bob yes?", 0);
	peer_asked(&peer, " SAY @bob psst!");
	peer_tell(&peer, "@id=# MSG @bob,~alice 9 5 ~alice psst!");
	peer_line(&peer, "@id=# MSG @bob,~alice 9 5 ~alice psst!", two);
	peer_close(&peer);
}

static void
joins_a_conversation_that_another_begins(void)
{
	struct peer peer;

	peer_open(&peer, NULL);
	peer_login(&peer);
	peer_tell(&peer, "ROOM @bob,~alice 6 2");
	peer_tell(&peer, "MSG @bob,~alice 7 5 bob hi");
	peer_tell(&peer, "MSG @bob,~alice 9 5 bob hi?");
	peer_line(&peer, "ROOM @bob,~alice 6 2", 0);
	peer_line(&peer, "MSG @bob,~alice 7 5 bob hi", 0);
	is_defect(&peer, "@bob,~alice");
	peer_line(&peer, "MSG @bob,~alice 9 5 bob hi?", 0);
	vcrp_say(peer.v, "@bob", "hm");
	peer_asked(&peer, " SAY @bob hm");
	cut_and_login(&peer);
	peer_asked(&peer, " JOIN @bob,~alice 9");
	peer_hear_nothing(&peer);
	peer_tell(&peer, "@id=# OK JOIN @bob,~alice 9");
	peer_line(&peer, "@id=# OK JOIN @bob,~alice 9", 0);
	peer_asked(&peer, " SAY @bob hm");
	peer_close(&peer);
}

static CU_TestInfo resume_tests[] = {
	{ "goes on where it had read to", goes_on_where_it_had_read_to },
	{ "strikes out what was said and says the rest",
	    strikes_out_what_was_said_and_says_the_rest },
	{ "resends under the same id", resends_under_the_same_id },
	{ "is not taken in by its id under another name",
	    is_not_taken_in_by_its_id_under_another_name },
	{ "takes a gap for the end of a replay",
	    takes_a_gap_for_the_end_of_a_replay },
	{ "begins anew in a room that did", begins_anew_in_a_room_that_did },
	{ "stays out of a room it left or was thrown out of",
	    stays_out_of_a_room_it_left_or_was_thrown_out_of },
	{ "stays out of a room it is banned from",
	    stays_out_of_a_room_it_is_banned_from },
	{ "says when a room does not take it back",
	    says_when_a_room_does_not_take_it_back },
	CU_TEST_INFO_NULL
};

static CU_TestInfo number_tests[] = {
	{ "tells a hole from a gap", tells_a_hole_from_a_gap },
	{ "delivers nothing twice", delivers_nothing_twice },
	{ "reads from the beginning and moves at will",
	    reads_from_the_beginning_and_moves_at_will },
	{ "follows a direct conversation", follows_a_direct_conversation },
	{ "joins a conversation that another begins",
	    joins_a_conversation_that_another_begins },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "client: resuming", NULL, NULL, NULL, NULL, resume_tests },
	{ "client: numbers", NULL, NULL, NULL, NULL, number_tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
