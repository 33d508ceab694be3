/* show.c -- an event, as it reads in a terminal
 *
 * SPDX-License-Identifier: MIT */
#include "client/show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Where each verb's line takes its parts from: 'n' the name, 't' the text,
 * '4' and '5' those words, '!' the whole line. */
static const struct row {
	const char *verb;
	const char *format;
} rows[] = {
	{ "BYE",	"" },
	{ "DELETE",	"n deleted 4" },
	{ "EDIT",	"n changed it to: t" },
	{ "ERR",	"-- !" },
	{ "GAP",	"-- some of what was said is not kept" },
	{ "JOIN",	"-- n came" },
	{ "LEAVE",	"-- n left t" },
	{ "MSG",	"n: t" },
	{ "NAMES",	"-- in t" },
	{ "NOTICE",	"-- t" },
	{ "OK",		"" },
	{ "PAGE",	"" },
	{ "PONG",	"" },
	{ "REACT",	"n reacted: t" },
	{ "READ",	"" },
	{ "RESET",	"-- the room began anew" },
	{ "ROLE",	"-- n made 4 5" },
	{ "ROOM",	"-- 2 in the room t" },
	{ "SET",	"-- n set 4 t" },
	{ "SIGNAL",	"" },
	{ "VCRP",	"" },
	{ NULL,		"-- !" }
};

static const char *
or_empty(const char *text)
{
	return text != NULL ? text : "";
}

static const char *
without_attributes(const char *line)
{
	return *line == '@' ? line + strcspn(line, " ") + 1 : line;
}

static const char *
part(const struct vcrp_event *event, char mark)
{
	switch (mark) {
	case 'n':
		return or_empty(event->name);
	case 't':
		return or_empty(event->text);
	case '!':
		return without_attributes(event->line);
	default:
		return or_empty(event->words[mark - '0']);
	}
}

static bool
is_mark(const char *format, const char *at)
{
	/* A letter alone, so that words may hold the same ones. */
	return strchr("nt!245", *at) != NULL &&
	    (at == format || at[-1] == ' ') &&
	    strchr(" :", at[1]) != NULL;
}

static size_t
put(char *to, size_t size, size_t used, const char *text)
{
	int len = snprintf(to + used, size - used, "%s", text);

	return used + (size_t)len < size ? used + (size_t)len : size - 1;
}

static size_t
put_time(char *to, size_t size, size_t used, uint64_t ms)
{
	time_t now = time(NULL), seconds = ms != 0 ? (time_t)(ms / 1000) : now;
	struct tm tm, today;
	char text[32];

	localtime_r(&now, &today);
	localtime_r(&seconds, &tm);
	strftime(text, sizeof(text), tm.tm_yday == today.tm_yday &&
	    tm.tm_year == today.tm_year ? "%H:%M " : "%Y-%m-%d %H:%M ", &tm);
	return put(to, size, used, text);
}

static void
render(const struct vcrp_event *event, const char *format, size_t used,
    char *text_r, size_t size)
{
	char one[2] = "";
	const char *at;

	for (at = format; *at != '\0'; at++) {
		one[0] = *at;
		used = put(text_r, size, used,
		    is_mark(format, at) ? part(event, *at) : one);
	}
}

static bool
is_empty_page(const struct vcrp_event *event)
{
	return strcmp(event->verb, "PAGE") == 0 &&
	    strcmp(or_empty(event->words[1]), "0") == 0;
}

static bool
show_line(const struct vcrp_event *event, const char *current, char *text_r,
    size_t size)
{
	const struct row *row = rows;
	size_t used = 0;

	if (is_empty_page(event))
		return put(text_r, size, 0, "-- nothing there") > 0;
	while (row->verb != NULL && strcmp(row->verb, event->verb) != 0)
		row++;
	if (row->format[0] == '\0')
		return false;
	used = put_time(text_r, size, used, event->time);
	if (event->room != NULL && strcmp(event->room, current) != 0) {
		used = put(text_r, size, used, "[");
		used = put(text_r, size, used, event->room);
		used = put(text_r, size, used, "] ");
	}
	render(event, row->format, used, text_r, size);
	return true;
}

bool
show_event(const struct vcrp_event *event, const char *current, char *text_r)
{
	char text[SHOW_MAX / 2];
	size_t len;

	switch (event->kind) {
	case VCRP_LINE:
		if (!show_line(event, current, text, sizeof(text)))
			return false;
		break;
	case VCRP_UP:
		snprintf(text, sizeof(text), "-- connected as %s",
		    or_empty(event->words[1]));
		break;
	case VCRP_DOWN:
		snprintf(text, sizeof(text), "-- no connection: %s; once "
		    "more in %d s", event->text, (event->wait + 999) / 1000);
		break;
	case VCRP_DEFECT:
		snprintf(text, sizeof(text), "-- the server is wrong about "
		    "%s: %s", event->room, event->text);
		break;
	case VCRP_LOST:
		snprintf(text, sizeof(text), "-- there was no answer");
		break;
	default:
		return false;
	}
	len = vcrp_safe(text_r, SHOW_MAX, text, true);
	while (len > 0 && text_r[len - 1] == ' ')
		text_r[--len] = '\0';
	return true;
}
