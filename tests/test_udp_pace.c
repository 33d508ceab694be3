/* test_udp_pace.c -- what sessions of datagrams are sent
 *
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "datagrams.h"
#include "suite.h"

#define T "4102444800000"

static uint64_t
skipped(const struct stage *s)
{
	return udp_counter(s->net.udp, UDP_SKIPPED);
}

/* The numbers that it heard, and what `AT lobby` said last. */
struct reach {
	uint64_t last;
	uint64_t at;
	unsigned count;
};

static struct reach
reach(struct peer_session *p, uint64_t last)
{
	struct slice all = { p->heard == NULL ? "" : p->heard->data,
		p->heard == NULL ? 0 : p->heard->len };
	struct reach r = { .last = last };

	while (all.len > 0) {
		const char *lf = memchr(all.at, '\n', all.len);
		size_t len = (size_t)(lf + 1 - all.at);
		uint64_t number;

		if (sscanf(all.at, "MSG lobby %" SCNu64, &number) == 1) {
			r.count++;
			if (number == r.last + 1)
				r.last = number;
		}
		(void)sscanf(all.at, "AT lobby %" SCNu64, &r.at);
		all.at += len;
		all.len -= len;
	}
	peer_forget(p);
	return r;
}

static void
hears_what_is_said(void)
{
	struct stage *s = stage_new(false);
	struct guy *bob = stage_guy(s, "bob");
	struct peer_session *p = stage_peer(s, "alice");

	peer_say(p, "@id=j JOIN lobby");
	CU_ASSERT(p->datagrams == 1);
	CU_ASSERT(peer_heard(p,
	    "ROOM lobby 100 2\n@id=j OK JOIN lobby 100\n"));
	fake_post(bob, "SAY lobby one");
	fake_post(bob, "SAY lobby two");
	stage_round(s);
	CU_ASSERT(p->datagrams == 1);
	CU_ASSERT(peer_heard(p, "MSG lobby 101 " T " ~bob one\n"
	    "MSG lobby 102 " T " ~bob two\n"));
	peer_say(p, "@id=s SAY lobby three");
	CU_ASSERT(peer_heard(p,
	    "@id=s MSG lobby 103 " T " ~alice three\n"));
	peer_say(p, "@id=l LEAVE lobby");
	CU_ASSERT(peer_heard(p, "@id=l OK LEAVE lobby\n"));
	stage_wait(s, 1000);
	CU_ASSERT(peer_heard(p, ""));
	stage_free(&s);
}

static void
leaves_out_what_is_over_the_rate(void)
{
	struct stage *s = stage_new(false);
	struct guy *bob = stage_guy(s, "bob");
	struct peer_session *p = stage_peer(s, "alice");
	struct reach r;
	uint64_t out;

	peer_say(p, "JOIN lobby");
	peer_forget(p);
	stage_fill(s, bob, 200, true);
	out = skipped(s);
	r = reach(p, 100);
	/* 32 KiB of lines, in order; the rest is counted. */
	CU_ASSERT(r.last >= 130 && r.last <= 133);
	CU_ASSERT(r.count == r.last - 100);
	CU_ASSERT(out == 200 - r.count);
	/* Nothing is kept of it: when there are bytes again, what is new
	 * comes, and AT tells of the rest. */
	stage_wait(s, 199);
	CU_ASSERT(peer_heard(p, ""));
	stage_wait(s, 1);
	CU_ASSERT(peer_heard(p, "AT lobby 300\n"));
	fake_post(bob, "SAY lobby on");
	stage_round(s);
	CU_ASSERT(peer_heard(p, "MSG lobby 301 " T " ~bob on\n"));
	stage_free(&s);
}

/* What a client does: it asks from where it has come to, until AT says that
 * there is no more. Returns how often. */
static unsigned
catch_up(struct stage *s, struct peer_session *p, uint64_t from, uint64_t to)
{
	struct reach r = { .last = from };
	unsigned asks = 0;

	while (r.last < to && asks < 100) {
		uint64_t before = r.last;

		peer_say(p, "JOIN lobby %" PRIu64, r.last);
		/* All of it has come when AT has, behind its OK JOIN. */
		for (int i = 0; !peer_has(p, "OK JOIN lobby", "AT lobby");
		    i++) {
			if (i == 10000)
				return 0;
			stage_wait(s, 1);
		}
		CU_ASSERT(peer_count(p, "MSG lobby") <= 34);
		/* The second one says that this is all. */
		CU_ASSERT(peer_count(p, "ROOM lobby") ==
		    (peer_count(p, "MSG lobby") < 30 ? 2 : 1));
		CU_ASSERT(p->largest <= DATAGRAM_MAX_BYTES);
		r = reach(p, r.last);
		CU_ASSERT(r.at == to);
		CU_ASSERT(r.last > before);
		if (r.last == before)
			break;
		asks++;
	}
	return r.last == to ? asks : 0;
}

