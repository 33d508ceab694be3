/* load.c -- the options of the server from a file
 *
 * SPDX-License-Identifier: MIT
 *
 * libconfig is given a text, never a file: its scanner ends the process when
 * reading fails, be it only that the path is a directory. That is also why
 * there is no @include. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libconfig.h>

#include "base/alloc.h"
#include "conf/config.h"
#include "conf/options.h"
#include "conf/set.h"

enum { FILE_MAX_BYTES = 1 << 20 };

/* Reads to the end or until buf is full; the length, or -errno. */
static ssize_t
read_all(int fd, char *buf, size_t size)
{
	size_t used = 0;
	ssize_t n;

	while (used < size) {
		n = read(fd, buf + used, size - used);
		if (n == 0)
			break;
		if (n > 0)
			used += n;
		else if (errno != EINTR)
			return -errno;
	}
	return used;
}

/* The file as a text, for free(), or NULL when a fault was reported. */
static char *
read_file(struct report *report)
{
	int fd = open(report->file, O_RDONLY | O_CLOEXEC);
	char *text = xmalloc(FILE_MAX_BYTES + 1);
	ssize_t len = fd < 0 ? -errno : read_all(fd, text, FILE_MAX_BYTES + 1);

	if (fd >= 0)
		close(fd);
	if (len < 0) {
		report_fault(report, NULL, "%s", strerror(-len));
	} else if (len > FILE_MAX_BYTES) {
		report_fault(report, NULL, "is over 1 MiB");
	} else if (memchr(text, '\0', len) != NULL) {
		report_fault(report, NULL, "holds a byte of value 0");
	} else {
		text[len] = '\0';
		return text;
	}
	free(text);
	return NULL;
}

/* libconfig knows @include by its standing first in a line. */
static bool
has_include(const char *text, struct report *report)
{
	const char *line = text;

	for (report->line = 1; line != NULL; report->line++) {
		line += line[0] == '\n';
		line += strspn(line, " \t\r\f\v");
		if (strncmp(line, "@include", strlen("@include")) == 0) {
			report_fault(report, NULL, "@include is not known");
			return true;
		}
		line = strchr(line, '\n');
	}
	return false;
}

static void
load_number(struct config *config, const struct option *option,
	    const config_setting_t *setting, struct report *report)
{
	int type = config_setting_type(setting);

	if (type == CONFIG_TYPE_INT)
		set_number(config, option, config_setting_get_int(setting),
			   report);
	else if (type == CONFIG_TYPE_INT64)
		set_number(config, option, config_setting_get_int64(setting),
			   report);
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
	bool good = config_setting_is_array(setting) ||
		    config_setting_is_list(setting);
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
		report_fault(report, option->path,
			     "must be a list of strings");
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
load_group(struct config *config, const config_setting_t *group,
	   struct report *report)
{
	const struct option *option;
	const config_setting_t *setting;
	char path[128];
	int i;

	for (i = 0; i < config_setting_length(group); i++) {
		setting = config_setting_get_elem(group, i);
		report->line = config_setting_source_line(setting);
		snprintf(path, sizeof(path), "%s.%s", config_setting_name(group),
			 config_setting_name(setting));
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
load_root(struct config *config, const config_setting_t *root,
	  struct report *report)
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
load_text_of_file(struct config *config, const char *text,
		  struct report *report)
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
config_load(struct config *config, const char *path, config_fault_fn *fn,
	    void *arg)
{
	struct report report = { .file = path, .fn = fn, .arg = arg };
	struct config *next = config_copy(config);
	char *text = read_file(&report);

	if (text != NULL && !has_include(text, &report))
		load_text_of_file(next, text, &report);
	if (report.faults == 0)
		config_swap(config, next);
	free(text);
	config_free(&next);
	return report.faults;
}
