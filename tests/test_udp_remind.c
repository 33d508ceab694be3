/* test_udp_remind.c -- what sessions of datagrams are told again
 *
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "datagrams.h"
#include "proto/mail.h"
#include "suite.h"

#define T "4102444800000"

/* Waits until something is heard: how many milliseconds that took, or 0 if it
 * is not so within a minute. */
static unsigned
hears_after(struct peer_session *p)
{
	for (unsigned ms = 1; ms <= 60000; ms++) {
		stage_wait(p->stage, 1);
		if (p->heard != NULL)
			return ms;
	}
	return 0;
}

static void
says_less_and_less_often_where_a_room_is(void)
{
	static const unsigned pauses[] = { 200, 400, 800, 1600, 3200, 6400,
		12800, 15000, 15000 };
	struct stage *s = stage_new(false);
	struct guy *bob = stage_guy(s, "bob");
	struct peer_session *p = stage_peer(s, "alice");

	peer_say(p, "JOIN lobby");
	peer_forget(p);
	for (int again = 0; again < 2; again++) {
		for (size_t i = 0; i < sizeof(pauses) / sizeof(*pauses); i++) {
			CU_ASSERT(hears_after(p) == pauses[i]);
			CU_ASSERT(peer_heard(p, again ? "AT lobby 101\n" :
			    "AT lobby 100\n"));
		}
		/* What is said begins it anew. */
		stage_wait(s, 100);
		fake_post(bob, "SAY lobby x");
		stage_round(s);
		peer_forget(p);
	}
	stage_free(&s);
}

static void
waits_for_the_last_of_many(void)
{
	struct stage *s = stage_new(false);
	struct guy *bob = stage_guy(s, "bob");
	struct peer_session *p = stage_peer(s, "alice");

	peer_say(p, "JOIN lobby");
	for (int i = 0; i < 50; i++) {
		fake_post(bob, "SAY lobby x");
		stage_round(s);
		stage_wait(s, 100);
	}
	CU_ASSERT(peer_count(p, "AT lobby") == 0);
	peer_forget(p);
	CU_ASSERT(hears_after(p) == 100);
	CU_ASSERT(peer_heard(p, "AT lobby 150\n"));
	/* What has no number is no reason to wait. */
	fake_post(bob, "SAY lobby y");
	stage_round(s);
	for (int i = 0; i < 20; i++) {
		fake_post(bob, "SIGNAL lobby typing");
		stage_wait(s, 10);
	}
	CU_ASSERT(peer_count(p, "AT lobby 151\n") == 1);
	stage_free(&s);
}

/* It goes on and on, and most of it is not sent: that is told at once. */
static void
says_that_something_was_left_out(void)
{
	struct stage *s = stage_new(false);
	struct guy *bob = stage_guy(s, "bob");
	struct peer_session *p = stage_peer(s, "alice");
	char line[4096];

	snprintf(line, sizeof(line), "SAY lobby %03000d", 0);
	atomic_store(&s->fake->config->udp_rate, 4096);
	peer_say(p, "JOIN lobby");
	for (int i = 0; i < 100; i++) {
		fake_post(bob, line);
		stage_wait(s, 100);
	}
	CU_ASSERT(peer_count(p, "MSG lobby") < 30);
	CU_ASSERT(peer_count(p, "AT lobby") > 20);
	stage_free(&s);
}

/* What waits to be sent does not grow by what is to be told. */
static void
is_silent_while_much_waits(void)
{
	struct stage *s = stage_new(true);
	struct guy *bob = stage_guy(s, "bob");
	struct peer_session *p = stage_peer(s, "alice");
	char line[512], last[64];
	size_t waits;

	snprintf(line, sizeof(line), "SAY lobby %0400d", 0);
	for (int i = 0; i < 100; i++)
		fake_post(bob, line);
	peer_say(p, "JOIN lobby");
	atomic_store(&s->fake->config->udp_rate, 4096);
	for (int i = 0; i < 8; i++)
		peer_say(p, "HISTORY lobby 20");
	waits = p->conn->out_bytes;
	CU_ASSERT(waits > 16384);
	for (int i = 0; i < 20; i++) {
		fake_post(bob, "SAY lobby lost");
		stage_wait(s, 100);
		CU_ASSERT(p->conn->out_bytes < waits);
	}
	CU_ASSERT(peer_count(p, "AT lobby") == 0);
	snprintf(last, sizeof(last), "AT lobby %" PRIu64 "\n",
	    s->fake->room->stream.last);
	stage_wait(s, 10000);
	CU_ASSERT(peer_count(p, "OK HISTORY") == 8);
	CU_ASSERT(peer_count(p, "lost\n") == 0);
	CU_ASSERT(peer_count(p, "AT lobby") > 0);
	CU_ASSERT(peer_count(p, "AT lobby") == peer_count(p, last));
	stage_free(&s);
}

