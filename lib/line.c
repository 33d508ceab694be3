/* line.c -- what a line is made of
 *
 * SPDX-License-Identifier: MIT */
#include "lib/line.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "lib/utf8.h"

struct row {
	const char *verb;
	int         words;
	enum vverb  kind;
};

/* Of what is not here the library needs nothing but the verb: the rest of
 * such a line is its text. */
static const struct row answers[] = {
	{ "AT",		2, VERB_AT },
	{ "AUTH",	1, VERB_AUTH },
	{ "BYE",	1, VERB_BYE },
	{ "DELETE",	5, VERB_DELETE },
	{ "EDIT",	5, VERB_EDIT },
	{ "ERR",	1, VERB_ERR },
	{ "GAP",	3, VERB_GAP },
	{ "JOIN",	2, VERB_JOIN },
	{ "LEAVE",	2, VERB_LEAVE },
	{ "MSG",	4, VERB_MSG },
	{ "NAMES",	0, VERB_NAMES },
	{ "NOTICE",	0, VERB_NOTICE },
	{ "OK",		4, VERB_OK },
	{ "PAGE",	2, VERB_PAGE },
	{ "PING",	0, VERB_PING },
	{ "PONG",	0, VERB_PONG },
	{ "REACT",	5, VERB_REACT },
	{ "READ",	2, VERB_READ },
	{ "RESET",	2, VERB_RESET },
	{ "ROLE",	6, VERB_ROLE },
	{ "ROOM",	3, VERB_ROOM },
	{ "SET",	5, VERB_SET },
	{ "SIGNAL",	2, VERB_SIGNAL },
	{ "STAT",	0, VERB_STAT },
	{ "VCRP",	4, VERB_VCRP },
	{ NULL,		0, VERB_OTHER }
};

static const struct row requests[] = {
	{ "DELETE",	2, VERB_DELETE },
	{ "EDIT",	2, VERB_EDIT },
	{ "HELP",	0, VERB_HELP },
	{ "HISTORY",	0, VERB_HISTORY },
	{ "JOIN",	2, VERB_JOIN },
	{ "LEAVE",	1, VERB_LEAVE },
	{ "LIST",	0, VERB_LIST },
	{ "PING",	0, VERB_PING },
	{ "PONG",	0, VERB_PONG },
	{ "QUIT",	0, VERB_QUIT },
	{ "REACT",	2, VERB_REACT },
	{ "READ",	0, VERB_READ },
	{ "ROLE",	0, VERB_ROLE },
	{ "SAY",	1, VERB_SAY },
	{ "SEARCH",	0, VERB_SEARCH },
	{ "SET",	0, VERB_SET },
	{ "SIGNAL",	1, VERB_SIGNAL },
	{ "STATS",	0, VERB_STATS },
	{ "WHO",	0, VERB_WHO },
	{ NULL,		0, VERB_OTHER }
};

/* Ends what begins at *at with a NUL and moves on behind it. */
static char *
take(char **at)
{
	char *begin = *at;

	*at += strcspn(begin, " ");
	if (**at == ' ')
		*(*at)++ = '\0';
	return begin;
}

static bool
cut(char *at, const struct row *row, struct vline *line_r)
{
	*line_r = (struct vline){ .attributes = "" };
	if (*at == '@') {
		at++;
		line_r->attributes = take(&at);
	}
	line_r->verb = take(&at);
	if (*line_r->verb == '\0')
		return false;
	while (row->verb != NULL && strcasecmp(row->verb, line_r->verb) != 0)
		row++;
	line_r->kind = row->kind;
	while (*at != '\0' && line_r->count < row->words) {
		line_r->words[line_r->count] = take(&at);
		if (*line_r->words[line_r->count++] == '\0')
			return false;
	}
	if (*at != '\0')
		line_r->text = at;
	return true;
}

bool
vline_cut(char *line, struct vline *line_r)
{
	return cut(line, answers, line_r);
}

bool
vline_cut_request(char *line, struct vline *line_r)
{
	return cut(line, requests, line_r);
}

bool
vline_number(const char *word, uint64_t *number_r)
{
	uint64_t number = 0;
	size_t i;

	for (i = 0; word[i] >= '0' && word[i] <= '9' && i < 16; i++)
		number = number * 10 + (uint64_t)(word[i] - '0');
	if (i == 0 || word[i] != '\0' || number > VLINE_NUMBER_MAX)
		return false;
	*number_r = number;
	return true;
}

bool
vline_attribute(const char *attributes, const char *key, char *value_r,
    size_t size)
{
	const char *at, *end, *equals;
	size_t len;

	for (at = attributes; *at != '\0'; at = *end == ';' ? end + 1 : end) {
		end = at + strcspn(at, ";");
		equals = memchr(at, '=', (size_t)(end - at));
		if (equals == NULL)
			equals = end;
		if ((size_t)(equals - at) != strlen(key) ||
		    strncmp(at, key, strlen(key)) != 0)
			continue;
		len = equals == end ? 0 : (size_t)(end - equals) - 1;
		if (len >= size)
			return false;
		memcpy(value_r, end - len, len);
		value_r[len] = '\0';
		return true;
	}
	return false;
}

int
vline_check(const char *line)
{
	size_t len;
	uint32_t c;
	const char *at;

	if (strlen(line) >= VLINE_MAX)
		return -EMSGSIZE;
	for (at = line; *at != '\0'; at += len) {
		c = vutf8_decode(at, &len);
		if (c == VUTF8_BROKEN || vutf8_is_control(c))
			return -EINVAL;
	}
	return 0;
}

bool
vline_is_word(const char *word)
{
	return *word != '\0' && strchr(word, ' ') == NULL;
}
