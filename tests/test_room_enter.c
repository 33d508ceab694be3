/* test_room_enter.c -- into a room and out of it
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "fake.h"
#include "suite.h"

/* Says `count` messages of some `size` bytes. */
static void
fill(struct guy *g, unsigned count, size_t size)
{
	char line[LINE_MAX_BYTES];
	int len = snprintf(line, sizeof(line), "SAY lobby ");

	memset(line + len, 'x', size);
	line[(size_t)len + size] = '\0';
	while (count-- > 0)
		fake_say(g, line);
	fake_forget(g->fake);
}

static void
join_tells_the_room_then_ok(void)
{
	struct fake *f = fake_new();
	struct guy *alice, *bob;

	fake_room(f, NULL, "lobby");
	alice = fake_guest(f, "alice", NULL);
	bob = fake_guest(f, "bob", NULL);
	CU_ASSERT(fake_gets(alice, "JOIN lobby",
	    "ROOM lobby 100 1\nOK JOIN lobby 100\n"));
	CU_ASSERT(fake_gets(bob, "@id=b.1 JOIN LOBBY",
	    "ROOM lobby 100 2\n@id=b.1 OK JOIN lobby 100\n"));
	CU_ASSERT(fake_heard(alice, "JOIN lobby ~bob\n"));
	fake_free(&f);
}

static void
join_without_after_begins_at_the_end(void)
{
	struct fake *f = fake_new();
	struct guy *alice, *bob;

	fake_room(f, NULL, "lobby");
	alice = fake_inside(f, "alice");
	fake_say(alice, "SAY lobby before");
	bob = fake_guest(f, "bob", NULL);
	CU_ASSERT(fake_gets(bob, "JOIN lobby",
	    "ROOM lobby 101 2\nOK JOIN lobby 101\n"));
	fake_say(alice, "SAY lobby now");
	CU_ASSERT(fake_heard(bob, "MSG lobby 102 T+1 ~alice now\n"));
	fake_free(&f);
}

static void
join_after_replays_exactly_what_came_later(void)
{
	struct fake *f = fake_new();
	struct guy *alice, *bob;

	fake_room(f, NULL, "lobby");
	alice = fake_inside(f, "alice");
	fake_say(alice, "SAY lobby one");
	fake_say(alice, "SAY lobby two");
	fake_say(alice, "SIGNAL lobby typing");
	fake_say(alice, "SAY lobby three");
	bob = fake_guest(f, "bob", NULL);
	/* Ephemeral lines are not repeated; a ROOM line ends the replay. */
	CU_ASSERT(fake_gets(bob, "JOIN lobby 101",
	    "ROOM lobby 103 2\nOK JOIN lobby 103\n"
	    "MSG lobby 102 T ~alice two\n"
	    "MSG lobby 103 T ~alice three\n"
	    "ROOM lobby 103 2\n"));
	fake_say(alice, "SIGNAL lobby live");
	CU_ASSERT(fake_heard(bob, "SIGNAL lobby ~alice live\n"));
	fake_free(&f);
}

static void
join_after_the_last_replays_nothing(void)
{
	struct fake *f = fake_new();
	struct guy *alice, *bob;

	fake_room(f, NULL, "lobby");
	alice = fake_inside(f, "alice");
	fake_say(alice, "SAY lobby one");
	bob = fake_guest(f, "bob", NULL);
	CU_ASSERT(fake_gets(bob, "JOIN lobby 101",
	    "ROOM lobby 101 2\nOK JOIN lobby 101\n"));
	fake_free(&f);
}

static void
join_after_0_tells_of_the_gap_before_the_room(void)
{
	struct fake *f = fake_new();
	struct guy *alice, *bob;

	fake_room(f, NULL, "lobby");
	alice = fake_inside(f, "alice");
	fake_say(alice, "SAY lobby one");
	bob = fake_guest(f, "bob", NULL);
	CU_ASSERT(fake_gets(bob, "JOIN lobby 0",
	    "ROOM lobby 101 2\nOK JOIN lobby 101\n"
	    "GAP lobby 1 100\n"
	    "MSG lobby 101 T ~alice one\n"
	    "ROOM lobby 101 2\n"));
	CU_ASSERT_EQUAL(counter_get(&f->room->counters.gaps), 1);
	fake_free(&f);
}