static void
tells_of_a_lost_event(void)
{
	struct stage *s = stage_new(false);
	struct guy *bob = stage_guy(s, "bob");
	struct peer_session *p = stage_peer(s, "alice");

	peer_say(p, "JOIN lobby");
	peer_forget(p);
	p->deaf = true;
	fake_post(bob, "SAY lobby lost");
	stage_round(s);
	p->deaf = false;
	CU_ASSERT(hears_after(p) == 200);
	CU_ASSERT(peer_heard(p, "AT lobby 101\n"));
	peer_say(p, "JOIN lobby 100");
	CU_ASSERT(peer_heard(p, "ROOM lobby 101 2\nOK JOIN lobby 101\n"
	    "MSG lobby 101 " T " ~bob lost\n"
	    "ROOM lobby 101 2\nAT lobby 101\n"));
	/* AT itself may be lost. */
	p->deaf = true;
	stage_wait(s, 200);
	p->deaf = false;
	CU_ASSERT(hears_after(p) == 400);
	stage_free(&s);
}

static void
tells_of_several_rooms_at_once(void)
{
	struct stage *s = stage_new(false);
	struct peer_session *p = stage_peer(s, "alice");

	stage_room(s, "hall");
	peer_say(p, "JOIN lobby");
	stage_wait(s, 70);
	peer_say(p, "JOIN hall");
	stage_wait(s, 20000);
	peer_forget(p);
	CU_ASSERT(hears_after(p) > 0);
	CU_ASSERT(p->datagrams == 1);
	CU_ASSERT(peer_count(p, "AT ") == 2);
	peer_forget(p);
	CU_ASSERT(hears_after(p) == 15000);
	CU_ASSERT(p->datagrams == 1);
	CU_ASSERT(peer_count(p, "AT ") == 2);
	stage_free(&s);
}

static void
says_three_times_that_one_was_thrown_out(void)
{
	static const char words[] =
	    "LEAVE lobby ~alice kicked by root: out\n";
	struct stage *s = stage_new(false);
	struct peer_session *p = stage_peer(s, "alice");
	struct guy *root;

	if (s->fake->conns % FAKE_IOS == 0)
		s->fake->conns++;
	root = fake_admin(s->fake, "root");
	peer_say(p, "JOIN lobby");
	peer_forget(p);
	fake_say(root, "KICK lobby ~alice out");
	stage_round(s);
	CU_ASSERT(peer_heard(p, words));
	CU_ASSERT(hears_after(p) == 200);
	CU_ASSERT(peer_heard(p, words));
	CU_ASSERT(hears_after(p) == 400);
	CU_ASSERT(peer_heard(p, words));
	stage_wait(s, 20000);
	CU_ASSERT(peer_heard(p, ""));
	/* Who is in again does not hear it again. */
	peer_say(p, "JOIN lobby");
	fake_say(root, "KICK lobby ~alice out");
	stage_round(s);
	CU_ASSERT(peer_count(p, "LEAVE lobby ~alice") == 1);
	peer_say(p, "JOIN lobby");
	peer_forget(p);
	stage_wait(s, 500);
	CU_ASSERT(peer_count(p, "LEAVE") == 0);
	CU_ASSERT(peer_count(p, "AT lobby 100\n") == 1);
	/* Who goes by itself hears it once, and nothing after it. */
	peer_say(p, "LEAVE lobby");
	peer_forget(p);
	stage_wait(s, 20000);
	CU_ASSERT(peer_heard(p, ""));
	stage_free(&s);
}

/* While what the log has is on its way, or waits for its turn; and something
 * it asked too. */
static void
throw_out_a_reader(bool waits)
{
	struct stage *s = stage_new(true);
	struct guy *bob = stage_guy(s, "bob");
	struct peer_session *p = stage_peer(s, "alice");
	struct peer_session *q = stage_peer(s, "carol");
	unsigned others = 0;
	uint64_t last;
	struct guy *root;

	if (s->fake->conns % FAKE_IOS == 0)
		s->fake->conns++;
	root = fake_admin(s->fake, "root");
	/* The window is 16 KiB. */
	for (int i = 0; i < 400; i++)
		fake_say(bob, "SAY lobby this is much more than a window");
	last = s->fake->room->stream.last;
	s->fake->keeping->no_reads = true;
	/* Another comes first, and what it leaves is p's. */
	if (waits) {
		peer_say(q, "JOIN lobby %" PRIu64, last - 400);
		others = 32 - s->net.ios[1]->slices;
		s->net.ios[1]->slices += others;
	}
	peer_say(p, "JOIN lobby %" PRIu64, last - 400);
	peer_say(p, "HISTORY lobby 10");
	peer_forget(p);
	fake_say(root, "KICK lobby ~alice out");
	stage_round(s);
	CU_ASSERT(peer_heard(p, "LEAVE lobby ~alice kicked by root: out\n"));
	s->fake->keeping->no_reads = false;
	stage_wait(s, 1000);
	s->net.ios[1]->slices -= others;
	CU_ASSERT(peer_count(p, "OK HISTORY") == 1);
	CU_ASSERT(peer_count(p, "LEAVE lobby ~alice") == 2);
	CU_ASSERT(peer_count(p, "AT ") == 0);
	stage_free(&s);
}

