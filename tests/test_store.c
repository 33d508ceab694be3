/* test_store.c -- what the store was told is there after a restart
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <sodium.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "proto/mail.h"
#include "stored.h"
#include "suite.h"

#define LIFE "0123456789abcdef0123456789abcdef"

enum { MANY = 1000 };

static struct stored *
running(void)
{
	struct stored *s = stored_new();

	CU_ASSERT_FATAL(stored_open(s));
	stored_start(s);
	return s;
}

/* Closes it and asks whether these rows, and no others, are there. */
static bool
leaves(struct stored *s, const char *rows)
{
	const char *text;

	if (s->store != NULL)
		stored_close(s);
	text = stored_rows(s);
	if (strcmp(text, rows) != 0)
		printf("\n    there is:\n%s    not:\n%s", text, rows);
	return strcmp(text, rows) == 0;
}

static void
a_new_one_is_empty_and_has_no_life(void)
{
	struct stored *s = stored_new();
	struct stat st;

	CU_ASSERT_FATAL(stored_open(s));
	CU_ASSERT_STRING_EQUAL(store_life(s->store), "");
	CU_ASSERT_EQUAL(stat(s->path, &st), 0);
	CU_ASSERT_EQUAL(st.st_mode & 0777, 0600);
	CU_ASSERT(leaves(s, ""));
	stored_free(&s);
}

static void
its_life_is_kept(void)
{
	struct stored *s = stored_new();

	CU_ASSERT_FATAL(stored_open(s));
	CU_ASSERT(store_set_life(s->store, LIFE, s->why, sizeof(s->why)));
	CU_ASSERT_STRING_EQUAL(store_life(s->store), LIFE);
	stored_close(s);
	CU_ASSERT_FATAL(stored_open(s));
	CU_ASSERT_STRING_EQUAL(store_life(s->store), LIFE);
	stored_free(&s);
}

static void
every_switch_is_kept(void)
{
	struct stored *s = running();
	struct switches all = { .hidden = true, .members_only = true,
		.moderated = true, .ephemeral = true, .keep_ms = 86400000,
		.keep_count = 5, .slow = 7, .calm = 9 };
	struct switches one = { .moderated = true };

	blob_add(&all.topic, slice_of("a \"topic\" of  words"));
	stored_switches(s, "a", &all);
	stored_switches(s, "b", &one);
	stored_topic(s, "c", "of c");
	CU_ASSERT(stored_done(s, "a", true));
	CU_ASSERT(stored_done(s, "b", true));
	CU_ASSERT(stored_done(s, "c", true));
	CU_ASSERT(leaves(s, "room a a hidden members-only moderated ephemeral"
	    " keep=86400000ms keep=5 slow=7 calm=9 a \"topic\" of  words\n"
	    "room b b moderated\n"
	    "room c c of c\n"));
	stored_free(&s);
}

static void
the_last_change_counts(void)
{
	struct stored *s = running();

	stored_topic(s, "a", "first");
	stored_topic(s, "a", "second");
	stored_role(s, "a", "bob", ROLE_VOICE, UINT64_MAX);
	stored_role(s, "a", "bob", ROLE_MODERATOR, UINT64_MAX);
	for (int i = 0; i < 2; i++)
		CU_ASSERT(stored_done(s, "a", true));
	for (int i = 0; i < 2; i++)
		CU_ASSERT(stored_done(s, "bob", true));
	CU_ASSERT(leaves(s, "room a a second\nrole a bob moderator\n"));
	stored_free(&s);
}

static int
rows_of(const struct stored *s, const char *table)
{
	sqlite3 *other = stored_other(s);
	sqlite3_stmt *count;
	char sql[64];
	int n = -1;

	snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s", table);
	if (sqlite3_prepare_v2(other, sql, -1, &count, NULL) == SQLITE_OK &&
	    sqlite3_step(count) == SQLITE_ROW)
		n = sqlite3_column_int(count, 0);
	sqlite3_finalize(count);
	sqlite3_close(other);
	return n;
}

