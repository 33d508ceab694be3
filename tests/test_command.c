/* test_command.c -- the tables of commands and of error codes are whole
 *
 * SPDX-License-Identifier: MIT */
#include <ctype.h>

#include "proto/command.h"
#include "proto/error.h"
#include "proto/words.h"
#include "suite.h"
#include "wire/vcrp.h"

static void
every_verb_has_a_whole_row(void)
{
	for (int v = 0; v < VERB_COUNT; v++) {
		const struct command *c = command_at(v);

		CU_ASSERT_PTR_NOT_NULL_FATAL(c->name);
		CU_ASSERT_EQUAL(c->verb, (enum verb)v);
		CU_ASSERT(strlen(c->words) <= WORDS_MAX);
		CU_ASSERT(c->least <= strlen(c->words));
		CU_ASSERT_EQUAL(strspn(c->words, "rpcmzw"), strlen(c->words));
		CU_ASSERT(c->usage != NULL && c->help != NULL);
		CU_ASSERT(strlen(c->help) > 10);
		for (const char *at = c->name; *at != '\0'; at++)
			CU_ASSERT(isupper((unsigned char)*at));
		/* A text needs all words before it. */
		CU_ASSERT(c->text == TEXT_NONE ||
		    c->least == strlen(c->words));
		/* What a room runs names it first. */
		CU_ASSERT((c->where == RUN_ROOM) == (c->words[0] == 'r'));
		CU_ASSERT(!c->stores || c->where == RUN_ROOM);
		CU_ASSERT(c->name[0] != '@' &&
		    vcrp_stranger(slice_of(c->name)) == NULL);
	}
}

static void
verbs_are_found_in_any_case(void)
{
	for (int v = 0; v < VERB_COUNT; v++) {
		const char *name = command_at(v)->name;
		char lower[32];
		size_t len = strlen(name);

		for (size_t i = 0; i <= len; i++)
			lower[i] = (char)tolower((unsigned char)name[i]);
		CU_ASSERT_PTR_EQUAL(command_find(slice_of(name)),
		    command_at(v));
		CU_ASSERT_PTR_EQUAL(command_find(slice_of(lower)),
		    command_at(v));
		CU_ASSERT_PTR_NULL(command_find(
		    (struct slice){ name, len - 1 }));
	}
	CU_ASSERT_PTR_NULL(command_find(slice_of("SAYS")));
	CU_ASSERT_PTR_NULL(command_find(slice_of("MSG")));
	CU_ASSERT_PTR_NULL(command_find((struct slice){ "", 0 }));
}

/* doc/vcrp-1.md lists them; none is ever given a second meaning. */
static void
error_codes_are_the_documents(void)
{
	static const char codes[] = "bad-line too-long bad-utf8 unknown-verb "
	    "bad-name bad-value name-taken name-reserved need-login need-tls "
	    "auth-failed no-such-room no-such-name no-such-number not-member "
	    "denied banned muted too-fast too-many room-full storage-full "
	    "busy shutting-down internal ";
	const char *at = codes;

	for (int e = ERROR_NONE + 1; e < ERROR_COUNT; e++) {
		size_t len = strcspn(at, " ");

		CU_ASSERT_PTR_NOT_NULL_FATAL(error_code(e));
		CU_ASSERT(slice_is((struct slice){ at, len },
		    error_code(e)));
		CU_ASSERT(strlen(error_help(e)) > 10);
		CU_ASSERT_EQUAL(error_find((struct slice){ at, len }),
		    (enum error)e);
		at += len + 1;
	}
	CU_ASSERT_EQUAL(*at, '\0');
	CU_ASSERT_EQUAL(error_find(slice_of("DENIED")), ERROR_DENIED);
	CU_ASSERT_EQUAL(error_find(slice_of("nonsense")), ERROR_NONE);
}

static CU_TestInfo tests[] = {
	{ "every verb has a whole row", every_verb_has_a_whole_row },
	{ "verbs are found in any case", verbs_are_found_in_any_case },
	{ "error codes are the document's", error_codes_are_the_documents },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "command", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
