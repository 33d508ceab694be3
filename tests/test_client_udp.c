/* test_client_udp.c -- libvcrp by datagrams: what is lost, doubled or overtaken
 *                      makes no difference to a program
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "client_peer.h"
#include "lib/clock.h"
#include "suite.h"

static void
enter(struct peer *peer)
{
	int64_t join;

	peer_open_udp(peer, NULL);
	join = vcrp_join(peer->v, "lobby", VCRP_NOW);
	peer_login_udp(peer);
	peer_asked(peer, " JOIN lobby");
	peer_tell(peer, "ROOM lobby 100 2 topic\n@id=# OK JOIN lobby 100\n"
	    "AT lobby 100");
	peer_line(peer, "ROOM lobby 100 2 topic", 0);
	peer_line(peer, "@id=# OK JOIN lobby 100", join);
}

static void
goes_on_by_datagrams(void)
{
	struct peer peer;
	int64_t say;

	enter(&peer);
	CU_ASSERT_STRING_EQUAL(vcrp_name(peer.v), "~alice");
	CU_ASSERT(vcrp_is_up(peer.v));
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
	peer_tell(&peer, "BYE quit");
	CU_ASSERT_STRING_EQUAL(peer_event(&peer)->code, "quit");
	CU_ASSERT_EQUAL(peer_event(&peer)->kind, VCRP_END);
	peer_close(&peer);
}

static void
stays_with_the_stream(const char *answer)
{
	struct vcrp_options options = {
		.nick = "alice", .key = "kkkkkkkkkkkkkkkkkkkkkk",
		.timeout = 400
	};
	struct peer peer;

	peer_open_udp(&peer, &options);
	peer_ask_udp(&peer);
	if (answer != NULL)
		peer_tell(&peer, answer);
	peer_line(&peer, "VCRP 1 here peer/0 guest,udp", 0);
	CU_ASSERT_EQUAL(peer_event(&peer)->kind, VCRP_UP);
	CU_ASSERT(vcrp_is_up(peer.v));
	vcrp_say(peer.v, "@bob", "hello");
	peer_asked(&peer, " SAY @bob hello");
	peer_close(&peer);
}

static void
stays_with_the_stream_where_there_are_none(void)
{
	struct peer peer;

	stays_with_the_stream("ERR denied no datagrams");
	stays_with_the_stream("ERR need-tls");
	stays_with_the_stream(NULL);
	/* They are given, but do not come through. */
	stays_with_the_stream("OK UDP 80000000000000000000000000000000 "
	    "07000000000000000000000000000000"
	    "00000000000000000000000000000000");
	stays_with_the_stream("OK UDP 8000 07");
	/* Not offered, so not asked for */
	peer_open_udp(&peer, NULL);
	peer_login(&peer);
	peer_hear_nothing(&peer);
	peer_close(&peer);
}

static void
asks_for_what_is_missing(void)
{
	struct peer peer;

	enter(&peer);
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

	enter(&peer);
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

/* Pauses only double while nothing comes: here they would take 3 s. */
static void
an_open_way_is_not_asked_more_rarely(void)
{
	struct peer peer;
	char text[64];
	int64_t begin;

	enter(&peer);
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

static void
what_came_early_is_kept(void)
{
	struct peer peer;

	enter(&peer);
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
what_was_overtaken_is_waited_for(void)
{
	struct peer peer;

	enter(&peer);
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

	enter(&peer);
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

	enter(&peer);
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
says_it_again_until_it_is_heard(void)
{
	struct peer peer;
	int64_t say;
	char id[64];

	enter(&peer);
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

	enter(&peer);
	say = vcrp_say(peer.v, "lobby", "mine");
	vcrp_say(peer.v, "lobby", "next");
	peer_asked(&peer, " SAY lobby mine");
	snprintf(id, sizeof(id), "%s", peer.id);
	peer.lose = 1;
	peer_tell(&peer, "MSG lobby 101 5 bob one");
	peer_tell(&peer, "@id=# MSG lobby 102 5 ~alice mine");
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

	enter(&peer);
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

	enter(&peer);
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

	enter(&peer);
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

	enter(&peer);
	peer_tell(&peer, "AT lobby 101");
	peer_asked(&peer, " JOIN lobby 100");
	vcrp_leave(peer.v, "lobby");
	peer_tell(&peer, "@id=# OK JOIN lobby 101\nMSG lobby 101 5 bob one");
	peer_line(&peer, "MSG lobby 101 5 bob one", 0);
	peer_asked(&peer, " LEAVE lobby");
	peer_close(&peer);
}

static void
a_room_has_another_life(void)
{
	struct peer peer;

	enter(&peer);
	peer_tell(&peer, "AT lobby 101");
	peer_asked(&peer, " JOIN lobby 100");
	/* RESET is lost, which that cannot do without. */
	peer_tell(&peer, "@id=# OK JOIN lobby 50");
	peer_asked(&peer, " JOIN lobby 100");
	peer_tell(&peer, "RESET lobby 50\n@id=# OK JOIN lobby 50\nAT lobby 50");
	peer_line(&peer, "RESET lobby 50", 0);
	peer_tell(&peer, "MSG lobby 51 5 bob new");
	peer_line(&peer, "MSG lobby 51 5 bob new", 0);
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
	    "MSG lobby 102 5 bob two\nAT lobby 103");
	CU_ASSERT(peer_line(&peer, "MSG lobby 101 5 bob one", 0)->replay);
	peer_line(&peer, "MSG lobby 102 5 bob two", 0);
	/* 32 KiB at a time: the rest. */
	peer_asked(&peer, " JOIN lobby 102");
	peer_close(&peer);
}

static void
conversations_begin_by_at(void)
{
	struct peer peer;

	enter(&peer);
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

static void
pages_are_whole(void)
{
	struct peer peer;
	int64_t page;

	enter(&peer);
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

static void
answers_of_several_lines_are_whole(void)
{
	struct peer peer;
	int64_t who;

	enter(&peer);
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
	peer_asked(&peer, " SAY lobby hello");
	snprintf(id, sizeof(id), "%s", peer.id);
	peer_hang_up(&peer);
	CU_ASSERT_EQUAL(peer_event(&peer)->kind, VCRP_DOWN);
	peer_login_udp(&peer);
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
	{ "stays with the stream where there are none",
	    stays_with_the_stream_where_there_are_none },
	{ "asks for what is missing", asks_for_what_is_missing },
	{ "AT tells of the last", at_tells_of_the_last },
	{ "an open way is not asked more rarely",
	    an_open_way_is_not_asked_more_rarely },
	{ "what came early is kept", what_came_early_is_kept },
	{ "what was overtaken is waited for",
	    what_was_overtaken_is_waited_for },
	{ "what comes twice is told once", what_comes_twice_is_told_once },
	{ "long lines come in pieces", long_lines_come_in_pieces },
	{ "says it again until it is heard", says_it_again_until_it_is_heard },
	{ "an early echo ends nothing yet", an_early_echo_ends_nothing_yet },
	{ "too-fast is waited out", too_fast_is_waited_out },
	{ "a LEAVE whose answer was lost is done",
	    a_leave_whose_answer_was_lost_is_done },
	{ "a kick is told once", a_kick_is_told_once },
	{ "a hole is filled before leaving", a_hole_is_filled_before_leaving },
	{ "a room has another life", a_room_has_another_life },
	{ "all there is has a beginning", all_there_is_has_a_beginning },
	{ "conversations begin by AT", conversations_begin_by_at },
	{ "pages are whole", pages_are_whole },
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
