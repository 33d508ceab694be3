/* test_settings.c -- a room's topic, switches and roles
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "room/settings.h"
#include "suite.h"

static bool
set(struct settings *s, const char *key, const char *value)
{
	const char *why = NULL;
	enum error e =
	    settings_change(s, slice_of(key), slice_of(value), &why);

	CU_ASSERT(e == ERROR_NONE || (e == ERROR_BAD_VALUE && why != NULL));
	return e == ERROR_NONE;
}

static void
every_key_changes_its_own(void)
{
	struct settings s;

	settings_init(&s);
	CU_ASSERT(settings_are_plain(&s));
	CU_ASSERT(set(&s, "topic", "a b"));
	CU_ASSERT(slice_is((struct slice){ s.topic->data, s.topic->len },
	    "a b"));
	CU_ASSERT(set(&s, "hidden", "on") && s.hidden);
	CU_ASSERT(set(&s, "members-only", "on") && s.members_only);
	CU_ASSERT(set(&s, "moderated", "on") && s.moderated);
	CU_ASSERT(set(&s, "ephemeral", "on") && s.ephemeral);
	CU_ASSERT(set(&s, "slow", "5") && s.slow == 5);
	CU_ASSERT(set(&s, "calm", "60") && s.calm == 60);
	CU_ASSERT(set(&s, "keep", "7d") && s.keep_ms == 604800000 &&
	    s.keep_count == 0);
	CU_ASSERT(set(&s, "keep", "7") && s.keep_ms == 0 &&
	    s.keep_count == 7);
	settings_fini(&s);
}

static void
an_empty_value_is_the_default(void)
{
	static const struct { const char *key, *value; } all[] = {
		{ "topic", "x" }, { "hidden", "on" },
		{ "members-only", "on" }, { "moderated", "on" },
		{ "ephemeral", "on" }, { "keep", "7d" }, { "keep", "7" },
		{ "slow", "5" }, { "calm", "60" }
	};
	struct settings s;

	settings_init(&s);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		CU_ASSERT(set(&s, all[i].key, all[i].value));
		CU_ASSERT_FALSE(settings_are_plain(&s));
		CU_ASSERT(set(&s, all[i].key, ""));
		CU_ASSERT(settings_are_plain(&s));
		CU_ASSERT_STRING_EQUAL(settings_key(slice_of(all[i].key)),
		    all[i].key);
	}
	CU_ASSERT_PTR_NULL(settings_key(slice_of("colour")));
	CU_ASSERT_STRING_EQUAL(settings_key(slice_of("TOPIC")), "topic");
	settings_fini(&s);
}

static void
a_value_refused_changes_nothing(void)
{
	struct settings s;

	settings_init(&s);
	set(&s, "hidden", "on");
	set(&s, "keep", "7d");
	set(&s, "slow", "5");
	CU_ASSERT_FALSE(set(&s, "hidden", "maybe"));
	CU_ASSERT_FALSE(set(&s, "keep", "never"));
	CU_ASSERT_FALSE(set(&s, "slow", "-1"));
	CU_ASSERT_FALSE(set(&s, "colour", "red"));
	CU_ASSERT(s.hidden && s.keep_ms == 604800000 && s.slow == 5);
	settings_fini(&s);
}

static void
roles_are_had_until_they_end(void)
{
	struct slice mo = slice_of("mo"), ben = slice_of("ben");
	struct settings s;

	settings_init(&s);
	CU_ASSERT_EQUAL(settings_role(&s, mo, 0), ROLE_NONE);
	settings_give(&s, mo, ROLE_VOICE, 100);
	settings_give(&s, ben, ROLE_OWNER, UINT64_MAX);
	CU_ASSERT_EQUAL(settings_role(&s, mo, 99), ROLE_VOICE);
	CU_ASSERT_EQUAL(settings_role(&s, mo, 100), ROLE_NONE);
	CU_ASSERT_EQUAL(settings_role(&s, ben, UINT64_MAX - 1), ROLE_OWNER);
	settings_give(&s, mo, ROLE_MUTED, UINT64_MAX);
	CU_ASSERT_EQUAL(settings_role(&s, mo, 100), ROLE_MUTED);
	CU_ASSERT_EQUAL(s.grants.count, 2);
	settings_give(&s, mo, ROLE_NONE, UINT64_MAX);
	CU_ASSERT_EQUAL(s.grants.count, 1);
	CU_ASSERT_FALSE(settings_are_plain(&s));
	settings_give(&s, ben, ROLE_NONE, UINT64_MAX);
	CU_ASSERT(settings_are_plain(&s));
	settings_fini(&s);
}

static void
owners_are_counted(void)
{
	struct settings s;

	settings_init(&s);
	settings_give(&s, slice_of("a"), ROLE_OWNER, UINT64_MAX);
	settings_give(&s, slice_of("a"), ROLE_OWNER, 5);
	CU_ASSERT_EQUAL(s.owners, 1);
	settings_give(&s, slice_of("b"), ROLE_OWNER, UINT64_MAX);
	CU_ASSERT_EQUAL(s.owners, 2);
	settings_give(&s, slice_of("b"), ROLE_MEMBER, UINT64_MAX);
	CU_ASSERT_EQUAL(s.owners, 1);
	settings_expire(&s, 4);
	CU_ASSERT_EQUAL(s.owners, 1);
	settings_expire(&s, 5);
	CU_ASSERT_EQUAL(s.owners, 0);
	settings_fini(&s);
}

static void
what_is_over_is_dropped_and_no_more(void)
{
	struct settings s;
	char key[8];

	settings_init(&s);
	for (unsigned i = 1; i <= 500; i++) {
		snprintf(key, sizeof(key), "k%u", i);
		settings_give(&s, slice_of(key), ROLE_MUTED, i);
	}
	settings_give(&s, slice_of("ever"), ROLE_MUTED, UINT64_MAX);
	for (unsigned now = 0; now <= 600; now += 50) {
		settings_expire(&s, now);
		CU_ASSERT_EQUAL(s.grants.count, 1 +
		    (now < 500 ? 500 - now : 0));
	}
	settings_fini(&s);
}

static CU_TestInfo tests[] = {
	{ "every key changes its own", every_key_changes_its_own },
	{ "an empty value is the default", an_empty_value_is_the_default },
	{ "a value refused changes nothing",
	    a_value_refused_changes_nothing },
	{ "roles are had until they end", roles_are_had_until_they_end },
	{ "owners are counted", owners_are_counted },
	{ "what is over is dropped, and no more",
	    what_is_over_is_dropped_and_no_more },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "settings", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
