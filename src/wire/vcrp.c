/* vcrp.c -- VCRP's own lines: bytes to words
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "base/utf8.h"
#include "wire/vcrp.h"

enum { VALUE_MAX = 255, ID_MAX = 36, KEY_MIN = 22, KEY_MAX = 64,
	ATTR_KEY_MAX = 64 };

static enum error
refuse(enum error e, char *why, const char *text)
{
	snprintf(why, WHY_MAX, "%s", text);
	return e;
}

/* As refuse(), naming what the peer sent, as far as it is short. */
static enum error
refuse_it(enum error e, char *why, const char *text, struct slice it)
{
	if (it.len > 40)
		return refuse(e, why, text);
	snprintf(why, WHY_MAX, "%s: %.*s", text, (int)it.len, it.at);
	return e;
}

static bool
all_of(struct slice s, const char *marks)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.at[i];

		if ((c < 'a' || c > 'z') && (c < 'A' || c > 'Z') &&
		    (c < '0' || c > '9') &&
		    (c == '\0' || strchr(marks, c) == NULL))
			return false;
	}
	return true;
}

/* Marks that no word of the server may hold, so that it is safe in a shell. */
static bool
none_of(struct slice s, const char *marks)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] == '\0' || strchr(marks, s.at[i]) != NULL)
			return false;
	return true;
}

static enum error
take_value(struct words *w, unsigned *seen, struct slice key,
    struct slice value, char *why)
{
	static const struct { const char *key; unsigned bit; } known[] = {
		{ "re", ATTR_RE }, { "for", ATTR_FOR }, { "key", ATTR_KEY },
		{ "before", ATTR_BEFORE }
	};
	const unsigned id = 16;
	uint64_t number;
	unsigned bit = 0;
	bool good;

	if (slice_is(key, "id"))
		bit = id;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (slice_is(key, known[i].key))
			bit = known[i].bit;
	if (bit == 0)
		return refuse_it(ERROR_BAD_VALUE, why, "unknown attribute",
		    key);
	if (*seen & bit)
		return refuse_it(ERROR_BAD_VALUE, why, "attribute twice", key);
	*seen |= bit;
	if (bit == id) {
		w->id = value;
		good = value.len <= ID_MAX && all_of(value, "_.-");
	} else if (bit == ATTR_RE) {
		good = number_parse(value, 1, &number);
	} else if (bit == ATTR_FOR) {
		good = duration_parse(value, &w->for_ms);
	} else if (bit == ATTR_BEFORE) {
		good = number_parse(value, 1, &w->number);
	} else {
		w->key = value;
		good = value.len >= KEY_MIN && value.len <= KEY_MAX &&
		    all_of(value, "_-");
	}
	if (good && value.len > 0)
		return ERROR_NONE;
	if (bit == id)
		w->id.len = 0;
	return refuse_it(ERROR_BAD_VALUE, why,
	    "not a value for the attribute", key);
}

static enum error
take_attribute(struct words *w, unsigned *seen, struct slice attr, char *why)
{
	const char *eq = memchr(attr.at, '=', attr.len);
	struct slice key = attr, value = { attr.at + attr.len, 0 };

	if (eq != NULL) {
		key.len = (size_t)(eq - attr.at);
		value.at = eq + 1;
		value.len = attr.len - key.len - 1;
	}
	if (key.len == 0 || key.len > ATTR_KEY_MAX || !all_of(key, "+_.-"))
		return refuse(ERROR_BAD_LINE, why,
		    "an attribute is key or key=value");
	if (value.len > VALUE_MAX || (eq != NULL && value.len == 0))
		return refuse_it(ERROR_BAD_VALUE, why,
		    "a value has 1 to 255 bytes", key);
	if (!none_of(value, "*?[]\\\"'\t"))
		return refuse_it(ERROR_BAD_VALUE, why,
		    "none of * ? [ ] \\ \" ' and TAB in the value of", key);
	if (key.at[0] == '+')
		return ERROR_NONE;
	return take_value(w, seen, key, value, why);
}

/* Cuts what stands before the mark off, and the mark. */
static struct slice
cut(struct slice *rest, char mark)
{
	const char *end = memchr(rest->at, mark, rest->len);
	struct slice first = *rest;

	if (end != NULL)
		first.len = (size_t)(end - rest->at);
	rest->at += first.len + (end != NULL);
	rest->len -= first.len + (end != NULL);
	return first;
}

static enum error
take_attributes(struct words *w, unsigned *seen, struct slice *rest,
    char *why)
{
	enum error e = ERROR_NONE;
	struct slice attrs;

	if (rest->len == 0 || rest->at[0] != '@')
		return ERROR_NONE;
	rest->at++;
	rest->len--;
	attrs = cut(rest, ' ');
	if (attrs.len > ATTRS_MAX_BYTES)
		return refuse(ERROR_TOO_LONG, why,
		    "all attributes have at most 512 bytes");
	if (attrs.len == 0 || attrs.at[attrs.len - 1] == ';')
		return refuse(ERROR_BAD_LINE, why,
		    "an attribute is key or key=value");
	w->attrs = attrs;
	/* All of them, so that a good id is found behind a bad neighbour. */
	while (attrs.len > 0) {
		struct slice attr = cut(&attrs, ';');
		char first[WHY_MAX];
		enum error now = take_attribute(w, seen, attr, first);

		if (now != ERROR_NONE && e == ERROR_NONE) {
			e = now;
			memcpy(why, first, WHY_MAX);
		}
	}
	return e;
}

static void
skip_spaces(struct slice *rest)
{
	while (rest->len > 0 && rest->at[0] == ' ') {
		rest->at++;
		rest->len--;
	}
}