static void
a_room_without_anything_has_no_row(void)
{
	struct stored *s = running();

	stored_topic(s, "a", "topic");
	stored_role(s, "a", "bob", ROLE_OWNER, UINT64_MAX);
	stored_topic(s, "a", "");
	stored_role(s, "b", "bob", ROLE_OWNER, UINT64_MAX);
	stored_topic(s, "c", "topic");
	stored_topic(s, "c", "");
	stored_role(s, "d", "bob", ROLE_OWNER, UINT64_MAX);
	stored_role(s, "d", "bob", ROLE_NONE, UINT64_MAX);
	stored_role(s, "e", "bob", ROLE_NONE, UINT64_MAX);
	for (const char *what = "aba" "b" "ccbbb"; *what != '\0'; what++)
		CU_ASSERT(stored_done(s, *what == 'b' ? "bob" :
		    *what == 'a' ? "a" : "c", true));
	CU_ASSERT_EQUAL(rows_of(s, "rooms"), 2);
	CU_ASSERT_EQUAL(rows_of(s, "grants"), 2);
	CU_ASSERT(leaves(s, "room a a\nroom b b\n"
	    "role a bob owner\nrole b bob owner\n"));
	stored_free(&s);
}

static void
a_role_ends_at_its_time(void)
{
	struct stored *s = running();
	uint64_t now = clock_wall_ms(), later = now + 3600000;
	char rows[256];

	stored_role(s, "a", "over", ROLE_MUTED, now - 1);
	stored_role(s, "a", "later", ROLE_MUTED, later);
	stored_role(s, "b", "over", ROLE_BANNED, now - 1);
	CU_ASSERT(stored_done(s, "over", true));
	CU_ASSERT(stored_done(s, "later", true));
	CU_ASSERT(stored_done(s, "over", true));
	snprintf(rows, sizeof(rows), "room a a\nrole a later muted %llu\n",
	    (unsigned long long)later);
	CU_ASSERT(leaves(s, rows));
	stored_free(&s);
}

static void
names_are_kept_newest_first(void)
{
	struct stored *s = running();

	stored_reserve(s, "bob", 1000, 'b');
	stored_reserve(s, "Alice", 2000, 'a');
	CU_ASSERT(stored_done(s, "~bob", true));
	CU_ASSERT(stored_done(s, "~Alice", true));
	CU_ASSERT(leaves(s, "guest Alice 2000 a\nguest bob 1000 b\n"));
	stored_free(&s);
}

static void
a_name_that_is_over_is_forgotten(void)
{
	struct stored *s = running();

	stored_reserve(s, "alice", 1000, 'a');
	stored_reserve(s, "bob", 1000, 'b');
	stored_forget(s, "alice", 1000);
	/* Had by somebody else meanwhile. */
	stored_reserve(s, "bob", 2000, 'c');
	stored_forget(s, "bob", 1000);
	CU_ASSERT(stored_done(s, "~alice", true));
	CU_ASSERT(stored_done(s, "~bob", true));
	CU_ASSERT(stored_done(s, "~bob", true));
	CU_ASSERT(leaves(s, "guest bob 2000 c\n"));
	stored_free(&s);
}

static bool
none(struct slice nick, uint64_t since, const unsigned char *secret,
    void *arg)
{
	(void)since;
	(void)secret;
	(void)arg;
	return !slice_is(nick, "alice");
}

static void
who_cannot_come_back_is_forgotten(void)
{
	struct stored *s = running();

	stored_reserve(s, "alice", 1000, 'a');
	stored_reserve(s, "bob", 1000, 'b');
	CU_ASSERT(stored_done(s, "~alice", true));
	CU_ASSERT(stored_done(s, "~bob", true));
	stored_close(s);
	CU_ASSERT_FATAL(stored_open(s));
	CU_ASSERT(store_each_guest(s->store, none, NULL, s->why,
	    sizeof(s->why)));
	CU_ASSERT(leaves(s, "guest bob 1000 b\n"));
	stored_free(&s);
}