static void
join_above_the_last_is_reset(void)
{
	struct fake *f = fake_new();
	struct guy *alice;

	fake_room(f, NULL, "lobby");
	alice = fake_guest(f, "alice", NULL);
	CU_ASSERT(fake_gets(alice, "JOIN lobby 101",
	    "ROOM lobby 100 1\nRESET lobby 100\nOK JOIN lobby 100\n"));
	CU_ASSERT(fake_gets(alice, "JOIN lobby 9007199254740991",
	    "ROOM lobby 100 1\nRESET lobby 100\nOK JOIN lobby 100\n"));
	CU_ASSERT(fake_gets(alice, "SAY lobby x",
	    "MSG lobby 101 T ~alice x\n"));
	fake_free(&f);
}

static void
join_by_a_member_without_a_number_skips_nothing(void)
{
	struct fake *f = fake_new();
	struct guy *alice;

	fake_room(f, NULL, "lobby");
	alice = fake_inside(f, "alice");
	CU_ASSERT(fake_post(alice, "@id=a SAY lobby one"));
	CU_ASSERT(fake_post(alice, "JOIN lobby"));
	fake_turn(f);
	CU_ASSERT(fake_heard(alice, "ROOM lobby 101 1\nOK JOIN lobby 101\n"
	    "@id=a MSG lobby 101 T ~alice one\n"));
	fake_free(&f);
}

static void
join_by_a_member_moves_its_position(void)
{
	struct fake *f = fake_new();
	struct guy *alice, *bob;

	fake_room(f, NULL, "lobby");
	bob = fake_inside(f, "bob");
	alice = fake_inside(f, "alice");
	fake_say(alice, "SAY lobby one");
	fake_say(alice, "SAY lobby two");
	fake_forget(f);
	CU_ASSERT(fake_gets(alice, "JOIN lobby 101",
	    "ROOM lobby 102 2\nOK JOIN lobby 102\n"
	    "MSG lobby 102 T ~alice two\n"
	    "ROOM lobby 102 2\n"));
	/* Nobody entered. */
	CU_ASSERT(fake_heard(bob, ""));
	CU_ASSERT_EQUAL(f->room->roster.connections, 2);
	CU_ASSERT(fake_gets(alice, "JOIN lobby",
	    "ROOM lobby 102 2\nOK JOIN lobby 102\n"));
	fake_free(&f);
}

static void
what_left_the_window_is_a_gap(void)
{
	struct fake *f = fake_new();
	struct guy *alice, *bob;
	uint64_t oldest;
	char text[128];

	atomic_store(&f->config->rooms_window, 16);
	fake_room(f, NULL, "lobby");
	alice = fake_inside(f, "alice");
	fill(alice, 40, 3000);
	oldest = stream_oldest(&f->room->stream);
	CU_ASSERT(oldest > FAKE_LAST + 1 && oldest <= FAKE_LAST + 40);
	bob = fake_guest(f, "bob", NULL);
	fake_say(bob, "JOIN lobby 100");
	snprintf(text, sizeof(text), "ROOM lobby 140 2\nOK JOIN lobby 140\n"
	    "GAP lobby 101 %llu\n", (unsigned long long)oldest - 1);
	CU_ASSERT_FATAL(bob->heard != NULL);
	CU_ASSERT_EQUAL(strncmp(bob->heard->data, text, strlen(text)), 0);
	snprintf(text, sizeof(text), "MSG lobby %llu T ~alice xxx",
	    (unsigned long long)oldest);
	CU_ASSERT_PTR_NOT_NULL(
	    memmem(bob->heard->data, bob->heard->len, text, strlen(text)));
	CU_ASSERT_EQUAL(bob->cursor, 140);
	fake_free(&f);
}

