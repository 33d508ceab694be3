/* test_room.c -- a room's turn: its batch, its answers, its counters
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "abort.h"
#include "fake.h"
#include "fake_io.h"
#include "proto/mail.h"
#include "suite.h"

static void
a_turn_answers_each_io_thread_once(void)
{
	struct fake *f = fake_new();
	struct guy *alice, *bob, *carol;
	unsigned before;

	fake_room(f, NULL, "lobby");
	alice = fake_inside(f, "alice");
	bob = fake_inside(f, "bob");
	carol = fake_inside(f, "carol");
	CU_ASSERT_EQUAL(alice->contact.io, carol->contact.io);
	before = f->feeds;
	for (int i = 0; i < 50; i++) {
		fake_post(alice, "SAY lobby x");
		fake_post(bob, "SAY lobby y");
	}
	fake_turn(f);
	CU_ASSERT_EQUAL(f->feeds, before + FAKE_IOS);
	CU_ASSERT_EQUAL(carol->cursor, FAKE_LAST + 100);
	fake_free(&f);
}

static void
an_io_thread_that_has_not_looked_is_told_once(void)
{
	struct fake *f = fake_new();
	struct mail *batch, *waiters, *m;
	struct guy *alice;
	unsigned feeds = 0;

	fake_room(f, NULL, "lobby");
	alice = fake_inside(f, "alice");
	thread_adopt(&f->room->thread, "room");
	for (int i = 0; i < 3; i++) {
		fake_post(alice, "SAY lobby x");
		batch = mailbox_take(&f->room->inbox, &waiters);
		room_turn(f->room, batch, waiters, f->now, f->wall);
	}
	m = mailbox_take(&f->boxes[alice->contact.io], &waiters);
	for (struct mail *next; m != NULL; m = next) {
		next = m->next;
		if (m->kind == MAIL_FEED) {
			feeds++;
			continue;
		}
		/* Given back, to be taken as always. */
		mailbox_send(&f->boxes[alice->contact.io], m);
	}
	CU_ASSERT_EQUAL(feeds, 1);
	atomic_store(&f->room->feeds[alice->contact.io].dirty, false);
	fake_turn(f);
	CU_ASSERT(fake_heard(alice, "MSG lobby 101 T ~alice x\n"
	    "MSG lobby 102 T ~alice x\nMSG lobby 103 T ~alice x\n"));
	fake_free(&f);
}

static void
an_io_thread_without_members_is_not_told(void)
{
	struct fake *f = fake_new();
	struct guy *alice;
	unsigned before;

	fake_room(f, NULL, "lobby");
	alice = fake_inside(f, "alice");
	before = f->feeds;
	fake_say(alice, "SAY lobby x");
	CU_ASSERT_EQUAL(f->feeds, before + 1);
	fake_free(&f);
}

static void
a_full_mailbox_refuses_and_tells_of_space(void)
{
	struct fake *f = fake_new();
	struct guy *alice, *bob;

	atomic_store(&f->config->rooms_mailbox, 16);
	fake_room(f, NULL, "lobby");
	alice = fake_inside(f, "alice");
	bob = fake_inside(f, "bob");
	for (int i = 0; i < 16; i++)
		CU_ASSERT(fake_post(alice, "SAY lobby x"));
	CU_ASSERT_FALSE(fake_post(alice, "SAY lobby refused"));
	CU_ASSERT_FALSE(fake_post(alice, "SAY lobby refused"));
	CU_ASSERT_FALSE(fake_post(bob, "SAY lobby refused"));
	CU_ASSERT_EQUAL(mailbox_refused(&f->room->inbox), 3);
	fake_turn(f);
	/* One an io thread, however often it was refused. */
	CU_ASSERT_EQUAL(f->spaces, 2);
	CU_ASSERT(fake_post(bob, "SAY lobby again"));
	fake_turn(f);
	CU_ASSERT_EQUAL(f->room->stream.last, FAKE_LAST + 17);
	fake_free(&f);
}

static void
every_counter_counts(void)
{
	struct fake *f = fake_new();
	struct room_counters *c;
	struct guy *alice, *bob;

	fake_room(f, NULL, "lobby");
	c = &f->room->counters;
	alice = fake_inside(f, "alice");
	CU_ASSERT_EQUAL(counter_get(&c->requests), 1);
	CU_ASSERT_EQUAL(counter_get(&c->batches), 1);
	CU_ASSERT_EQUAL(counter_get(&c->events), 0);
	fake_post(alice, "@id=1 SAY lobby x");
	fake_post(alice, "@id=1 SAY lobby x");
	fake_post(alice, "SIGNAL lobby x");
	fake_post(alice, "SAY lobby x");
	fake_turn(f);
	CU_ASSERT_EQUAL(counter_get(&c->requests), 5);
	CU_ASSERT_EQUAL(counter_get(&c->batches), 2);
	CU_ASSERT_EQUAL(counter_get(&c->events), 2);
	CU_ASSERT_EQUAL(counter_get(&c->repeats), 1);
	CU_ASSERT_EQUAL(counter_get(&c->gaps), 0);
	/* A turn without mail is none. */
	fake_turn(f);
	CU_ASSERT_EQUAL(counter_get(&c->batches), 2);
	bob = fake_guest(f, "bob", NULL);
	fake_say(bob, "JOIN lobby 7");
	CU_ASSERT_EQUAL(counter_get(&c->gaps), 1);
	CU_ASSERT_EQUAL(counter_get(&f->room->seen_last), 102);
	CU_ASSERT_EQUAL(counter_get(&f->room->seen_members), 2);
	fake_free(&f);
}

