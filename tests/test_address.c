/* test_address.c -- how many come from one place
 *
 * SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <string.h>

#include "net/address.h"
#include "suite.h"

static struct peer
peer(const char *text, unsigned port)
{
	struct sockaddr_storage sa = { 0 };
	struct sockaddr_in *in = (struct sockaddr_in *)&sa;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&sa;
	struct peer p;

	if (inet_pton(AF_INET, text, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons((uint16_t)port);
	} else if (inet_pton(AF_INET6, text, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons((uint16_t)port);
	} else {
		sa.ss_family = AF_UNIX;
	}
	peer_set(&p, &sa);
	return p;
}

static bool
shown_as(const char *address, unsigned port, const char *expected)
{
	char text[PEER_TEXT_MAX];
	struct peer p = peer(address, port);

	return strcmp(peer_text(&p, text), expected) == 0;
}

static void
peers_are_shown_as_people_write_them(void)
{
	CU_ASSERT(shown_as("192.0.2.1", 5000, "192.0.2.1:5000"));
	CU_ASSERT(shown_as("::ffff:192.0.2.1", 5000, "192.0.2.1:5000"));
	CU_ASSERT(shown_as("2001:db8::1", 65535, "[2001:db8::1]:65535"));
	CU_ASSERT(shown_as("2001:db8:1111:2222:3333:4444:5555:6666", 65535,
	    "[2001:db8:1111:2222:3333:4444:5555:6666]:65535"));
	CU_ASSERT(shown_as("local", 0, "local"));
}

static bool
is_loopback(const char *address)
{
	struct peer p = peer(address, 1);

	return peer_is_loopback(&p);
}

static void
loopback_is_known_in_every_form(void)
{
	CU_ASSERT(is_loopback("127.0.0.1"));
	CU_ASSERT(is_loopback("127.255.0.9"));
	CU_ASSERT(is_loopback("::1"));
	CU_ASSERT(is_loopback("::ffff:127.0.0.1"));
	CU_ASSERT_FALSE(is_loopback("128.0.0.1"));
	CU_ASSERT_FALSE(is_loopback("::2"));
	CU_ASSERT_FALSE(is_loopback("::ffff:10.0.0.1"));
	CU_ASSERT_FALSE(is_loopback("local"));
}

static struct address *
enter(struct addresses *all, const struct peer *p, unsigned most)
{
	uint64_t wait;

	return addresses_enter(all, p, most, 0, 1, &wait);
}

/* Whether two addresses are counted as one place. */
static bool
one_place(const char *a, const char *b)
{
	struct peer one = peer(a, 1), two = peer(b, 2);
	struct address *first, *second;
	struct addresses all;
	bool same;

	addresses_init(&all);
	first = enter(&all, &one, 1);
	CU_ASSERT_PTR_NOT_NULL(first);
	second = enter(&all, &two, 1);
	same = second == NULL;
	addresses_leave(&all, &second, 1);
	addresses_leave(&all, &first, 1);
	CU_ASSERT_EQUAL(all.table.count, 0);
	addresses_fini(&all);
	return same;
}

static void
a_place_is_an_ipv4_address_or_an_ipv6_64(void)
{
	CU_ASSERT(one_place("192.0.2.1", "192.0.2.1"));
	CU_ASSERT(one_place("192.0.2.1", "::ffff:192.0.2.1"));
	CU_ASSERT_FALSE(one_place("192.0.2.1", "192.0.2.2"));
	CU_ASSERT(one_place("2001:db8:0:1::1", "2001:db8:0:1:ffff::2"));
	CU_ASSERT_FALSE(one_place("2001:db8:0:1::1", "2001:db8:0:2::1"));
	CU_ASSERT_FALSE(one_place("192.0.2.1", "2001:db8::1"));
}

static void
no_more_than_so_many_come_in_at_a_time(void)
{
	struct peer p = peer("192.0.2.1", 1);
	struct address *in[4] = { NULL };
	struct addresses all;

	addresses_init(&all);
	for (int i = 0; i < 3; i++) {
		in[i] = enter(&all, &p, 3);
		CU_ASSERT_PTR_NOT_NULL(in[i]);
	}
	CU_ASSERT_PTR_NULL(enter(&all, &p, 3));
	addresses_leave(&all, &in[0], 1);
	CU_ASSERT_PTR_NULL(in[0]);
	addresses_leave(&all, &in[0], 1);
	in[0] = enter(&all, &p, 3);
	CU_ASSERT_PTR_NOT_NULL(in[0]);
	CU_ASSERT_PTR_NULL(enter(&all, &p, 3));
	/* The limit may change under those who are there. */
	CU_ASSERT_PTR_NULL(enter(&all, &p, 1));
	in[3] = enter(&all, &p, 4);
	CU_ASSERT_PTR_NOT_NULL(in[3]);
	for (int i = 0; i < 4; i++)
		addresses_leave(&all, &in[i], 1);
	CU_ASSERT_EQUAL(all.table.count, 0);
	addresses_fini(&all);
}

enum { SECOND = 1000000 };	/* µs */