static void
a_reader_behind_the_window_gets_a_gap_and_goes_on(void)
{
	struct fake *f = fake_new();
	struct guy *alice, *bob;
	char text[64];

	atomic_store(&f->config->rooms_window, 16);
	fake_room(f, NULL, "lobby");
	alice = fake_inside(f, "alice");
	bob = fake_inside(f, "bob");
	fake_say(alice, "SAY lobby one");
	fake_forget(f);
	bob->stopped = true;
	fill(alice, 40, 3000);
	fake_say(alice, "SIGNAL lobby missed");
	fake_resume(bob);
	snprintf(text, sizeof(text), "GAP lobby 102 %llu\nMSG lobby ",
	    (unsigned long long)stream_oldest(&f->room->stream) - 1);
	CU_ASSERT_FATAL(bob->heard != NULL);
	CU_ASSERT_EQUAL(strncmp(bob->heard->data, text, strlen(text)), 0);
	CU_ASSERT_PTR_NULL(memmem(bob->heard->data, bob->heard->len,
	    "SIGNAL", 6));
	CU_ASSERT_EQUAL(bob->cursor, 141);
	/* What was the present when it came back is told anew. */
	CU_ASSERT_PTR_NOT_NULL(memmem(bob->heard->data, bob->heard->len,
	    "\nROOM lobby 141 2\n", 18));
	fake_forget(f);
	fake_say(alice, "SAY lobby back");
	CU_ASSERT(fake_heard(bob, "MSG lobby 142 T ~alice back\n"));
	fake_free(&f);
}

static void
a_reader_inside_the_window_misses_nothing(void)
{
	struct fake *f = fake_new();
	struct guy *alice, *bob;

	fake_room(f, NULL, "lobby");
	alice = fake_inside(f, "alice");
	bob = fake_inside(f, "bob");
	bob->stopped = true;
	fake_say(alice, "SAY lobby one");
	fake_say(alice, "SIGNAL lobby typing");
	fake_say(alice, "SAY lobby two");
	fake_resume(bob);
	CU_ASSERT(fake_heard(bob, "MSG lobby 101 T ~alice one\n"
	    "SIGNAL lobby ~alice typing\n"
	    "MSG lobby 102 T ~alice two\n"));
	fake_free(&f);
}

static void
after_ok_leave_nothing_follows(void)
{
	struct fake *f = fake_new();
	struct guy *alice, *bob;

	fake_room(f, NULL, "lobby");
	alice = fake_inside(f, "alice");
	bob = fake_inside(f, "bob");
	/* In one batch, so that the end is a position within it. */
	fake_post(bob, "SAY lobby before");
	fake_post(alice, "@id=l1 LEAVE lobby");
	fake_post(bob, "SAY lobby behind");
	fake_turn(f);
	CU_ASSERT(fake_heard(alice, "MSG lobby 101 T ~bob before\n"
	    "@id=l1 OK LEAVE lobby\n"));
	CU_ASSERT(fake_heard(bob, "MSG lobby 101 T ~bob before\n"
	    "LEAVE lobby ~alice\n"
	    "MSG lobby 102 T ~bob behind\n"));
	CU_ASSERT(fake_gets(alice, "LEAVE lobby",
	    "ERR not-member JOIN the room first\n"));
	CU_ASSERT(fake_gets(alice, "SAY lobby x",
	    "ERR not-member JOIN the room first\n"));
	fake_free(&f);
}

static void
a_connection_lost_is_a_leave_with_its_reason(void)
{
	struct fake *f = fake_new();
	struct guy *alice, *bob;

	fake_room(f, NULL, "lobby");
	alice = fake_inside(f, "alice");
	bob = fake_inside(f, "bob");
	fake_drop(&alice, "gone fishing");
	CU_ASSERT(fake_heard(bob, "LEAVE lobby ~alice gone fishing\n"));
	CU_ASSERT_EQUAL(roster_people(&f->room->roster), 1);
	CU_ASSERT_EQUAL(counter_get(&f->room->seen_members), 1);
	fake_free(&f);
}

