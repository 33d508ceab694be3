/* test_help.c -- answers that need nobody else
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fake.h"
#include "net/help.h"
#include "suite.h"
#include "wire/vcrp.h"

/* A connection of somebody who is logged in. */
struct asker {
	struct net   net;
	struct guy  *guy;
	struct conn *conn;
	int          peer;
};

static void
open_asker(struct asker *a, struct guy *guy)
{
	struct peer from = { .local = true };
	int fds[2];

	memset(a, 0, sizeof(*a));
	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
	a->net.registry = guy->fake->registry;
	a->guy = guy;
	a->peer = fds[1];
	a->conn = conn_new(&a->net, fds[0], &from, 1, 1);
	a->conn->contact.person = guy->contact.person;
}

static void
close_asker(struct asker *a)
{
	conn_free(&a->conn);
	close(a->peer);
}

/* The answer to a line; good until the next. */
static const char *
answer(struct asker *a, const char *line,
    void (*fn)(struct conn *, const struct words *))
{
	static char got[65536];
	char why[WHY_MAX];
	struct words w;
	ssize_t n;

	CU_ASSERT_EQUAL_FATAL(vcrp_parse(slice_of(line), &w, why),
	    ERROR_NONE);
	fn(a->conn, &w);
	CU_ASSERT_EQUAL(conn_flush(a->conn), 1);
	n = recv(a->peer, got, sizeof(got) - 1, MSG_DONTWAIT);
	got[n > 0 ? n : 0] = '\0';
	return got;
}

static void
a_ping_is_given_back(void)
{
	struct fake *f = fake_new();
	struct asker a;

	open_asker(&a, fake_guest(f, "alice", NULL));
	CU_ASSERT_STRING_EQUAL(answer(&a, "PING", help_pong), "PONG\n");
	CU_ASSERT_STRING_EQUAL(answer(&a, "@id=p PING  a b ", help_pong),
	    "@id=p PONG  a b \n");
	close_asker(&a);
	fake_free(&f);
}

static void
every_verb_and_every_code_is_explained(void)
{
	struct fake *f = fake_new();
	struct asker a;
	char line[64], expected[1024];

	open_asker(&a, fake_guest(f, "alice", NULL));
	for (int v = 0; v < VERB_COUNT; v++) {
		const struct command *c = command_at(v);

		snprintf(line, sizeof(line), "HELP %s", c->name);
		snprintf(expected, sizeof(expected),
		    "NOTICE %s %s%s- %s%s\nOK HELP\n", c->name, c->usage,
		    *c->usage != '\0' ? " " : "", c->help,
		    c->admin ? " (for administrators)" : "");
		CU_ASSERT_STRING_EQUAL(answer(&a, line, help_answer),
		    expected);
	}
	for (int e = ERROR_NONE + 1; e < ERROR_COUNT; e++) {
		snprintf(line, sizeof(line), "@id=h HELP %s", error_code(e));
		snprintf(expected, sizeof(expected),
		    "NOTICE %s - %s\n@id=h OK HELP\n", error_code(e),
		    error_help(e));
		CU_ASSERT_STRING_EQUAL(answer(&a, line, help_answer),
		    expected);
	}
	CU_ASSERT_STRING_EQUAL(answer(&a, "HELP nonsense", help_answer),
	    "ERR bad-value neither a command nor an error's code\n");
	CU_ASSERT_PTR_NOT_NULL(strstr(answer(&a, "HELP", help_answer),
	    " SHUTDOWN\n"));
	close_asker(&a);
	fake_free(&f);
}