static void
the_window_bounds_what_a_room_holds(void)
{
	struct fake *f = fake_new();
	struct guy *alice;
	char line[LINE_MAX_BYTES];
	uint64_t held;

	atomic_store(&f->config->rooms_window, 64);
	fake_room(f, NULL, "lobby");
	alice = fake_inside(f, "alice");
	snprintf(line, sizeof(line), "SAY lobby %03000d", 0);
	for (int i = 0; i < 200; i++) {
		fake_say(alice, line);
		fake_forget(f);
		held = stream_end(&f->room->stream) -
		    stream_start(&f->room->stream);
		CU_ASSERT(held <= 64 * 1024 + 65536 + LINE_MAX_BYTES);
		CU_ASSERT(i < 50 || held >= 64 * 1024);
	}
	fake_free(&f);
}

static void
a_room_is_plain_that_holds_nothing_but_a_number(void)
{
	struct fake *f = fake_new();
	struct guy *alice;

	fake_room(f, NULL, "lobby");
	alice = fake_inside(f, "alice");
	fake_say(alice, "SAY lobby x");
	CU_ASSERT(room_is_plain(f->room, true));
	fake_say(alice, "SET lobby topic x");
	CU_ASSERT_FALSE(room_is_plain(f->room, true));
	CU_ASSERT(room_is_plain(f->room, false));
	fake_say(alice, "SET lobby topic");
	CU_ASSERT(room_is_plain(f->room, true));
	fake_free(&f);
}

static void
a_membership_lost_while_it_is_kicked_ends_once(void)
{
	struct fake *f = fake_new();
	struct guy *root, *bob;

	fake_room(f, NULL, "lobby");
	root = fake_admin(f, "root");
	bob = fake_inside(f, "bob");
	fake_post(root, "KICK lobby ~bob");
	fake_ask(f, move_new(bob->member, MAIL_DETACH));
	fake_turn(f);
	CU_ASSERT_PTR_NULL(bob->member);
	CU_ASSERT_EQUAL(f->room->roster.connections, 0);
	for (int i = 0; i < FAKE_IOS; i++)
		CU_ASSERT_EQUAL(f->room->feeds[i].members, 0);
	fake_free(&f);
}

static void
turn_elsewhere(void *arg)
{
	struct fake *f = arg;
	struct thread other;

	thread_adopt(&other, "other");
	room_turn(f->room, NULL, NULL, f->now, f->wall);
}

static void
turn_with_strange_mail(void *arg)
{
	struct mail strange = { .kind = MAIL_CONN };
	struct fake *f = arg;

	thread_adopt(&f->room->thread, "room");
	room_turn(f->room, &strange, NULL, f->now, f->wall);
}

static void
turn_with_nothing(void *arg)
{
	struct fake *f = arg;

	thread_adopt(&f->room->thread, "room");
	room_turn(f->room, NULL, NULL, f->now, f->wall);
}

static void
a_turn_is_for_the_rooms_own_thread(void)
{
	struct fake *f = fake_new();

	fake_room(f, NULL, "lobby");
	CU_ASSERT(aborts(turn_elsewhere, f));
	CU_ASSERT(aborts(turn_with_strange_mail, f));
	CU_ASSERT_FALSE(aborts(turn_with_nothing, f));
	fake_free(&f);
}

static CU_TestInfo tests[] = {
	{ "a turn answers each io thread once",
	    a_turn_answers_each_io_thread_once },
	{ "an io thread that has not looked is told once",
	    an_io_thread_that_has_not_looked_is_told_once },
	{ "an io thread without members is not told",
	    an_io_thread_without_members_is_not_told },
	{ "a full mailbox refuses, and tells of space",
	    a_full_mailbox_refuses_and_tells_of_space },
	{ "every counter counts", every_counter_counts },
	{ "the window bounds what a room holds",
	    the_window_bounds_what_a_room_holds },
	{ "a room is plain that holds nothing but a number",
	    a_room_is_plain_that_holds_nothing_but_a_number },
	{ "a membership lost while it is kicked ends once",
	    a_membership_lost_while_it_is_kicked_ends_once },
	{ "a turn is for the room's own thread",
	    a_turn_is_for_the_rooms_own_thread },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "room", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