static void
a_person_is_one_whatever_its_connections(void)
{
	struct fake *f = fake_new();
	struct guy *one, *two, *bob;

	fake_room(f, NULL, "lobby");
	bob = fake_inside(f, "bob");
	one = fake_account(f, "alice");
	two = fake_account(f, "alice");
	fake_say(one, "JOIN lobby");
	CU_ASSERT(fake_heard(bob, "JOIN lobby alice\n"));
	CU_ASSERT(fake_gets(two, "JOIN lobby",
	    "ROOM lobby 100 2\nOK JOIN lobby 100\n"));
	CU_ASSERT(fake_heard(bob, ""));
	CU_ASSERT_EQUAL(f->room->roster.connections, 3);
	CU_ASSERT(fake_gets(one, "LEAVE lobby", "OK LEAVE lobby\n"));
	CU_ASSERT(fake_heard(bob, ""));
	CU_ASSERT(fake_heard(two, ""));
	fake_drop(&two, NULL);
	CU_ASSERT(fake_heard(bob, "LEAVE lobby alice\n"));
	fake_free(&f);
}

static void
presence_is_told_up_to_the_limit(void)
{
	struct fake *f = fake_new();
	struct guy *alice, *bob, *carol, *dave;

	atomic_store(&f->config->rooms_presence_limit, 2);
	fake_room(f, NULL, "lobby");
	alice = fake_inside(f, "alice");
	bob = fake_guest(f, "bob", NULL);
	fake_say(bob, "JOIN lobby");
	CU_ASSERT(fake_heard(alice, "JOIN lobby ~bob\n"));
	carol = fake_guest(f, "carol", NULL);
	fake_say(carol, "JOIN lobby");
	CU_ASSERT(fake_heard(alice, ""));
	/* The count is right all the same. */
	dave = fake_guest(f, "dave", NULL);
	CU_ASSERT(fake_gets(dave, "JOIN lobby",
	    "ROOM lobby 100 4\nOK JOIN lobby 100\n"));
	fake_say(dave, "LEAVE lobby");
	fake_say(carol, "LEAVE lobby");
	CU_ASSERT(fake_heard(alice, ""));
	fake_say(bob, "LEAVE lobby");
	CU_ASSERT(fake_heard(alice, "LEAVE lobby ~bob\n"));
	fake_free(&f);
}

static void
a_full_room_refuses_and_says_why(void)
{
	struct fake *f = fake_new();
	struct guy *alice, *bob;

	atomic_store(&f->config->rooms_members, 1);
	fake_room(f, NULL, "lobby");
	alice = fake_inside(f, "alice");
	bob = fake_guest(f, "bob", NULL);
	CU_ASSERT(fake_gets(bob, "@id=1 JOIN lobby",
	    "@id=1;limit=rooms.members ERR room-full the room has as many "
	    "members as it may have\n"));
	/* Who is inside may move. */
	CU_ASSERT(fake_gets(alice, "JOIN lobby 100",
	    "ROOM lobby 100 1\nOK JOIN lobby 100\n"));
	fake_free(&f);
}

static void
who_is_a_snapshot(void)
{
	struct fake *f = fake_new();
	struct guy *alice, *bob;
	struct blob *before, *after;

	fake_room(f, NULL, "lobby");
	alice = fake_inside(f, "alice");
	CU_ASSERT(fake_gets(alice, "WHO lobby",
	    "NAMES lobby ~alice\nOK WHO lobby\n"));
	bob = fake_guest(f, "bob", NULL);
	CU_ASSERT(fake_gets(bob, "@id=9 WHO Lobby",
	    "NAMES lobby ~alice\n@id=9 OK WHO lobby\n"));
	before = roster_names(&f->room->roster, f->room->name);
	after = roster_names(&f->room->roster, f->room->name);
	CU_ASSERT_PTR_EQUAL(before, after);
	blob_unref(&after);
	fake_say(bob, "JOIN lobby");
	after = roster_names(&f->room->roster, f->room->name);
	CU_ASSERT_PTR_NOT_EQUAL(before, after);
	CU_ASSERT(slice_is((struct slice){ before->data, before->len },
	    "NAMES lobby ~alice\n"));
	blob_unref(&before);
	blob_unref(&after);
	fake_free(&f);
}

static void
an_ephemeral_room_replays_nothing(void)
{
	struct fake *f = fake_new();
	struct guy *root, *bob;

	fake_room(f, NULL, "lobby");
	root = fake_admin(f, "root");
	fake_say(root, "JOIN lobby");
	fake_say(root, "SAY lobby one");
	fake_say(root, "SET lobby ephemeral on");
	bob = fake_guest(f, "bob", NULL);
	CU_ASSERT(fake_gets(bob, "JOIN lobby 100",
	    "ROOM lobby 102 2\nOK JOIN lobby 102\n"
	    "GAP lobby 101 102\nROOM lobby 102 2\n"));
	CU_ASSERT(fake_gets(bob, "JOIN lobby 102",
	    "ROOM lobby 102 2\nOK JOIN lobby 102\n"));
	fake_free(&f);
}

