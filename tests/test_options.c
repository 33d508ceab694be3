/* test_options.c -- each option has a row, and each row is sound
 *
 * SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/config.h"
#include "conf/options.h"
#include "suite.h"

static void
every_field_has_one_row(void)
{
	bool seen[sizeof(struct config) / sizeof(int64_t)] = { false };
	const struct option *option;
	size_t i;

	for (option = options; option->path != NULL; option++) {
		CU_ASSERT_EQUAL(option->offset % sizeof(int64_t), 0);
		i = option->offset / sizeof(int64_t);
		CU_ASSERT(!seen[i]);
		seen[i] = true;
	}
	for (i = 0; i < sizeof(seen); i++)
		CU_ASSERT(seen[i]);
}

static void
rows_are_sound(void)
{
	const struct option *option;
	int64_t n;

	for (option = options; option->path != NULL; option++) {
		CU_ASSERT_PTR_EQUAL(option_find(option->path), option);
		CU_ASSERT_PTR_NOT_NULL(strchr(option->path, '.'));
		CU_ASSERT_EQUAL(option->help[strlen(option->help) - 1], '.');
		if (option->type == OPTION_CHOICE) {
			for (n = 0; option->choices[n] != NULL; n++)
				continue;
			CU_ASSERT(option->standard < n);
		} else if (option->type == OPTION_LIST) {
			CU_ASSERT_PTR_NOT_NULL(option->check);
		} else {
			CU_ASSERT(option->standard >= option->min &&
			    option->standard <= option->max);
		}
		if (option->type == OPTION_TEXT || option->type == OPTION_LIST)
			CU_ASSERT(!option->reloadable);
	}
	CU_ASSERT_PTR_NULL(option_find("server"));
	CU_ASSERT_PTR_NULL(option_find("server.ports"));
}

static void
the_manual_names_every_option(void)
{
	const struct option *option;
	char *text, item[128];
	size_t size;
	FILE *out = open_memstream(&text, &size);

	config_print_man(out);
	fclose(out);
	for (option = options; option->path != NULL; option++) {
		snprintf(item, sizeof(item), "\n.It Cm %s\n", option->path);
		CU_ASSERT_PTR_NOT_NULL(strstr(text, item));
	}
	free(text);
}

static CU_TestInfo tests[] = { { "every field has one row",
				   every_field_has_one_row },
	{ "rows are sound", rows_are_sound },
	{ "the manual names every option", the_manual_names_every_option },
	CU_TEST_INFO_NULL };

static CU_SuiteInfo suites[] = { { "options", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL };

int
main(void)
{
	return suite_run(suites);
}