static void
what_was_written_by_hand_does_no_harm(void)
{
	struct stored *s = running();
	sqlite3 *other;

	stored_topic(s, "good", "topic");
	CU_ASSERT(stored_done(s, "good", true));
	stored_close(s);
	other = stored_other(s);
	CU_ASSERT_EQUAL(sqlite3_exec(other,
	    "INSERT INTO rooms (key, name, topic) VALUES"
	    " (x'', 'empty', 'x'), (zeroblob(5000), 'long', 'x'),"
	    " (x'61', '', 'x');"
	    "INSERT INTO grants VALUES ('good', x'61', 'king', NULL),"
	    " (x'676f6f64', x'62', 'none', NULL),"
	    " (x'676f6f64', x'', 'owner', NULL),"
	    " (x'676f6f64', x'63', 'voice', NULL);"
	    "INSERT INTO guests VALUES ('a', -5, zeroblob(32)),"
	    " ('b', 5, zeroblob(31)), ('', 5, zeroblob(32))",
	    NULL, NULL, NULL), SQLITE_CONSTRAINT);
	CU_ASSERT_EQUAL(sqlite3_exec(other,
	    "INSERT INTO grants VALUES (x'676f6f64', x'61', 'king', NULL),"
	    " (x'676f6f64', x'62', 'none', NULL),"
	    " (x'676f6f64', x'', 'owner', NULL),"
	    " (x'676f6f64', x'63', 'voice', NULL);"
	    "INSERT INTO guests VALUES ('a', -5, zeroblob(32)),"
	    " ('b', 5, zeroblob(31)), ('', 5, zeroblob(32))",
	    NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(other);
	CU_ASSERT(leaves(s, "room good good topic\nrole good c voice\n"));
	stored_free(&s);
}

/* One transaction, so one sync, for all mail that waits. */
static void
many_are_one_commit(void)
{
	struct stored *s = stored_new();
	struct store_counts counts;
	char nick[16];

	CU_ASSERT_FATAL(stored_open(s));
	for (int i = 0; i < MANY; i++) {
		snprintf(nick, sizeof(nick), "n%d", i);
		stored_reserve(s, nick, 1000, 'x');
	}
	stored_start(s);
	for (int i = 0; i < MANY; i++) {
		snprintf(nick, sizeof(nick), "~n%d", i);
		CU_ASSERT(stored_done(s, nick, true));
	}
	store_counts(s->store, &counts);
	CU_ASSERT_EQUAL(counts.commits, 1);
	CU_ASSERT_EQUAL(counts.changes, MANY);
	CU_ASSERT_EQUAL(counts.failures, 0);
	CU_ASSERT_EQUAL(counts.waiting, 0);
	stored_free(&s);
}

static void
a_stop_writes_what_waits(void)
{
	struct stored *s = stored_new();

	CU_ASSERT_FATAL(stored_open(s));
	stored_topic(s, "a", "topic");
	stored_forget(s, "bob", 1000);
	stored_start(s);
	store_stop(s->store);
	s->runs = false;
	CU_ASSERT(stored_done(s, "a", true));
	CU_ASSERT(leaves(s, "room a a topic\n"));
	stored_free(&s);
}

static void
bans_are_kept_until_they_are_lifted(void)
{
	struct stored *s = running();

	stored_ban(s, "192.0.2.1", UINT64_MAX, "spam \"and\" more");
	stored_ban(s, "198.51.100.0/24", UINT64_C(4102444800000), "");
	stored_ban(s, "2001:db8::/32", UINT64_MAX, "wrong");
	stored_ban(s, "2001:db8::/32", UINT64_MAX, "right");
	stored_ban(s, "203.0.113.9", UINT64_MAX, "");
	stored_ban(s, "203.0.113.9", 0, NULL);
	stored_ban(s, "203.0.113.10", 1, "over");
	CU_ASSERT(leaves(s, "ban 192.0.2.1 root spam \"and\" more\n"
	    "ban 198.51.100.0/24 4102444800000 root\n"
	    "ban 2001:db8::/32 root right\n"));
	stored_free(&s);
}

static CU_TestInfo tests[] = {
	{ "bans are kept until they are lifted",
	    bans_are_kept_until_they_are_lifted },
	{ "a new one is empty and has no life",
	    a_new_one_is_empty_and_has_no_life },
	{ "its life is kept", its_life_is_kept },
	{ "every switch is kept", every_switch_is_kept },
	{ "the last change counts", the_last_change_counts },
	{ "a room without anything has no row",
	    a_room_without_anything_has_no_row },
	{ "a role ends at its time", a_role_ends_at_its_time },
	{ "names are kept, newest first", names_are_kept_newest_first },
	{ "a name that is over is forgotten",
	    a_name_that_is_over_is_forgotten },
	{ "who cannot come back is forgotten",
	    who_cannot_come_back_is_forgotten },
	{ "what was written by hand does no harm",
	    what_was_written_by_hand_does_no_harm },
	{ "many are one commit", many_are_one_commit },
	{ "a stop writes what waits", a_stop_writes_what_waits },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "store", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