static void
keep_bounds_the_replay_by_count(void)
{
	struct fake *f = fake_new();
	struct guy *root, *bob;

	fake_room(f, NULL, "lobby");
	root = fake_admin(f, "root");
	fake_say(root, "JOIN lobby");
	fake_say(root, "SAY lobby one");
	fake_say(root, "SET lobby keep 2");
	fake_say(root, "SAY lobby two");
	bob = fake_guest(f, "bob", NULL);
	CU_ASSERT(fake_gets(bob, "JOIN lobby 100",
	    "ROOM lobby 103 2\nOK JOIN lobby 103\n"
	    "GAP lobby 101 101\n"
	    "SET lobby 102 T root keep 2\n"
	    "MSG lobby 103 T root two\n"
	    "ROOM lobby 103 2\n"));
	fake_free(&f);
}

static void
keep_bounds_the_replay_by_age(void)
{
	struct fake *f = fake_new();
	struct guy *root, *bob;

	fake_room(f, NULL, "lobby");
	root = fake_admin(f, "root");
	fake_say(root, "JOIN lobby");
	fake_say(root, "SET lobby keep 10s");
	f->wall += 5000;
	fake_say(root, "SAY lobby one");
	f->wall += 10000;
	bob = fake_guest(f, "bob", NULL);
	CU_ASSERT(fake_gets(bob, "JOIN lobby 100",
	    "ROOM lobby 102 2\nOK JOIN lobby 102\n"
	    "GAP lobby 101 101\n"
	    "MSG lobby 102 T+5000 root one\n"
	    "ROOM lobby 102 2\n"));
	f->wall++;
	CU_ASSERT(fake_gets(bob, "JOIN lobby 100",
	    "ROOM lobby 102 2\nOK JOIN lobby 102\n"
	    "GAP lobby 101 102\nROOM lobby 102 2\n"));
	fake_free(&f);
}

static CU_TestInfo tests[] = {
	{ "JOIN tells the room, then OK", join_tells_the_room_then_ok },
	{ "JOIN without after begins at the end",
	    join_without_after_begins_at_the_end },
	{ "JOIN after replays exactly what came later",
	    join_after_replays_exactly_what_came_later },
	{ "JOIN after the last replays nothing",
	    join_after_the_last_replays_nothing },
	{ "JOIN after 0 tells of the gap before the room",
	    join_after_0_tells_of_the_gap_before_the_room },
	{ "JOIN above the last is RESET", join_above_the_last_is_reset },
	{ "JOIN by a member without a number skips nothing",
	    join_by_a_member_without_a_number_skips_nothing },
	{ "JOIN by a member moves its position",
	    join_by_a_member_moves_its_position },
	{ "what left the window is a GAP", what_left_the_window_is_a_gap },
	{ "a reader behind the window gets a GAP and goes on",
	    a_reader_behind_the_window_gets_a_gap_and_goes_on },
	{ "a reader inside the window misses nothing",
	    a_reader_inside_the_window_misses_nothing },
	{ "after OK LEAVE nothing follows", after_ok_leave_nothing_follows },
	{ "a connection lost is a LEAVE with its reason",
	    a_connection_lost_is_a_leave_with_its_reason },
	{ "a person is one, whatever its connections",
	    a_person_is_one_whatever_its_connections },
	{ "presence is told up to the limit",
	    presence_is_told_up_to_the_limit },
	{ "a full room refuses and says why",
	    a_full_room_refuses_and_says_why },
	{ "WHO is a snapshot", who_is_a_snapshot },
	{ "an ephemeral room replays nothing",
	    an_ephemeral_room_replays_nothing },
	{ "keep bounds the replay by count",
	    keep_bounds_the_replay_by_count },
	{ "keep bounds the replay by age", keep_bounds_the_replay_by_age },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "room, entering", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
