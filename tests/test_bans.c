/* test_bans.c -- who is kept out
 *
 * SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <stdio.h>

#include "net/bans.h"
#include "suite.h"

enum { WALL = 1000000 };

static struct ban
ban_of(const char *network, uint64_t until, const char *reason)
{
	struct ban b = { .until = until };
	const char *why;

	CU_ASSERT_FATAL(network_parse(slice_of(network), &b.network, &why));
	blob_add(&b.by, slice_of("root"));
	if (reason != NULL)
		blob_add(&b.reason, slice_of(reason));
	return b;
}

static bool
add(struct bans *all, const char *network, uint64_t until,
    const char *reason)
{
	struct ban b = ban_of(network, until, reason);
	bool good = bans_add(all, &b, 0, WALL);

	blob_unref(&b.by);
	blob_unref(&b.reason);
	return good;
}

static bool
lift(struct bans *all, const char *network, uint64_t now)
{
	struct network n;
	const char *why;

	return network_parse(slice_of(network), &n, &why) &&
	    bans_remove(all, &n, now);
}

/* Is it kept out, and why? NULL: for no reason. */
static bool
is_out(struct bans *all, const char *ip, uint64_t now, const char *because)
{
	struct blob *reason;
	struct network n;
	const char *why;
	bool out, same;

	CU_ASSERT_FATAL(network_parse(slice_of(ip), &n, &why));
	out = bans_has(all, &n.ip, now, &reason);
	CU_ASSERT_EQUAL(bans_has(all, &n.ip, now, NULL), out);
	same = because == NULL ? reason == NULL : reason != NULL &&
	    slice_is((struct slice){ reason->data, reason->len }, because);
	blob_unref(&reason);
	return out && same;
}

static void
addresses_and_networks_are_kept_out(void)
{
	struct bans all;

	bans_init(&all);
	CU_ASSERT_FALSE(is_out(&all, "192.0.2.1", 0, NULL));
	CU_ASSERT(add(&all, "192.0.2.1", UINT64_MAX, "spam"));
	CU_ASSERT(add(&all, "198.51.100.0/24", UINT64_MAX, NULL));
	CU_ASSERT(add(&all, "2001:db8::/32", UINT64_MAX, "all of it"));
	CU_ASSERT(is_out(&all, "192.0.2.1", 0, "spam"));
	CU_ASSERT_FALSE(is_out(&all, "192.0.2.2", 0, NULL));
	CU_ASSERT(is_out(&all, "198.51.100.77", 0, NULL));
	CU_ASSERT_FALSE(is_out(&all, "198.51.101.77", 0, NULL));
	CU_ASSERT(is_out(&all, "2001:db8:1::9", 0, "all of it"));
	CU_ASSERT_FALSE(is_out(&all, "2001:db9::9", 0, NULL));
	/* One within another goes on its own. */
	CU_ASSERT(add(&all, "198.51.100.7", UINT64_MAX, "worst"));
	CU_ASSERT(lift(&all, "198.51.100.0/24", 0));
	CU_ASSERT(is_out(&all, "198.51.100.7", 0, "worst"));
	CU_ASSERT_FALSE(is_out(&all, "198.51.100.77", 0, NULL));
	CU_ASSERT_FALSE(lift(&all, "198.51.100.0/24", 0));
	/* A second one takes the place of the first. */
	CU_ASSERT(add(&all, "192.0.2.1", UINT64_MAX, "floods"));
	CU_ASSERT(is_out(&all, "192.0.2.1", 0, "floods"));
	CU_ASSERT(lift(&all, "192.0.2.1", 0));
	CU_ASSERT_FALSE(is_out(&all, "192.0.2.1", 0, NULL));
	bans_fini(&all);
}

static void
all_may_be_kept_out(void)
{
	struct bans all;

	bans_init(&all);
	CU_ASSERT(add(&all, "0.0.0.0/0", UINT64_MAX, NULL));
	CU_ASSERT(is_out(&all, "127.0.0.1", 0, NULL));
	CU_ASSERT_FALSE(is_out(&all, "::1", 0, NULL));
	CU_ASSERT(add(&all, "::/0", UINT64_MAX, "closed"));
	CU_ASSERT(is_out(&all, "::1", 0, "closed"));
	bans_fini(&all);
}

static void
bans_end_when_their_time_is_over(void)
{
	struct blob *list = NULL;
	struct bans all;

	bans_init(&all);
	CU_ASSERT(add(&all, "192.0.2.1", WALL + 1000, "spam"));
	CU_ASSERT(is_out(&all, "192.0.2.1", 999, "spam"));
	bans_list(&all, 400, WALL + 400, &list);
	CU_ASSERT(slice_is((struct slice){ list->data, list->len },
	    "STAT ban 192.0.2.1 until=1001000 by=root spam\n"));
	blob_unref(&list);
	CU_ASSERT_FALSE(is_out(&all, "192.0.2.1", 1000, NULL));
	CU_ASSERT_FALSE(lift(&all, "192.0.2.1", 1000));
	CU_ASSERT(add(&all, "192.0.2.1", WALL + 1000, NULL));
	bans_list(&all, 1000, WALL + 1000, &list);
	CU_ASSERT_PTR_NULL(list);
	CU_ASSERT_EQUAL(all.count, 0);
	/* Over before it began. */
	CU_ASSERT(add(&all, "192.0.2.1", WALL - 1, NULL));
	CU_ASSERT_FALSE(is_out(&all, "192.0.2.1", 0, NULL));
	CU_ASSERT(add(&all, "192.0.2.1", UINT64_MAX, NULL));
	bans_list(&all, 0, WALL, &list);
	CU_ASSERT(slice_is((struct slice){ list->data, list->len },
	    "STAT ban 192.0.2.1 until=never by=root\n"));
	blob_unref(&list);
	bans_fini(&all);
}

static void
there_are_only_so_many(void)
{
	struct bans all;
	char text[32];

	bans_init(&all);
	for (int i = 0; i < BANS_MAX; i++) {
		sprintf(text, "10.%d.%d.0/24", i >> 8, i & 255);
		CU_ASSERT_FATAL(add(&all, text, i == 7 ? WALL + 5 :
		    UINT64_MAX, NULL));
	}
	CU_ASSERT(is_out(&all, "10.0.7.1", 0, NULL));
	CU_ASSERT(is_out(&all, "10.39.15.1", 0, NULL));
	CU_ASSERT_FALSE(add(&all, "192.0.2.1", UINT64_MAX, NULL));
	CU_ASSERT(add(&all, "10.0.8.0/24", UINT64_MAX, "again"));
	bans_fini(&all);
}

static CU_TestInfo tests[] = {
	{ "addresses and networks are kept out",
	    addresses_and_networks_are_kept_out },
	{ "all may be kept out", all_may_be_kept_out },
	{ "bans end when their time is over",
	    bans_end_when_their_time_is_over },
	{ "there are only so many", there_are_only_so_many },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "bans", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
