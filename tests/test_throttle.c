/* test_throttle.c -- who waits how long to try again
 *
 * SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "net/throttle.h"
#include "suite.h"

static struct throttle t;
static uint64_t now;

static struct peer
from(const char *text)
{
	struct peer p = { .local = *text == '\0' };
	struct in_addr v4;

	if (inet_pton(AF_INET, text, &v4) == 1) {
		p.ip.s6_addr[10] = p.ip.s6_addr[11] = 0xff;
		memcpy(p.ip.s6_addr + 12, &v4, 4);
	} else if (*text != '\0') {
		CU_ASSERT(inet_pton(AF_INET6, text, &p.ip) == 1);
	}
	return p;
}

static void
begin(void)
{
	throttle_init(&t);
	now = 1000 * THROTTLE_FADE_MS;
}

static uint64_t
waits(const char *place, const char *account)
{
	struct peer p = from(place);
	bool by_place;
	uint64_t ms = throttle_wait(&t, &p, slice_of(account), now,
	    &by_place);

	CU_ASSERT(!by_place || ms >= THROTTLE_FIRST_MS);
	return ms;
}

static bool
waits_for_place(const char *place, const char *account)
{
	struct peer p = from(place);
	bool by_place;

	throttle_wait(&t, &p, slice_of(account), now, &by_place);
	return by_place;
}

static void
fails(const char *place, const char *account, unsigned times)
{
	struct peer p = from(place);

	while (times-- > 0)
		throttle_failed(&t, &p, slice_of(account), now);
}

static void
passes(const char *place, const char *account)
{
	struct peer p = from(place);

	throttle_passed(&t, &p, slice_of(account), now);
}

static void
a_place_waits_longer_each_time(void)
{
	static const uint64_t expected[] = {
		0, 0, 0, 250, 500, 1000, 2000, 4000, 8000, 10000, 10000
	};

	begin();
	for (size_t i = 0; i < sizeof(expected) / sizeof(*expected); i++) {
		char name[16];

		CU_ASSERT(waits("192.0.2.1", "alice") == expected[i]);
		CU_ASSERT(waits_for_place("192.0.2.1", "alice") == (i >= 3));
		/* Whatever name it tries. */
		snprintf(name, sizeof(name), "a%zu", i);
		fails("192.0.2.1", name, 1);
	}
	fails("192.0.2.1", "alice", 1000000);
	CU_ASSERT(waits("192.0.2.1", "bob") == THROTTLE_PLACE_MS);
	CU_ASSERT(waits("192.0.2.2", "bob") == 0);
	throttle_fini(&t);
}

static void
an_owner_elsewhere_waits_a_second_at_most(void)
{
	static const uint64_t expected[] = { 0, 0, 0, 250, 500, 1000, 1000 };

	begin();
	for (size_t i = 0; i < sizeof(expected) / sizeof(*expected); i++) {
		CU_ASSERT(waits("192.0.2.2", "alice") == expected[i]);
		CU_ASSERT(!waits_for_place("192.0.2.2", "alice"));
		fails("192.0.2.1", "alice", 1);
	}
	fails("192.0.2.1", "alice", 100000);
	for (int i = 0; i < 1000; i++) {
		char place[32];

		snprintf(place, sizeof(place), "198.51.%d.%d", i / 250,
		    i % 250);
		fails(place, "alice", 100);
	}
	CU_ASSERT(waits("192.0.2.2", "alice") == THROTTLE_ACCOUNT_MS);
	CU_ASSERT(waits("192.0.2.2", "bob") == 0);
	throttle_fini(&t);
}

/* What one failed oneself counts for the place alone. */
static void
own_failures_are_not_those_of_others(void)
{
	begin();
	fails("192.0.2.1", "alice", 3);
	CU_ASSERT(waits("192.0.2.1", "alice") == 250);
	fails("192.0.2.2", "alice", 3);
	CU_ASSERT(waits("192.0.2.3", "alice") == 1000);
	CU_ASSERT(waits("192.0.2.2", "alice") == 250);
	throttle_fini(&t);
}

