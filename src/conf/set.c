/* set.c -- giving options values, and telling what is wrong with them
 *
 * SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "conf/set.h"

void
report_fault(struct report *report, const char *option, const char *fmt, ...)
{
	char text[1024], line[16] = "", reason[256];
	bool file = report->file != NULL;
	va_list args;

	va_start(args, fmt);
	vsnprintf(reason, sizeof(reason), fmt, args);
	va_end(args);
	if (report->line > 0)
		snprintf(line, sizeof(line), ":%u", report->line);
	snprintf(text, sizeof(text), "%.500s%s%s%.80s%s%s",
	    file ? report->file : "", line, file ? ": " : "",
	    option != NULL ? option : "", option != NULL ? ": " : "", reason);
	report->faults++;
	report->fn(text, report->arg);
}

char **
list_new(void)
{
	return xcalloc(1, sizeof(char *));
}

static size_t
list_len(char *const *list)
{
	size_t n = 0;

	while (list[n] != NULL)
		n++;
	return n;
}

void
list_append(char ***list, const char *text)
{
	size_t n = list_len(*list);

	*list = xrealloc(*list, (n + 2) * sizeof(**list));
	(*list)[n] = xmemdup(text, strlen(text));
	(*list)[n + 1] = NULL;
}

void
list_free(char ***list_p)
{
	char **list = *list_p;
	size_t i;

	*list_p = NULL;
	if (list == NULL)
		return;
	for (i = 0; list[i] != NULL; i++)
		free(list[i]);
	free(list);
}

void
set_number(struct config *config, const struct option *option, int64_t value,
    struct report *report)
{
	if (value >= option->min && value <= option->max)
		*option_number(config, option) = value;
	else
		report_fault(report, option->path, "must be %lld to %lld%s%s",
		    (long long)option->min, (long long)option->max,
		    option->unit[0] != '\0' ? " " : "", option->unit);
}

void
set_choice(struct config *config, const struct option *option, const char *word,
    struct report *report)
{
	char words[128] = "";
	const char *between = "";
	size_t i, n;

	for (i = 0; option->choices[i] != NULL; i++) {
		if (strcmp(option->choices[i], word) == 0) {
			*option_number(config, option) = i;
			return;
		}
		n = strlen(words);
		snprintf(words + n, sizeof(words) - n, "%s%s", between,
		    option->choices[i]);
		between = ", ";
		if (option->choices[i + 1] != NULL &&
		    option->choices[i + 2] == NULL)
			between = " or ";
	}
	report_fault(report, option->path, "must be %s", words);
}

void
set_text(struct config *config, const struct option *option, const char *text,
    struct report *report)
{
	const char *why = option->check != NULL ? option->check(text) : NULL;

	if (why != NULL) {
		report_fault(report, option->path, "%s", why);
	} else if (strlen(text) > (size_t)option->max) {
		report_fault(report, option->path, "must be at most %lld bytes",
		    (long long)option->max);
	} else {
		free(*option_text(config, option));
		*option_text(config, option) = xmemdup(text, strlen(text));
	}
}

void
set_list(struct config *config, const struct option *option, char ***list_p,
    struct report *report)
{
	char **list = *list_p;
	const char *why = NULL;
	size_t i, n = list_len(list);

	for (i = 0; i < n && why == NULL; i++)
		why = option->check(list[i]);
	if (why != NULL) {
		report_fault(report, option->path, "%s", why);
	} else if (n > (size_t)option->max) {
		report_fault(report, option->path, "must be at most %lld",
		    (long long)option->max);
	} else {
		*list_p = *option_list(config, option);
		*option_list(config, option) = list;
	}
	list_free(list_p);
}

static void
set_number_word(struct config *config, const struct option *option,
    const char *word, struct report *report)
{
	long long value;
	char *end;

	/* What is too large for value is so for any range. */
	value = strtoll(word, &end, 10);
	if (word[strspn(word, "-0123456789")] != '\0' || *end != '\0' ||
	    end == word)
		report_fault(report, option->path, "must be a number");
	else
		set_number(config, option, value, report);
}

static void
set_switch_word(struct config *config, const struct option *option,
    const char *word, struct report *report)
{
	if (strcmp(word, "true") == 0 || strcmp(word, "false") == 0)
		*option_number(config, option) = word[0] == 't';
	else
		report_fault(report, option->path, "must be true or false");
}

static void
set_list_word(struct config *config, const struct option *option,
    const char *word, struct report *report)
{
	char **list = list_new();

	list_append(&list, word);
	set_list(config, option, &list, report);
}

static void (*const setters[])(
    struct config *, const struct option *, const char *, struct report *) = {
	[OPTION_NUMBER] = set_number_word,
	[OPTION_SWITCH] = set_switch_word,
	[OPTION_CHOICE] = set_choice,
	[OPTION_TEXT] = set_text,
	[OPTION_LIST] = set_list_word,
};

int
config_set(struct config *config, const char *path, const char *word,
    config_fault_fn *fn, void *arg)
{
	const struct option *option = option_find(path);
	struct report report = { .fn = fn, .arg = arg };

	if (option != NULL)
		setters[option->type](config, option, word, &report);
	else
		report_fault(&report, path, "unknown option");
	return report.faults;
}
