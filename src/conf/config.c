/* config.c -- the options of the server: defaults, and what a reload changes
 *
 * SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "conf/config.h"
#include "conf/options.h"
#include "conf/set.h"

struct config *
config_new(void)
{
	struct config *config = xcalloc(1, sizeof(*config));
	const struct option *option;

	for (option = options; option->path != NULL; option++)
		if (option->type == OPTION_TEXT)
			*option_text(config, option) = xmemdup("", 0);
		else if (option->type == OPTION_LIST)
			*option_list(config, option) = list_new();
		else
			*option_number(config, option) = option->standard;
	return config;
}

void
config_free(struct config **config_p)
{
	struct config *config = *config_p;
	const struct option *option;

	*config_p = NULL;
	if (config == NULL)
		return;
	for (option = options; option->path != NULL; option++)
		if (option->type == OPTION_TEXT)
			free(*option_text(config, option));
		else if (option->type == OPTION_LIST)
			list_free(option_list(config, option));
	free(config);
}

struct config *
config_copy(const struct config *config)
{
	struct config *copy = xcalloc(1, sizeof(*copy));
	const struct option *option;
	const char *text;
	char **list;

	for (option = options; option->path != NULL; option++)
		if (option->type == OPTION_TEXT) {
			text = *option_text(config, option);
			*option_text(copy, option) =
			    xmemdup(text, strlen(text));
		} else if (option->type == OPTION_LIST) {
			*option_list(copy, option) = list_new();
			for (list = *option_list(config, option); *list != NULL;
			     list++)
				list_append(option_list(copy, option), *list);
		} else {
			*option_number(copy, option) =
			    *option_number(config, option);
		}
	return copy;
}

void
config_swap(struct config *a, struct config *b)
{
	struct config was = *a;

	*a = *b;
	*b = was;
}

static bool
same_list(char **a, char **b)
{
	while (*a != NULL && *b != NULL && strcmp(*a, *b) == 0) {
		a++;
		b++;
	}
	return *a == NULL && *b == NULL;
}

static bool
same(
    const struct config *a, const struct config *b, const struct option *option)
{
	if (option->type == OPTION_TEXT)
		return strcmp(*option_text(a, option),
			   *option_text(b, option)) == 0;
	if (option->type == OPTION_LIST)
		return same_list(
		    *option_list(a, option), *option_list(b, option));
	return *option_number(a, option) == *option_number(b, option);
}

int
config_reload(struct config *live, const struct config *fresh,
    config_fault_fn *fn, void *arg)
{
	struct report report = { .fn = fn, .arg = arg };
	const struct option *option;

	for (option = options; option->path != NULL; option++)
		if (same(live, fresh, option))
			continue;
		else if (option->reloadable)
			*option_number(live, option) =
			    *option_number(fresh, option);
		else
			report_fault(&report, option->path, "needs a restart");
	return report.faults;
}
