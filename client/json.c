/* json.c -- an event as an object of JSON, on one line
 *
 * SPDX-License-Identifier: MIT */
#include "client/json.h"

#include <inttypes.h>
#include <string.h>

/* What the words behind the name are, and the text. */
static const struct row {
	const char *verb;
	const char *words[2];
	const char *text;
} rows[] = {
	{ "DELETE",	{ "target" },		"text" },
	{ "EDIT",	{ "target" },		"text" },
	{ "REACT",	{ "target" },		"text" },
	{ "ROLE",	{ "who", "role" },	"text" },
	{ "SET",	{ "key" },		"value" },
	{ NULL,		{ NULL },		"text" }
};

static bool
is_number(const char *text, size_t len)
{
	return len > 0 && len <= 16 && strspn(text, "0123456789") >= len &&
	    (len == 1 || text[0] != '0');
}

/* What a line holds is UTF-8 by now. U+2028, a line break inside a text, ends
 * a line for some who read JSON. */
static void
put_string(FILE *to, const char *text, size_t len)
{
	size_t i;

	putc('"', to);
	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '"' || c == '\\')
			fprintf(to, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			fprintf(to, "\\u%04x", c);
		else if (len - i > 2 && c == 0xe2 && text[i + 1] == '\x80' &&
		    (text[i + 2] == '\xa8' || text[i + 2] == '\xa9'))
			fprintf(to, "\\u202%c", text[i += 2] == '\xa8' ?
			    '8' : '9');
		else
			putc(c, to);
	}
	putc('"', to);
}

static void
put_key(FILE *to, const char *key, size_t len)
{
	putc(',', to);
	put_string(to, key, len);
	putc(':', to);
}

static void
put(FILE *to, const char *key, const char *value)
{
	if (value == NULL)
		return;
	put_key(to, key, strlen(key));
	put_string(to, value, strlen(value));
}

static void
put_number(FILE *to, const char *key, const char *value)
{
	size_t len = value != NULL ? strlen(value) : 0;

	if (!is_number(value, len)) {
		put(to, key, value);
		return;
	}
	put_key(to, key, strlen(key));
	fputs(value, to);
}

static void
put_attributes(FILE *to, const char *line)
{
	const char *at, *end, *value;

	if (*line != '@')
		return;
	for (at = line + 1; *at != ' ' && *at != '\0';
	    at = *end == ';' ? end + 1 : end) {
		end = at + strcspn(at, "; ");
		value = memchr(at, '=', (size_t)(end - at));
		put_key(to, at, (size_t)((value != NULL ? value : end) - at));
		if (value == NULL)
			fputs("true", to);
		else if (strncmp(at, "re=", 3) == 0 &&
		    is_number(value + 1, (size_t)(end - value) - 1))
			fwrite(value + 1, 1, (size_t)(end - value) - 1, to);
		else
			put_string(to, value + 1, (size_t)(end - value) - 1);
	}
}

static void
put_words(FILE *to, const struct vcrp_event *event)
{
	const struct row *row = rows;
	int i;

	while (row->verb != NULL && strcmp(row->verb, event->verb) != 0)
		row++;
	put_number(to, "number", event->words[1]);
	put_number(to, "time", event->words[2]);
	put(to, "name", event->name);
	for (i = 0; i < 2 && row->words[i] != NULL; i++) {
		if (strcmp(row->words[i], "target") == 0)
			put_number(to, "target", event->words[4]);
		else
			put(to, row->words[i], event->words[4 + i]);
	}
	put(to, row->text, event->text);
}

void
json_string(FILE *to, const char *text)
{
	put_string(to, text, strlen(text));
}

void
json_list(FILE *to, const char *list)
{
	size_t len;

	putc('[', to);
	for (; *list != '\0'; list += len) {
		len = strcspn(list, ",");
		put_string(to, list, len);
		if (list[len] == ',' && list[++len] != '\0')
			putc(',', to);
	}
	putc(']', to);
}

void
json_event(FILE *to, const struct vcrp_event *event)
{
	fputs("{\"verb\":", to);
	put_string(to, event->verb, strlen(event->verb));
	put(to, "room", event->room);
	if (strcmp(event->verb, "GAP") == 0) {
		put_number(to, "from", event->words[1]);
		put_number(to, "to", event->words[2]);
	} else {
		put_words(to, event);
	}
	put_attributes(to, event->line);
	fputs("}\n", to);
}
