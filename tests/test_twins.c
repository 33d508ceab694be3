/* test_twins.c -- names that look like others are refused, or are the same
 *
 * SPDX-License-Identifier: MIT
 *
 * tests/twins.txt has them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unicode/utf8.h>

#include "base/names.h"
#include "suite.h"

static struct names *names;

static FILE *
open_list(void)
{
	const char *srcdir = getenv("srcdir");
	char path[4096];

	snprintf(path, sizeof(path), "%s/tests/twins.txt",
	    srcdir != NULL ? srcdir : ".");
	return fopen(path, "r");
}

/* \uXXXX and \UXXXXXXXX as UTF-8; returns the length. */
static size_t
unescape(const char *from, char *to)
{
	size_t len = 0;
	int read;
	unsigned c;

	while (*from != '\0') {
		if (sscanf(from, "\\u%4x%n", &c, &read) == 1 ||
		    sscanf(from, "\\U%8x%n", &c, &read) == 1) {
			U8_APPEND_UNSAFE((uint8_t *)to, len, c);
			from += read;
		} else {
			to[len++] = *from++;
		}
	}
	to[len] = '\0';
	return len;
}

static bool
fold(enum name_kind kind, const char *escaped, char *key)
{
	char name[256];
	size_t len = unescape(escaped, name), key_len;
	const char *why;

	return name_fold(names, kind, name, len, key, &key_len, &why) == 0;
}

static bool
is_held_back(enum name_kind kind, const char *name, const char *twin)
{
	char key[NAME_KEY_MAX], twins[NAME_KEY_MAX];

	if (!fold(kind, name, key))
		return true;
	if (strcmp(twin, "-") != 0 && !fold(kind, twin, twins))
		CU_FAIL("the twin is no name");
	if (strcmp(twin, "-") != 0 && strcmp(key, twins) == 0)
		return true;
	printf("\n    %s is a name of its own, beside %s", name, twin);
	return false;
}

static void
who_looks_like_another_is_the_same_or_nobody(void)
{
	char line[512], name[256], twin[256];
	FILE *file = open_list();
	unsigned pairs = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		if (line[0] == '#' || line[0] == '\n')
			continue;
		CU_ASSERT_EQUAL_FATAL(
		    sscanf(line, "%255s %255s", name, twin), 2);
		pairs++;
		CU_ASSERT(is_held_back(NAME_NICK, name, twin));
		CU_ASSERT(is_held_back(NAME_ROOM, name, twin));
	}
	fclose(file);
	CU_ASSERT(pairs > 150);
}

/* What only looks like its capitals is a good name in small letters. */
static void
names_of_other_scripts_are_still_names(void)
{
	static const char *const list[] = { "Анна", "Том", "вова", "Максим",
	    "Νίκος", "Ζωή", "ΣΩΚΡΑΤΗΣ", "ЖОРА", "Ольга", "Ida", "IBM",
	    "room-2020", "Iris_0", "שרה", "محمد", "張偉", "ひらがな" };
	char key[NAME_KEY_MAX];

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (!fold(NAME_NICK, list[i], key)) {
			printf("\n    %s", list[i]);
			CU_FAIL("refused");
		}
}

static int
start(void)
{
	const char *why;

	names = names_new(&why);
	return names == NULL;
}

static int
stop(void)
{
	names_free(&names);
	return 0;
}

static CU_TestInfo tests[] = {
	{ "who looks like another is the same, or nobody",
	    who_looks_like_another_is_the_same_or_nobody },
	{ "names of other scripts are still names",
	    names_of_other_scripts_are_still_names },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "twins", start, stop, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
