/* load.c -- the options of the server from a file
 *
 * SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libconfig.h>

#include "conf/config.h"
#include "conf/options.h"
#include "conf/set.h"
#include "conf/text.h"

static void
load_number(struct config *config, const struct option *option,
    const config_setting_t *setting, struct report *report)
{
	int type = config_setting_type(setting);

	if (type == CONFIG_TYPE_INT)
		set_number(
		    config, option, config_setting_get_int(setting), report);
	else if (type == CONFIG_TYPE_INT64)
		set_number(
		    config, option, config_setting_get_int64(setting), report);
	else
		report_fault(report, option->path, "must be a number");
}

static void
load_switch(struct config *config, const struct option *option,
    const config_setting_t *setting, struct report *report)
{
	if (config_setting_type(setting) == CONFIG_TYPE_BOOL)
		*option_number(config, option) =
		    config_setting_get_bool(setting);
	else
		report_fault(report, option->path, "must be true or false");
}

static void
load_choice(struct config *config, const struct option *option,
    const config_setting_t *setting, struct report *report)
{
	const char *word = config_setting_get_string(setting);

	set_choice(config, option, word != NULL ? word : "", report);
}

static void
load_text(struct config *config, const struct option *option,
    const config_setting_t *setting, struct report *report)
{
	const char *text = config_setting_get_string(setting);

	if (text != NULL)
		set_text(config, option, text, report);
	else
		report_fault(report, option->path, "must be a string");
}

static void
load_list(struct config *config, const struct option *option,
    const config_setting_t *setting, struct report *report)
{
	bool good =
	    config_setting_is_array(setting) || config_setting_is_list(setting);
	char **list = list_new();
	const char *text;
	int i;

	for (i = 0; good && i < config_setting_length(setting); i++) {
		text = config_setting_get_string_elem(setting, i);
		good = text != NULL;
		if (good)
			list_append(&list, text);
	}
	if (good)
		set_list(config, option, &list, report);
	else
		report_fault(report, option->path, "must be a list of strings");
	list_free(&list);
}

static void (*const loaders[])(struct config *, const struct option *,
    const config_setting_t *, struct report *) = {
	[OPTION_NUMBER] = load_number,
	[OPTION_SWITCH] = load_switch,
	[OPTION_CHOICE] = load_choice,
	[OPTION_TEXT] = load_text,
	[OPTION_LIST] = load_list,
};

static void
load_group(
    struct config *config, const config_setting_t *group, struct report *report)
{
	const struct option *option;
	const config_setting_t *setting;
	char path[128];
	int i;

	for (i = 0; i < config_setting_length(group); i++) {
		setting = config_setting_get_elem(group, i);
		report->line = config_setting_source_line(setting);
		snprintf(path, sizeof(path), "%s.%s",
		    config_setting_name(group), config_setting_name(setting));
		option = option_find(path);
		if (option != NULL)
			loaders[option->type](config, option, setting, report);
		else
			report_fault(report, path, "unknown option");
	}
}

static bool
is_group(const char *name)
{
	const struct option *option;
	size_t len = strlen(name);

	for (option = options; option->path != NULL; option++)
		if (strncmp(option->path, name, len) == 0 &&
		    option->path[len] == '.')
			return true;
	return false;
}

static void
load_root(
    struct config *config, const config_setting_t *root, struct report *report)
{
	const config_setting_t *group;
	int i;

	for (i = 0; i < config_setting_length(root); i++) {
		group = config_setting_get_elem(root, i);
		report->line = config_setting_source_line(group);
		if (!is_group(config_setting_name(group)))
			report_fault(report, config_setting_name(group),
			    "unknown option");
		else if (!config_setting_is_group(group))
			report_fault(report, config_setting_name(group),
			    "must be a group, { ... }");
		else
			load_group(config, group, report);
	}
}

static void
load_all(struct config *config, const char *text, struct report *report)
{
	config_t parsed;

	config_init(&parsed);
	if (config_read_string(&parsed, text) == CONFIG_TRUE) {
		load_root(config, config_root_setting(&parsed), report);
	} else {
		report->line = config_error_line(&parsed);
		report_fault(report, NULL, "%s", config_error_text(&parsed));
	}
	config_destroy(&parsed);
}

int
config_load(
    struct config *config, const char *path, config_fault_fn *fn, void *arg)
{
	struct report report = { .file = path, .fn = fn, .arg = arg };
	struct config *next = config_copy(config);
	char *text = text_read(&report);

	if (text != NULL)
		load_all(next, text, &report);
	if (report.faults == 0)
		config_swap(config, next);
	free(text);
	config_free(&next);
	return report.faults;
}