static void
throws_out_who_is_reading(void)
{
	throw_out_a_reader(false);
	throw_out_a_reader(true);
}

static void
forgets_who_is_gone(void)
{
	struct stage *s = stage_new(false);
	struct peer_session *p = stage_peer(s, "alice");
	struct peer_session *q = stage_peer(s, "carol");
	struct guy *root;

	if (s->fake->conns % FAKE_IOS == 0)
		s->fake->conns++;
	root = fake_admin(s->fake, "root");
	peer_say(p, "JOIN lobby");
	peer_say(q, "JOIN lobby");
	fake_say(root, "KICK lobby ~alice out");
	stage_round(s);
	peer_forget(p);
	peer_forget(q);
	io_close(s->net.ios[1], p->conn, END_LOST);
	io_close(s->net.ios[1], q->conn, END_LOST);
	stage_round(s);
	CU_ASSERT(p->conn == NULL && q->conn == NULL);
	stage_wait(s, 20000);
	CU_ASSERT(peer_heard(p, "") && peer_heard(q, ""));
	stage_free(&s);
}

static void
is_told_to_go(void)
{
	struct stage *s = stage_new(false);
	struct guy *bob = stage_guy(s, "bob");
	struct peer_session *p = stage_peer(s, "alice");
	struct order *o = calloc(1, sizeof(*o));

	peer_say(p, "JOIN lobby");
	peer_forget(p);
	fake_post(bob, "SAY lobby last");
	o->mail.kind = MAIL_ORDER;
	o->code = "restarting";
	mailbox_send(&s->net.ios[1]->box, &o->mail);
	stage_round(s);
	CU_ASSERT(peer_heard(p, "MSG lobby 101 " T " ~bob last\n"
	    "BYE restarting\n"));
	CU_ASSERT(p->conn == NULL);
	stage_free(&s);
}

/* A direct conversation enters a session that did not ask. */
static void
is_spoken_to(void)
{
	struct stage *s = stage_new(false);
	struct guy *bob;
	struct peer_session *p = stage_peer(s, "alice");
	struct room *lobby = s->fake->room;

	bob = stage_guest(s, "bob");
	s->fake->room = NULL;
	s->rooms[1] = fake_room(s->fake, bob, "@~alice");
	table_add(&s->fake->registry->rooms, &s->rooms[1]->node);
	s->rooms[1]->live = true;
	fake_say(bob, "SAY @~alice hello");
	s->fake->room = lobby;
	stage_round(s);
	CU_ASSERT(peer_heard(p, "ROOM @~alice,~bob 100 2\n"
	    "MSG @~alice,~bob 101 " T " ~bob hello\n"));
	stage_wait(s, 200);
	CU_ASSERT(peer_heard(p, "ROOM @~alice,~bob 100 2\n"
	    "AT @~alice,~bob 101\n"));
	peer_say(p, "SAY @~bob hi");
	CU_ASSERT(peer_heard(p, "MSG @~alice,~bob 102 " T " ~alice hi\n"));
	s->fake->room = s->rooms[1];
	fake_drop(&bob, NULL);
	s->fake->room = lobby;
	stage_free(&s);
}

static CU_TestInfo tests[] = {
	{ "says less and less often where a room is",
	    says_less_and_less_often_where_a_room_is },
	{ "waits for the last of many events", waits_for_the_last_of_many },
	{ "says that something was left out",
	    says_that_something_was_left_out },
	{ "is silent while much waits to be sent",
	    is_silent_while_much_waits },
	{ "tells of a lost event", tells_of_a_lost_event },
	{ "tells of several rooms at once", tells_of_several_rooms_at_once },
	{ "says three times that one was thrown out",
	    says_three_times_that_one_was_thrown_out },
	{ "throws out who is reading a log", throws_out_who_is_reading },
	{ "forgets who is gone", forgets_who_is_gone },
	{ "is told to go", is_told_to_go },
	{ "is spoken to in a direct conversation", is_spoken_to },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "udp_remind", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
