/* test_discovering.c -- who is told by one datagram that this is a server
 *
 * SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "fake.h"
#include "net/discovery.h"
#include "suite.h"

#define NONCE "0123456789abcdef"

/* A server that is asked. */
struct site {
	struct fake      *fake;
	struct net        net;
	struct discovery  discovery;
	struct peer       from;
	uint16_t          port;
	bool              for_all;
	uint64_t          now;
	char              question[DISCOVERY_MOST];
	char              answer[DISCOVERY_MOST + 1];
	size_t            len;		/* of the answer */
	struct room      *rooms[8];	/* that are held */
	unsigned          room_count;
};

static void
comes_from(struct site *s, const char *ip, uint16_t port)
{
	struct sockaddr_storage from = { 0 };
	struct sockaddr_in *four = (struct sockaddr_in *)&from;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&from;

	if (inet_pton(AF_INET, ip, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons(port);
	} else {
		CU_ASSERT_EQUAL(inet_pton(AF_INET6, ip, &six->sin6_addr), 1);
		six->sin6_family = AF_INET6;
		six->sin6_port = htons(port);
	}
	peer_set(&s->from, &from);
}

static void
open_site(struct site *s, bool lan)
{
	memset(s, 0, sizeof(*s));
	s->fake = fake_new();
	s->net.config = s->fake->config;
	s->net.registry = s->fake->registry;
	strcpy(s->net.name, "chat.example.org");
	s->port = 3073;
	s->now = 100000;
	comes_from(s, "192.0.2.1", 5000);
	discovery_init(&s->discovery, lan);
	/* Which networks meet in the table is the same each time. */
	memset(s->discovery.key, 1, sizeof(s->discovery.key));
}

static void
close_site(struct site *s)
{
	while (s->room_count > 0)
		registry_close(s->fake->registry, s->rooms[--s->room_count]);
	registry_stop(s->fake->registry);
	fake_free(&s->fake);
}

static enum discovery_verdict
asks(struct site *s, size_t len)
{
	const struct discovery_question q = {
		.bytes = { s->question, len }, .from = s->from,
		.port = s->port, .for_all = s->for_all
	};

	s->len = 0;
	if (len >= DISCOVERY_LEAST)
		discovery_ask(s->question, len, NONCE);
	return discovery_answer(&s->discovery, &s->net, &q, s->now,
	    s->answer, &s->len);
}

static bool
is_told(struct site *s, const char *answer)
{
	enum discovery_verdict v = asks(s, 512);

	s->answer[s->len] = '\0';
	return v == DISCOVERY_YES && strcmp(s->answer, answer) == 0;
}

static void
a_question_is_answered_as_a_greeting_would(void)
{
	struct site s;

	open_site(&s, false);
	atomic_store(&s.net.connections, 7);
	CU_ASSERT(is_told(&s, "VCRP! 1 " NONCE " chat.example.org vcrpd/"
	    PACKAGE_VERSION " guest,scram-sha-256,scram-i=10000 7 0\n"));
	close_site(&s);
}

static void
this_host_is_told_the_same(void)
{
	struct site s;
	char elsewhere[DISCOVERY_MOST + 1];

	open_site(&s, false);
	asks(&s, 512);
	strcpy(elsewhere, s.answer);
	discovery_init(&s.discovery, false);
	comes_from(&s, "127.0.0.1", 5000);
	CU_ASSERT(is_told(&s, elsewhere));
	close_site(&s);
}

static void
without_any_feature_there_is_a_word(void)
{
	struct site s;

	open_site(&s, false);
	atomic_store(&s.fake->config->accounts_guests, GUESTS_NO);
	atomic_store(&s.fake->config->tls_required, 1);
	CU_ASSERT(is_told(&s, "VCRP! 1 " NONCE " chat.example.org vcrpd/"
	    PACKAGE_VERSION " - 0 0\n"));
	close_site(&s);
}

static void
open_room(struct site *s, struct guy *guy, const char *name,
    const char *setting)
{
	struct room *room = NULL;
	const char *why;

	CU_ASSERT_EQUAL_FATAL(fake_open(s->fake, name, guy, &room, &why),
	    ERROR_NONE);
	s->rooms[s->room_count++] = room;
	lock_take(&s->fake->registry->lock);
	if (setting != NULL)
		settings_change(&room->settings, slice_of(setting),
		    slice_of("on"), &why);
	lock_drop(&s->fake->registry->lock);
}

/* What it counts, a second later. */
static bool
counts(struct site *s, const char *rooms)
{
	size_t len = strlen(rooms);

	s->now += DISCOVERY_FRESH_MS;
	return asks(s, 512) == DISCOVERY_YES &&
	    memcmp(s->answer + s->len - len, rooms, len) == 0;
}

static void
rooms_that_not_everybody_may_see_are_not_counted(void)
{
	struct site s;
	struct guy *alice;

	open_site(&s, false);
	alice = fake_guest(s.fake, "alice", NULL);
	fake_guest(s.fake, "bob", NULL);
	CU_ASSERT(counts(&s, " 0 0\n"));
	open_room(&s, alice, "lobby", NULL);
	CU_ASSERT(counts(&s, " 0 1\n"));
	open_room(&s, alice, "cave", "hidden");
	open_room(&s, alice, "club", "members-only");
	open_room(&s, alice, "@bob", NULL);
	CU_ASSERT(counts(&s, " 0 1\n"));
	open_room(&s, alice, "ops", "moderated");
	CU_ASSERT(counts(&s, " 0 2\n"));
	close_site(&s);
}

static void
rooms_are_counted_once_a_second(void)
{
	struct site s;

	open_site(&s, false);
	asks(&s, 512);
	open_room(&s, fake_guest(s.fake, "alice", NULL), "lobby", NULL);
	s.now += DISCOVERY_FRESH_MS - 1;
	asks(&s, 512);
	CU_ASSERT_EQUAL(memcmp(s.answer + s.len - 5, " 0 0\n", 5), 0);
	s.now++;
	asks(&s, 512);
	CU_ASSERT_EQUAL(memcmp(s.answer + s.len - 5, " 0 1\n", 5), 0);
	close_site(&s);
}

/* The answer needs some 300 bytes, as long as the server's name is. */
static void
an_answer_is_never_longer_than_its_question(void)
{
	struct site s;
	size_t len, least = 0;

	open_site(&s, false);
	memset(s.net.name, 'h', sizeof(s.net.name) - 1);
	for (len = 0; len <= DISCOVERY_MOST; len++) {
		s.now += 1000;
		if (asks(&s, len) != DISCOVERY_YES) {
			CU_ASSERT_EQUAL(s.len, 0);
			continue;
		}
		CU_ASSERT(s.len <= len);
		if (least == 0)
			least = len;
		CU_ASSERT_EQUAL(s.len, least);
	}
	CU_ASSERT(least > DISCOVERY_LEAST);
	close_site(&s);
}

static void
other_servers_are_not_answered(void)
{
	struct site s;

	open_site(&s, true);
	comes_from(&s, "192.0.2.1", 1023);
	CU_ASSERT_EQUAL(asks(&s, 512), DISCOVERY_NO);
	comes_from(&s, "192.0.2.1", 0);
	CU_ASSERT_EQUAL(asks(&s, 512), DISCOVERY_NO);
	comes_from(&s, "192.0.2.1", 3073);
	CU_ASSERT_EQUAL(asks(&s, 512), DISCOVERY_NO);
	comes_from(&s, "192.0.2.1", 1024);
	CU_ASSERT_EQUAL(asks(&s, 512), DISCOVERY_YES);
	s.port = 1024;
	CU_ASSERT_EQUAL(asks(&s, 512), DISCOVERY_NO);
	close_site(&s);
}

static void
an_answer_is_no_question(void)
{
	struct site s;
	struct slice nonce;

	open_site(&s, false);
	CU_ASSERT_EQUAL(asks(&s, 512), DISCOVERY_YES);
	CU_ASSERT_FALSE(discovery_is_question((struct slice){ s.answer,
	    s.len }, &nonce));
	close_site(&s);
}

static void
what_all_are_asked_is_answered_where_it_is_wanted(void)
{
	struct site s;

	open_site(&s, false);
	s.for_all = true;
	CU_ASSERT_EQUAL(asks(&s, 512), DISCOVERY_NO);
	close_site(&s);
	open_site(&s, true);
	s.for_all = true;
	CU_ASSERT_EQUAL(asks(&s, 512), DISCOVERY_YES);
	close_site(&s);
}

/* How many of many it gets at once, and then in a second. */
static void
takes_all(struct site *s, unsigned *at_once_r, unsigned *later_r)
{
	*at_once_r = *later_r = 0;
	for (int i = 0; i < 100; i++)
		*at_once_r += asks(s, 512) == DISCOVERY_YES;
	for (int i = 0; i < 1000; i++) {
		s->now++;
		*later_r += asks(s, 512) == DISCOVERY_YES;
	}
}

static void
a_network_is_answered_ten_times_a_second(void)
{
	struct site s;
	unsigned at_once, later;

	open_site(&s, false);
	takes_all(&s, &at_once, &later);
	CU_ASSERT_EQUAL(at_once, 20);
	CU_ASSERT_EQUAL(later, 10);
	comes_from(&s, "192.0.2.254", 6000);
	CU_ASSERT_EQUAL(asks(&s, 512), DISCOVERY_LIMIT);
	comes_from(&s, "192.0.3.1", 5000);
	CU_ASSERT_EQUAL(asks(&s, 512), DISCOVERY_YES);
	comes_from(&s, "2001:db8:0:1::1", 5000);
	takes_all(&s, &at_once, &later);
	CU_ASSERT_EQUAL(at_once, 20);
	comes_from(&s, "2001:db8:0:ff::1", 5000);
	CU_ASSERT_EQUAL(asks(&s, 512), DISCOVERY_LIMIT);
	comes_from(&s, "2001:db8:0:100::1", 5000);
	CU_ASSERT_EQUAL(asks(&s, 512), DISCOVERY_YES);
	close_site(&s);
}

static bool
may_tell(struct site *s)
{
	const struct discovery_question q = {
		.from = s->from, .port = s->port, .for_all = s->for_all
	};

	return discovery_may_tell(&s->discovery, &q, s->now);
}

static void
anything_else_is_told_by_the_same_rules(void)
{
	struct site s;
	unsigned told = 0;

	open_site(&s, true);
	s.for_all = true;
	CU_ASSERT_FALSE(may_tell(&s));
	s.for_all = false;
	comes_from(&s, "192.0.2.1", 1023);
	CU_ASSERT_FALSE(may_tell(&s));
	comes_from(&s, "192.0.2.1", 3073);
	CU_ASSERT_FALSE(may_tell(&s));
	comes_from(&s, "192.0.2.1", 5000);
	for (int i = 0; i < 5; i++)
		CU_ASSERT_EQUAL(asks(&s, 512), DISCOVERY_YES);
	for (int i = 0; i < 100; i++)
		told += may_tell(&s);
	CU_ASSERT_EQUAL(told, 15);
	CU_ASSERT_EQUAL(asks(&s, 512), DISCOVERY_LIMIT);
	comes_from(&s, "192.0.3.1", 5000);
	CU_ASSERT(may_tell(&s));
	close_site(&s);
}

static void
what_is_no_question_costs_nobody_an_answer(void)
{
	struct site s;

	open_site(&s, false);
	for (int i = 0; i < 100; i++)
		CU_ASSERT_EQUAL(asks(&s, DISCOVERY_LEAST - 1), DISCOVERY_NO);
	CU_ASSERT_EQUAL(asks(&s, 512), DISCOVERY_YES);
	close_site(&s);
}

/* The networks that share the rate of 192.0.2.0/24, as a sum. */
static unsigned
share_with(struct site *s, unsigned char key)
{
	unsigned sum = 0;
	char ip[32];

	memset(s->discovery.key, key, sizeof(s->discovery.key));
	comes_from(s, "192.0.2.1", 5000);
	for (int i = 0; i < DISCOVERY_AT_ONCE; i++)
		CU_ASSERT_EQUAL(asks(s, 512), DISCOVERY_YES);
	for (unsigned i = 0; i < 3 * DISCOVERY_RATES; i++) {
		snprintf(ip, sizeof(ip), "10.%u.%u.1", i / 256, i % 256);
		comes_from(s, ip, 5000);
		sum += asks(s, 512) == DISCOVERY_LIMIT ? i : 0;
	}
	return sum;
}

static void
whom_one_shares_a_rate_with_cannot_be_known(void)
{
	struct site one, two;

	open_site(&one, false);
	open_site(&two, false);
	CU_ASSERT_NOT_EQUAL(share_with(&one, 1), share_with(&two, 2));
	discovery_init(&one.discovery, false);
	discovery_init(&two.discovery, false);
	CU_ASSERT_NOT_EQUAL(memcmp(one.discovery.key, two.discovery.key,
	    sizeof(one.discovery.key)), 0);
	close_site(&one);
	close_site(&two);
}

static CU_TestInfo tests[] = {
	{ "a question is answered as a greeting would",
	    a_question_is_answered_as_a_greeting_would },
	{ "this host is told the same", this_host_is_told_the_same },
	{ "without any feature there is a word",
	    without_any_feature_there_is_a_word },
	{ "rooms that not everybody may see are not counted",
	    rooms_that_not_everybody_may_see_are_not_counted },
	{ "rooms are counted once a second",
	    rooms_are_counted_once_a_second },
	{ "an answer is never longer than its question",
	    an_answer_is_never_longer_than_its_question },
	{ "other servers are not answered", other_servers_are_not_answered },
	{ "an answer is no question", an_answer_is_no_question },
	{ "what all are asked is answered where it is wanted",
	    what_all_are_asked_is_answered_where_it_is_wanted },
	{ "a network is answered ten times a second",
	    a_network_is_answered_ten_times_a_second },
	{ "anything else is told by the same rules",
	    anything_else_is_told_by_the_same_rules },
	{ "what is no question costs nobody an answer",
	    what_is_no_question_costs_nobody_an_answer },
	{ "whom one shares a rate with cannot be known",
	    whom_one_shares_a_rate_with_cannot_be_known },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "discovering", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