static void
a_64_of_ipv6_is_one_place(void)
{
	begin();
	fails("2001:db8::1", "alice", 3);
	CU_ASSERT(waits("2001:db8::ffff:1:2:3", "bob") == 250);
	CU_ASSERT(waits("2001:db8:0:1::1", "bob") == 0);
	CU_ASSERT(waits("192.0.2.1", "bob") == 0);
	fails("", "alice", 3);
	CU_ASSERT(waits("", "bob") == 250);
	CU_ASSERT(waits("::", "bob") == 0);
	throttle_fini(&t);
}

static void
half_is_forgotten_each_minute(void)
{
	begin();
	fails("192.0.2.1", "alice", 8);
	CU_ASSERT(waits("192.0.2.1", "alice") == 8000);
	now += THROTTLE_FADE_MS - 1;
	CU_ASSERT(waits("192.0.2.1", "alice") == 8000);
	now += 1;
	CU_ASSERT(waits("192.0.2.1", "alice") == 500);
	CU_ASSERT(waits("192.0.2.2", "alice") == 500);
	now += THROTTLE_FADE_MS;
	CU_ASSERT(waits("192.0.2.1", "alice") == 0);
	fails("192.0.2.1", "alice", 1);
	CU_ASSERT(waits("192.0.2.1", "alice") == 250);
	now += 100 * (uint64_t)THROTTLE_FADE_MS;
	CU_ASSERT(waits("192.0.2.1", "alice") == 0);
	fails("192.0.2.1", "alice", 3);
	CU_ASSERT(waits("192.0.2.1", "alice") == 250);
	throttle_fini(&t);
}

static void
success_takes_back_what_is_its_own(void)
{
	begin();
	fails("192.0.2.1", "alice", 5);
	fails("192.0.2.1", "bob", 3);
	passes("192.0.2.1", "alice");
	CU_ASSERT(waits("192.0.2.1", "alice") == 250);
	CU_ASSERT(waits("192.0.2.2", "alice") == 0);
	CU_ASSERT(waits("192.0.2.2", "bob") == 250);
	/* An account of one's own does not clear the place. */
	fails("192.0.2.9", "bob", 9);
	passes("192.0.2.9", "mallory");
	passes("192.0.2.9", "mallory");
	CU_ASSERT(waits("192.0.2.9", "bob") == THROTTLE_PLACE_MS);
	/* Nor does the owner's success help who guesses. */
	passes("192.0.2.2", "bob");
	CU_ASSERT(waits("192.0.2.9", "bob") == THROTTLE_PLACE_MS);
	CU_ASSERT(waits("192.0.2.2", "bob") == THROTTLE_ACCOUNT_MS);
	throttle_fini(&t);
}

static void
it_has_a_bound(void)
{
	char place[64];

	begin();
	fails("192.0.2.1", "alice", 3);
	for (unsigned i = 0; i < THROTTLE_MAX; i++) {
		snprintf(place, sizeof(place), "2001:db8:%x:%x::1",
		    i >> 8 & 0xffff, i & 0xff);
		fails(place, "bob", 1);
		CU_ASSERT(t.entries.count <= THROTTLE_MAX);
	}
	CU_ASSERT(t.entries.count == THROTTLE_MAX);
	CU_ASSERT(waits("192.0.2.1", "alice") == 0);
	/* The one that is used most is there still. */
	CU_ASSERT(waits("192.0.2.1", "bob") == THROTTLE_ACCOUNT_MS);
	throttle_fini(&t);
}

static CU_TestInfo tests[] = {
	{ "a place waits longer each time", a_place_waits_longer_each_time },
	{ "an owner elsewhere waits a second at most",
	    an_owner_elsewhere_waits_a_second_at_most },
	{ "own failures are not those of others",
	    own_failures_are_not_those_of_others },
	{ "a /64 of IPv6 is one place", a_64_of_ipv6_is_one_place },
	{ "half is forgotten each minute", half_is_forgotten_each_minute },
	{ "success takes back what is its own",
	    success_takes_back_what_is_its_own },
	{ "it has a bound", it_has_a_bound },
	CU_TEST_INFO_NULL
};

int
main(void)
{
	CU_SuiteInfo suites[] = {
		{ "throttle", NULL, NULL, NULL, NULL, tests },
		CU_SUITE_INFO_NULL
	};

	return suite_run(suites);
}