static bool
good_word(struct words *w, char kind, struct slice word)
{
	uint64_t many;

	switch (kind) {
	case 'm':
		return number_parse(word, 1, &w->number);
	case 'z':
		return number_parse(word, 0, &w->number);
	case 'c':
		if (!number_parse(word, 1, &many) || many > COUNT_MAX)
			return false;
		w->many = (unsigned)many;
		return true;
	default:
		return true;
	}
}

static enum error
take_words(struct words *w, struct slice *rest, char *why)
{
	const struct command *c = w->command;
	size_t most = strlen(c->words);

	while (w->count < most) {
		struct slice word;

		skip_spaces(rest);
		if (rest->len == 0)
			break;
		word = cut(rest, ' ');
		if (memchr(word.at, '\t', word.len) != NULL)
			return refuse(ERROR_BAD_LINE, why, "a word has no TAB");
		if (!good_word(w, c->words[w->count], word))
			return refuse_it(ERROR_BAD_VALUE, why,
			    "not a number that belongs there", word);
		w->word[w->count++] = word;
	}
	if (w->count < c->least) {
		snprintf(why, WHY_MAX, "%s %s", c->name, c->usage);
		return ERROR_BAD_LINE;
	}
	return ERROR_NONE;
}

static bool
all_spaces(struct slice s)
{
	skip_spaces(&s);
	return s.len == 0;
}

static enum error
take_text(struct words *w, struct slice rest, char *why)
{
	const struct command *c = w->command;

	if (c->text == TEXT_NONE) {
		skip_spaces(&rest);
		if (rest.len == 0)
			return ERROR_NONE;
		snprintf(why, WHY_MAX, "more than: %s %s", c->name, c->usage);
		return ERROR_BAD_LINE;
	}
	if (rest.len > TEXT_MAX_BYTES)
		return refuse(ERROR_TOO_LONG, why,
		    "a text has at most 3072 bytes");
	/* Nothing but spaces is what the log has where a text was erased. */
	if (c->text == TEXT_MUST && all_spaces(rest)) {
		snprintf(why, WHY_MAX, "%s %s", c->name, c->usage);
		return ERROR_BAD_LINE;
	}
	w->text = rest;
	return ERROR_NONE;
}

static enum error
check_bytes(struct slice line, char *why)
{
	switch (utf8_check(line)) {
	case UTF8_GOOD:
		return ERROR_NONE;
	case UTF8_BROKEN:
		return refuse(ERROR_BAD_UTF8, why, "the line is not UTF-8");
	default:
		return refuse(ERROR_BAD_LINE, why,
		    "the line holds a control character");
	}
}

enum error
vcrp_parse(struct slice line, struct words *w, char *why)
{
	struct slice rest, verb;
	unsigned seen = 0;
	enum error e, attrs;

	memset(w, 0, sizeof(*w));
	if (line.len > 0 && line.at[line.len - 1] == '\r')
		line.len--;
	if (line.len >= LINE_MAX_BYTES)
		return refuse(ERROR_TOO_LONG, why,
		    "a line has at most 4096 bytes");
	e = check_bytes(line, why);
	if (e != ERROR_NONE)
		return e;
	rest = line;
	attrs = take_attributes(w, &seen, &rest, why);
	skip_spaces(&rest);
	verb = cut(&rest, ' ');
	w->command = command_find(verb);
	if (attrs != ERROR_NONE)
		return attrs;
	if (verb.len == 0)
		return refuse(ERROR_BAD_LINE, why, "a line has a verb");
	if (w->command == NULL)
		return refuse_it(ERROR_UNKNOWN_VERB, why, "no such command",
		    verb);
	if (seen & (ATTR_RE | ATTR_FOR | ATTR_KEY | ATTR_BEFORE) &
	    ~w->command->attributes)
		return refuse_it(ERROR_BAD_VALUE, why,
		    "an attribute that does not belong to",
		    slice_of(w->command->name));
	e = take_words(w, &rest, why);
	return e != ERROR_NONE ? e : take_text(w, rest, why);
}

struct slice
vcrp_peek_id(struct slice beginning)
{
	struct words w = { 0 };
	unsigned seen = 0;
	char why[WHY_MAX];

	const char *end = memchr(beginning.at, ' ', beginning.len);

	if (end == NULL)
		return w.id;
	beginning.len = (size_t)(end + 1 - beginning.at);
	if (utf8_check(beginning) == UTF8_GOOD)
		take_attributes(&w, &seen, &beginning, why);
	return w.id;
}

const char *
vcrp_stranger(struct slice s)
{
	static const struct { const char *word, *protocol; } strangers[] = {
		{ "CAP", "IRC" }, { "NICK", "IRC" }, { "PASS", "IRC" },
		{ "USER", "IRC" }, { "GET", "HTTP" }, { "HEAD", "HTTP" },
		{ "POST", "HTTP" }, { "PUT", "HTTP" }, { "OPTIONS", "HTTP" },
		{ "PATCH", "HTTP" }, { "TRACE", "HTTP" },
		{ "CONNECT", "HTTP" }, { "PRI", "HTTP" }, { "PROXY", "PROXY" }
	};
	struct slice rest = s, word = cut(&rest, ' ');

	if (s.len == 0)
		return NULL;
	if (s.at[0] == 0x16)
		return "TLS";
	if ((unsigned char)s.at[0] < 0x20 || (unsigned char)s.at[0] > 0x7f)
		return "binary";
	for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++)
		if (slice_is_nocase(word, strangers[i].word))
			return strangers[i].protocol;
	return NULL;
}