/* One more, gone at once: how many milliseconds it has to wait. */
static uint64_t
arrive(struct addresses *all, const struct peer *p, unsigned arrivals,
    uint64_t now)
{
	uint64_t wait;
	struct address *a = addresses_enter(all, p, 0, arrivals, now, &wait);

	CU_ASSERT_EQUAL(a == NULL, wait > 0);
	addresses_leave(all, &a, now);
	return wait;
}

static void
who_comes_too_often_waits(void)
{
	struct peer p = peer("192.0.2.1", 1), q = peer("192.0.2.2", 1);
	uint64_t now = 1000 * (uint64_t)SECOND;
	struct addresses all;

	addresses_init(&all);
	for (int i = 0; i < 20; i++)
		CU_ASSERT_EQUAL(arrive(&all, &p, 60, now), 0);
	CU_ASSERT_EQUAL(arrive(&all, &p, 60, now), 1001);
	CU_ASSERT_EQUAL(arrive(&all, &p, 60, now + SECOND - 2000), 3);
	/* To be refused costs nothing. */
	CU_ASSERT_EQUAL(arrive(&all, &p, 60, now + SECOND), 0);
	CU_ASSERT_EQUAL(arrive(&all, &p, 60, now + SECOND), 1001);
	CU_ASSERT_EQUAL(arrive(&all, &q, 60, now + SECOND), 0);
	CU_ASSERT_EQUAL(arrive(&all, &p, 0, now + SECOND), 0);
	/* All is forgotten when there is nothing left to be known. */
	CU_ASSERT_EQUAL(all.table.count, 2);
	now += 20 * (uint64_t)SECOND;
	CU_ASSERT_EQUAL(arrive(&all, &q, 60, now), 0);
	now += 2 * SECOND;
	CU_ASSERT_EQUAL(arrive(&all, &q, 0, now), 0);
	CU_ASSERT_EQUAL(all.table.count, 0);
	addresses_fini(&all);
}

static void
of_those_gone_only_so_many_are_known(void)
{
	uint64_t now = 1000 * (uint64_t)SECOND, wait;
	struct peer p = peer("10.0.0.0", 1), first = p;
	struct addresses all;
	struct address *stays;

	addresses_init(&all);
	stays = addresses_enter(&all, &first, 0, 1, now, &wait);
	for (uint32_t i = 1; i <= ADDRESSES_GONE + 1000; i++) {
		uint32_t ip = htonl(0x0a000000 + i);

		memcpy(&p.ip.s6_addr[12], &ip, 4);
		arrive(&all, &p, 1, now);
	}
	/* Not the one that is there. */
	CU_ASSERT_EQUAL(all.table.count, ADDRESSES_GONE + 1);
	CU_ASSERT_EQUAL(all.gone_count, ADDRESSES_GONE);
	addresses_leave(&all, &stays, now);
	addresses_fini(&all);
}

static void
a_place_has_rates_of_its_own(void)
{
	struct peer p = peer("192.0.2.1", 1);
	struct addresses all;
	struct address *a;

	addresses_init(&all);
	a = enter(&all, &p, 1);
	for (int i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(rate_take(address_rate(a, ADDRESS_ROOMS),
		    SECOND, SECOND, 3, 1), 0);
	CU_ASSERT_EQUAL(rate_take(address_rate(a, ADDRESS_ROOMS), SECOND,
	    SECOND, 3, 1), 1001);
	rate_give_back(address_rate(a, ADDRESS_ROOMS), SECOND);
	addresses_leave(&all, &a, SECOND);
	CU_ASSERT_EQUAL(all.table.count, 1);
	/* Who comes back finds what it left. */
	a = enter(&all, &p, 1);
	CU_ASSERT_EQUAL(rate_take(address_rate(a, ADDRESS_ROOMS), SECOND,
	    SECOND, 3, 1), 0);
	CU_ASSERT_EQUAL(rate_take(address_rate(a, ADDRESS_ROOMS), SECOND,
	    SECOND, 3, 1), 1001);
	addresses_leave(&all, &a, SECOND);
	addresses_fini(&all);
}

static void
what_a_proxy_says_is_never_this_host(void)
{
	struct peer p = peer("127.0.0.1", 1);

	p.proxied = true;
	CU_ASSERT_FALSE(peer_is_loopback(&p));
	p = peer("::1", 1);
	p.proxied = true;
	CU_ASSERT_FALSE(peer_is_loopback(&p));
}

static CU_TestInfo tests[] = {
	{ "peers are shown as people write them",
	    peers_are_shown_as_people_write_them },
	{ "loopback is known in every form",
	    loopback_is_known_in_every_form },
	{ "a place is an IPv4 address or an IPv6 /64",
	    a_place_is_an_ipv4_address_or_an_ipv6_64 },
	{ "no more than so many come in at a time",
	    no_more_than_so_many_come_in_at_a_time },
	{ "who comes too often waits", who_comes_too_often_waits },
	{ "of those gone only so many are known",
	    of_those_gone_only_so_many_are_known },
	{ "a place has rates of its own", a_place_has_rates_of_its_own },
	{ "what a proxy says is never this host",
	    what_a_proxy_says_is_never_this_host },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "address", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