static void
patterns_match_as_a_shells_do(void)
{
	static const struct { const char *pattern, *text; bool same; }
	    cases[] = {
		{ "", "", true }, { "", "a", false }, { "*", "", true },
		{ "*", "anything", true }, { "?", "", false },
		{ "?", "a", true }, { "?", "ab", false },
		{ "lob*", "LOBBY", true }, { "*by", "lobby", true },
		{ "*by", "lobbyx", false }, { "l*b*y", "lobby", true },
		{ "*ab*ab*", "abxab", true }, { "*ab*ab*", "abab", true },
		{ "*ab*ab*", "abba", false }, { "a*b?c", "axxbbxc", true },
		{ "**", "a", true }, { "lobby", "lobb", false },
		{ "lobb", "lobby", false }, { "a?c*", "abcdef", true },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CU_ASSERT_EQUAL(help_matches(slice_of(cases[i].pattern),
		    slice_of(cases[i].text)), cases[i].same);
}

static void
a_pattern_of_stars_ends(void)
{
	char pattern[2001], text[4001];

	for (size_t i = 0; i < 2000; i += 2)
		memcpy(pattern + i, "*a", 2);
	pattern[2000] = '\0';
	memset(text, 'a', 3999);
	text[3999] = 'b';
	text[4000] = '\0';
	CU_ASSERT_FALSE(help_matches(slice_of(pattern), slice_of(text)));
}

static struct room *
make_room(struct fake *f, struct guy *guy, const char *name)
{
	struct room *room = NULL;
	const char *limit;

	CU_ASSERT_EQUAL_FATAL(fake_open(f, name, guy, &room, &limit),
	    ERROR_NONE);
	return room;
}

static void
list_tells_the_rooms_one_may_see(void)
{
	struct fake *f = fake_new();
	struct guy *alice = fake_guest(f, "alice", NULL);
	struct guy *bob = fake_guest(f, "bob", NULL);
	struct guy *admin = fake_admin(f, "root");
	struct room *lobby, *cave, *two;
	struct asker a, root;
	const char *why;
	char expected[256];

	lobby = make_room(f, alice, "lobby");
	cave = make_room(f, alice, "cave");
	two = make_room(f, alice, "@bob");
	lock_take(&f->registry->lock);
	settings_change(&lobby->settings, slice_of("topic"), slice_of("a b"),
	    &why);
	settings_change(&cave->settings, slice_of("hidden"), slice_of("on"),
	    &why);
	lock_drop(&f->registry->lock);
	open_asker(&a, alice);
	open_asker(&root, admin);
	snprintf(expected, sizeof(expected),
	    "ROOM lobby %llu 0 a b\n@id=l OK LIST\n",
	    (unsigned long long)counter_get(&lobby->seen_last));
	CU_ASSERT_STRING_EQUAL(answer(&a, "@id=l LIST", help_list), expected);
	CU_ASSERT_STRING_EQUAL(answer(&a, "@id=l LIST lo*", help_list),
	    expected);
	CU_ASSERT_STRING_EQUAL(answer(&a, "LIST c*", help_list), "OK LIST\n");
	CU_ASSERT_EQUAL(strncmp(answer(&root, "LIST c*", help_list),
	    "ROOM cave ", 10), 0);
	CU_ASSERT_EQUAL(strncmp(answer(&a, "LIST @", help_list),
	    "ROOM @~alice,~bob ", 18), 0);
	CU_ASSERT_STRING_EQUAL(answer(&root, "LIST @", help_list),
	    "OK LIST\n");
	close_asker(&a);
	open_asker(&a, bob);
	CU_ASSERT_EQUAL(strncmp(answer(&a, "LIST @", help_list),
	    "ROOM @~alice,~bob ", 18), 0);
	close_asker(&a);
	close_asker(&root);
	registry_close(f->registry, lobby);
	registry_close(f->registry, cave);
	registry_close(f->registry, two);
	registry_stop(f->registry);
	fake_free(&f);
}

static CU_TestInfo tests[] = {
	{ "a PING is given back", a_ping_is_given_back },
	{ "every verb and every code is explained",
	    every_verb_and_every_code_is_explained },
	{ "patterns match as a shell's do", patterns_match_as_a_shells_do },
	{ "a pattern of stars ends", a_pattern_of_stars_ends },
	{ "LIST tells the rooms one may see",
	    list_tells_the_rooms_one_may_see },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "help", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