static void
replays_the_window(void)
{
	struct stage *s = stage_new(false);
	struct guy *bob = stage_guy(s, "bob");
	struct peer_session *p = stage_peer(s, "alice");
	unsigned asks;

	stage_fill(s, bob, 200, false);
	asks = catch_up(s, p, 100, 300);
	CU_ASSERT(asks == 7);
	/* It is live at the end. */
	fake_post(bob, "SAY lobby on");
	stage_round(s);
	CU_ASSERT(peer_heard(p, "MSG lobby 301 " T " ~bob on\n"));
	CU_ASSERT(skipped(s) == 0);
	stage_free(&s);
}

static void
replays_the_log(void)
{
	struct stage *s = stage_new(true);
	struct guy *bob = stage_guy(s, "bob");
	struct peer_session *p = stage_peer(s, "alice");
	uint64_t last;
	unsigned asks;

	/* The window is 16 KiB. */
	stage_fill(s, bob, 200, false);
	last = s->fake->room->stream.last;
	asks = catch_up(s, p, last - 200, last);
	CU_ASSERT(asks == 7);
	fake_post(bob, "SAY lobby on");
	stage_round(s);
	CU_ASSERT(peer_count(p, " ~bob on\n") == 1);
	CU_ASSERT(skipped(s) == 0);
	CU_ASSERT(counter_get(&s->net.ios[1]->counts[COUNT_LAGS]) == 0);
	stage_free(&s);
}

static void
says_where_a_whole_replay_ends(void)
{
	struct stage *s = stage_new(false);
	struct guy *bob = stage_guy(s, "bob");
	struct peer_session *p = stage_peer(s, "alice");

	fake_post(bob, "SAY lobby one");
	fake_post(bob, "SIGNAL lobby typing");
	fake_post(bob, "SAY lobby two");
	stage_round(s);
	peer_say(p, "@id=j JOIN lobby 100");
	/* The signal is not said again. */
	CU_ASSERT(peer_heard(p, "ROOM lobby 102 2\n@id=j OK JOIN lobby 102\n"
	    "MSG lobby 101 " T " ~bob one\n"
	    "MSG lobby 102 " T " ~bob two\n"
	    "ROOM lobby 102 2\nAT lobby 102\n"));
	/* A member is moved back, or told where the room is. */
	peer_say(p, "JOIN lobby 101");
	CU_ASSERT(peer_heard(p, "ROOM lobby 102 2\nOK JOIN lobby 102\n"
	    "MSG lobby 102 " T " ~bob two\n"
	    "ROOM lobby 102 2\nAT lobby 102\n"));
	peer_say(p, "JOIN lobby 102");
	CU_ASSERT(peer_heard(p, "ROOM lobby 102 2\nOK JOIN lobby 102\n"
	    "AT lobby 102\n"));
	peer_say(p, "JOIN lobby 500");
	CU_ASSERT(peer_heard(p, "ROOM lobby 102 2\nRESET lobby 102\n"
	    "OK JOIN lobby 102\nAT lobby 102\n"));
	/* Who names no number stays. */
	peer_say(p, "JOIN lobby");
	CU_ASSERT(peer_heard(p, "ROOM lobby 102 2\nOK JOIN lobby 102\n"));
	stage_free(&s);
}

static void
says_what_is_gone(void)
{
	struct stage *s = stage_new(false);
	struct guy *bob;
	struct peer_session *p = stage_peer(s, "alice");
	struct reach r;
	uint64_t to = 0;

	atomic_store(&s->fake->config->rooms_window, 16);
	fake_hibernate(s->fake);
	bob = stage_guy(s, "bob");
	stage_fill(s, bob, 200, false);
	peer_say(p, "JOIN lobby 100");
	CU_ASSERT(peer_count(p, "GAP lobby 101 ") == 1);
	if (sscanf(strstr(p->heard->data, "GAP"), "GAP lobby 101 %" SCNu64,
	    &to) != 1)
		abort();
	CU_ASSERT(to > 270);
	CU_ASSERT(peer_count(p, "ROOM lobby") == 2);
	r = reach(p, to);
	CU_ASSERT(r.last == 300 && r.at == 300);
	stage_free(&s);
}

/* Pages of a log of 200 KiB, of those who say what they ask, and how large
 * they are. */
