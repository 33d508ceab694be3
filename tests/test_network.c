/* test_network.c -- networks as administrators write them, and who is in
 *
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/network.h"
#include "suite.h"

static bool
is_shown(const char *given, const char *expected)
{
	char text[NETWORK_TEXT_MAX];
	struct network n;
	const char *why;

	return network_parse(slice_of(given), &n, &why) &&
	    strcmp(network_text(&n, text), expected) == 0;
}

static bool
is_refused(const char *given, const char *because)
{
	struct network n;
	const char *why;

	return !network_parse(slice_of(given), &n, &why) &&
	    strstr(why, because) != NULL;
}

static bool
has(const char *network, const char *address)
{
	struct network n, a;
	const char *why;

	CU_ASSERT(network_parse(slice_of(network), &n, &why));
	CU_ASSERT(network_parse(slice_of(address), &a, &why));
	return network_has(&n, &a.ip);
}

static void
networks_are_shown_as_they_are_written(void)
{
	CU_ASSERT(is_shown("192.0.2.1", "192.0.2.1"));
	CU_ASSERT(is_shown("192.0.2.1/32", "192.0.2.1"));
	CU_ASSERT(is_shown("192.0.2.0/24", "192.0.2.0/24"));
	CU_ASSERT(is_shown("0.0.0.0/0", "0.0.0.0/0"));
	CU_ASSERT(is_shown("2001:db8::/32", "2001:db8::/32"));
	CU_ASSERT(is_shown("2001:DB8:0::1", "2001:db8::1"));
	CU_ASSERT(is_shown("::/0", "::/0"));
	CU_ASSERT(is_shown("::ffff:192.0.2.1", "192.0.2.1"));
	CU_ASSERT(is_shown("::ffff:192.0.2.0/120", "192.0.2.0/24"));
}

static void
what_is_none_is_refused_with_the_reason(void)
{
	CU_ASSERT(is_refused("", "numeric address"));
	CU_ASSERT(is_refused("example.org", "numeric address"));
	CU_ASSERT(is_refused("192.0.2", "numeric address"));
	CU_ASSERT(is_refused("192.0.2.1.1/8", "numeric address"));
	CU_ASSERT(is_refused("/24", "numeric address"));
	CU_ASSERT(is_refused("192.0.2.0/33", "0 to 32"));
	CU_ASSERT(is_refused("192.0.2.0/", "0 to 32"));
	CU_ASSERT(is_refused("192.0.2.0/08", "0 to 32"));
	CU_ASSERT(is_refused("192.0.2.0/a", "0 to 32"));
	CU_ASSERT(is_refused("192.0.2.0/-1", "0 to 32"));
	CU_ASSERT(is_refused("192.0.2.0/24/1", "0 to 32"));
	CU_ASSERT(is_refused("2001:db8::/129", "0 to 128"));
	CU_ASSERT(is_refused("192.0.2.1/24", "behind"));
	CU_ASSERT(is_refused("2001:db8::1/64", "behind"));
}

static void
a_network_has_its_addresses_and_no_others(void)
{
	CU_ASSERT(has("192.0.2.0/24", "192.0.2.255"));
	CU_ASSERT_FALSE(has("192.0.2.0/24", "192.0.3.0"));
	CU_ASSERT(has("192.0.2.128/25", "192.0.2.129"));
	CU_ASSERT_FALSE(has("192.0.2.128/25", "192.0.2.127"));
	CU_ASSERT(has("192.0.2.1", "192.0.2.1"));
	CU_ASSERT_FALSE(has("192.0.2.1", "192.0.2.2"));
	CU_ASSERT(has("2001:db8::/33", "2001:db8:7fff::1"));
	CU_ASSERT_FALSE(has("2001:db8::/33", "2001:db8:8000::1"));
	/* All of IPv4 is not all of IPv6, but the other way round. */
	CU_ASSERT(has("0.0.0.0/0", "8.8.8.8"));
	CU_ASSERT_FALSE(has("0.0.0.0/0", "2001:db8::1"));
	CU_ASSERT(has("::/0", "8.8.8.8"));
}

static CU_TestInfo tests[] = {
	{ "networks are shown as they are written",
	    networks_are_shown_as_they_are_written },
	{ "what is none is refused with the reason",
	    what_is_none_is_refused_with_the_reason },
	{ "a network has its addresses and no others",
	    a_network_has_its_addresses_and_no_others },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "network", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