static void
gets_small_pages(void)
{
	static const char *const asked[] = {
		"HISTORY lobby 1000", "SEARCH lobby 1000 x"
	};
	struct stage *s = stage_new(true);
	struct guy *bob = stage_guy(s, "bob");
	struct peer_session *p = stage_peer(s, "alice");
	size_t len;

	peer_say(p, "JOIN lobby");
	for (int i = 0; i < 100; i++) {
		char line[256];

		snprintf(line, sizeof(line), "SAY lobby x %0128d", i);
		fake_post(bob, line);
	}
	stage_round(s);
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		stage_wait(s, 1000);
		peer_forget(p);
		peer_say(p, "%s", asked[i]);
		CU_ASSERT(peer_count(p, "PAGE lobby ") == 1);
		CU_ASSERT(peer_count(p, " 0099\n") == 0);
		CU_ASSERT(peer_count(p, "00099\n") == 1);
		len = p->heard->len;
		CU_ASSERT(len > 7 * 1024 && len < 8 * 1024 + 256);
		/* Elsewhere they are as large as ever. */
		fake_forget(s->fake);
		fake_say(bob, asked[i]);
		len = bob->heard->len;
		CU_ASSERT(len > 12 * 1024);
	}
	stage_free(&s);
}

static void
answers_over_the_rate_wait(void)
{
	struct stage *s = stage_new(true);
	struct guy *bob = stage_guy(s, "bob");
	struct peer_session *p = stage_peer(s, "alice");
	unsigned waited = 0, pages = 0;

	atomic_store(&s->fake->config->udp_rate, 8192);
	peer_say(p, "JOIN lobby");
	stage_fill(s, bob, 20, false);
	stage_wait(s, 10000);
	peer_forget(p);
	for (int i = 0; i < 8; i++)
		peer_say(p, "@id=%d HISTORY lobby 7", i);
	/* Four at once, and some 32 KiB of all at once. */
	CU_ASSERT(p->heard->len >= 32768 && p->heard->len < 34 * 1024);
	fake_post(bob, "SAY lobby lost");
	while (pages < 8 && waited++ < 10000) {
		stage_wait(s, 1);
		pages = peer_count(p, " OK HISTORY lobby\n");
	}
	CU_ASSERT(pages == 8);
	/* 8 pages of 7 lines: some 57 KiB, at 8 KiB a second. */
	CU_ASSERT(waited > 2500 && waited < 3500);
	CU_ASSERT(peer_count(p, "MSG lobby") == 8 * 7);
	CU_ASSERT(peer_count(p, "lost\n") == 0);
	CU_ASSERT(skipped(s) == 1);
	stage_free(&s);
}

/* So many bytes come in four seconds of a room that says much more. */
static void
keeps_to_the_rate(void)
{
	struct stage *s = stage_new(false);
	struct guy *bob = stage_guy(s, "bob");
	struct peer_session *p = stage_peer(s, "alice");
	struct reach r;
	size_t len;

	atomic_store(&s->fake->config->udp_rate, 16384);
	peer_say(p, "JOIN lobby");
	for (int i = 0; i < 4000; i += 10) {
		stage_fill(s, bob, 1, true);
		stage_wait(s, 10);
	}
	len = p->heard->len;
	CU_ASSERT(len > 32768 + 60000 && len < 32768 + 4 * 16384 + 4096);
	r = reach(p, 100);
	CU_ASSERT(r.count + skipped(s) == 400);
	/* The window is not held, nor its end missed. */
	CU_ASSERT(s->fake->room->feeds[1].oldest->start >=
	    stream_start(&s->fake->room->stream));
	CU_ASSERT(counter_get(&s->net.ios[1]->counts[COUNT_LAGS]) == 0);
	stage_wait(s, 1000);
	peer_forget(p);
	CU_ASSERT(catch_up(s, p, r.last, 500) > 0);
	stage_free(&s);
}

/* Two answers to two JOINs, the second of which is the last word. */
static void
moves_while_it_reads(void)
{
	struct stage *s = stage_new(true);
	struct guy *bob = stage_guy(s, "bob");
	struct peer_session *p = stage_peer(s, "alice");
	struct reach r;
	uint64_t last;

	stage_fill(s, bob, 200, false);
	last = s->fake->room->stream.last;
	s->fake->keeping->no_reads = true;
	peer_say(p, "JOIN lobby %" PRIu64, last - 200);
	CU_ASSERT(peer_count(p, "OK JOIN") == 1);
	peer_say(p, "JOIN lobby %" PRIu64, last - 100);
	CU_ASSERT(peer_count(p, "OK JOIN") == 2);
	/* AT would say that this is all. */
	stage_wait(s, 300);
	CU_ASSERT(peer_count(p, "AT ") == 0);
	s->fake->keeping->no_reads = false;
	stage_round(s);
	CU_ASSERT(peer_count(p, "AT ") == 1);
	r = reach(p, last - 100);
	CU_ASSERT(r.count == 31 || r.count == 32);
	CU_ASSERT(r.last == last - 100 + r.count && r.at == last);
	/* From the log into the window, and the other way. */
	s->fake->keeping->no_reads = true;
	stage_wait(s, 200);
	peer_forget(p);
	peer_say(p, "JOIN lobby %" PRIu64, last - 200);
	peer_say(p, "JOIN lobby %" PRIu64, last - 2);
	CU_ASSERT(peer_count(p, "AT ") == 1);
	s->fake->keeping->no_reads = false;
	stage_round(s);
	r = reach(p, last - 2);
	CU_ASSERT(r.count == 2 && r.last == last);
	fake_post(bob, "SAY lobby on");
	stage_round(s);
	CU_ASSERT(peer_count(p, " ~bob on\n") == 1);
	stage_free(&s);
}

static void
catches_up_while_much_is_said(void)
{
	struct stage *s = stage_new(true);
	struct guy *bob = stage_guy(s, "bob");
	struct peer_session *p = stage_peer(s, "alice");
	struct reach r;

	atomic_store(&s->fake->config->udp_rate, 65536);
	stage_fill(s, bob, 100, false);
	r.last = s->fake->room->stream.last - 100;
	/* 50 KB a second are said, 64 come. */
	for (int i = 0; i < 300; i++) {
		uint64_t from = r.last;

		peer_say(p, "JOIN lobby %" PRIu64, from);
		do {
			stage_fill(s, bob, 1, true);
			stage_wait(s, 20);
		} while (peer_count(p, "AT lobby") == 0);
		r = reach(p, from);
		CU_ASSERT(r.last > from);
		if (r.last == s->fake->room->stream.last)
			break;
	}
	CU_ASSERT(r.last == s->fake->room->stream.last);
	stage_free(&s);
}

static void
ends_in_order(void)
{
	struct stage *s = stage_new(true);
	struct guy *bob = stage_guy(s, "bob");
	struct peer_session *p = stage_peer(s, "alice");
	uint64_t last;

	stage_fill(s, bob, 100, false);
	last = s->fake->room->stream.last;
	/* All that a replay has is heard, and BYE is the last of it. */
	peer_post(p, "JOIN lobby %" PRIu64, last - 100);
	peer_say(p, "@id=q QUIT");
	stage_wait(s, 100);
	CU_ASSERT(p->conn == NULL);
	CU_ASSERT(peer_count(p, "MSG lobby") >= 31);
	CU_ASSERT(peer_count(p, "@id=q BYE quit\n") == 1);
	stage_wait(s, 20000);
	CU_ASSERT(peer_count(p, "AT ") <= 1);
	stage_free(&s);
}

static void
ends_while_it_is_blocked(void)
{
	struct stage *s = stage_new(false);
	struct guy *bob = stage_guy(s, "bob");
	struct peer_session *p = stage_peer(s, "alice");

	peer_say(p, "JOIN lobby");
	stage_fill(s, bob, 100, true);
	CU_ASSERT(p->conn->blocked);
	io_close(s->net.ios[1], p->conn, END_LOST);
	stage_round(s);
	CU_ASSERT(p->conn == NULL);
	peer_forget(p);
	stage_wait(s, 1000);
	CU_ASSERT(peer_heard(p, ""));
	stage_free(&s);
}

static CU_TestInfo tests[] = {
	{ "hears what is said, a pass in a datagram", hears_what_is_said },
	{ "leaves out what is over the rate, and AT tells",
	    leaves_out_what_is_over_the_rate },
	{ "keeps to the rate", keeps_to_the_rate },
	{ "has answers over the rate wait", answers_over_the_rate_wait },
	{ "replays 200 KiB of a window in several asks", replays_the_window },
	{ "replays 200 KiB of a log in several asks", replays_the_log },
	{ "says where a whole replay ends", says_where_a_whole_replay_ends },
	{ "says what is gone", says_what_is_gone },
	{ "moves while it reads the log", moves_while_it_reads },
	{ "catches up while much is said", catches_up_while_much_is_said },
	{ "gives small pages", gets_small_pages },
	{ "ends in order", ends_in_order },
	{ "ends while it is blocked", ends_while_it_is_blocked },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "udp_pace", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
