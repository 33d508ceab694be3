/* talk_match.c -- the names, expressions and patterns of talk scripts
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "talk_match.h"

enum worth { WORTH_TEXT, WORTH_UNBOUND, WORTH_BROKEN };
enum { EXPANSION_MAX = 16384 };

/* Names bound while a match is tried are appended to vars; a match that fails
 * cuts them off again. */
struct trial {
	struct talk_vars *vars;
	char *scratch;
};

static size_t
place(const struct talk_vars *vars, const char *name, size_t len)
{
	size_t i = 0;

	while (i < vars->count &&
	    (strlen(vars->var[i].name) != len ||
		memcmp(vars->var[i].name, name, len) != 0))
		i++;
	return i;
}

static const char *
find(const struct talk_vars *vars, const char *name, size_t len)
{
	size_t i = place(vars, name, len);

	return i < vars->count ? vars->var[i].value : NULL;
}

static void
bind(struct talk_vars *vars, const char *name, size_t name_len,
    const char *value, size_t len)
{
	if (vars->count == TALK_VARS_MAX || name_len >= TALK_NAME_MAX ||
	    len >= TALK_VALUE_MAX) {
		fprintf(stderr, "talk: too many names, or one too long\n");
		exit(2);
	}
	snprintf(vars->var[vars->count].name, TALK_NAME_MAX, "%.*s",
	    (int)name_len, name);
	snprintf(vars->var[vars->count].value, TALK_VALUE_MAX, "%.*s", (int)len,
	    value);
	vars->count++;
}

void
talk_vars_set(struct talk_vars *vars, const char *name, const char *value)
{
	size_t i = place(vars, name, strlen(name));

	if (i == vars->count)
		bind(vars, name, strlen(name), value, strlen(value));
	else
		snprintf(vars->var[i].value, TALK_VALUE_MAX, "%s", value);
}

static bool
is_name(const char *text, size_t len)
{
	if (len == 0 || isdigit((unsigned char)text[0]))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) && text[i] != '_')
			return false;
	return true;
}

static enum worth
sum(const struct talk_vars *vars, const char *text, size_t len, int64_t *sum_r)
{
	const char *end = text + len;
	int sign = 1;

	*sum_r = 0;
	for (;;) {
		size_t n = 0;
		const char *term = text;

		while (text + n < end && text[n] != '+' && text[n] != '-')
			n++;
		if (is_name(text, n))
			term = find(vars, text, n);
		else if (n == 0 || !isdigit((unsigned char)*text))
			return WORTH_BROKEN;
		if (term == NULL)
			return WORTH_UNBOUND;
		*sum_r += sign * strtoll(term, NULL, 10);
		text += n;
		if (text == end)
			return WORTH_TEXT;
		sign = *text++ == '+' ? 1 : -1;
	}
}

static enum worth
repeat(const struct talk_vars *vars, const char *text, size_t len,
    const char *star, char *out)
{
	size_t piece = (size_t)(star - text);
	int64_t times;
	enum worth worth = sum(vars, star + 1, len - piece - 1, &times);

	if (worth != WORTH_TEXT)
		return worth;
	if (times < 0 || (size_t)times * piece >= EXPANSION_MAX)
		return WORTH_BROKEN;
	for (int64_t i = 0; i < times; i++)
		memcpy(out + (size_t)i * piece, text, piece);
	out[(size_t)times * piece] = '\0';
	return WORTH_TEXT;
}

/* What the expression (without its braces) is worth, into out, of
 * EXPANSION_MAX bytes. */
static enum worth
evaluate(const struct talk_vars *vars, const char *text, size_t len, char *out)
{
	const char *star = memrchr(text, '*', len);
	const char *value;
	enum worth worth;
	int64_t number;

	if (star != NULL && star != text)
		return repeat(vars, text, len, star, out);
	if (is_name(text, len)) {
		value = find(vars, text, len);
		snprintf(out, EXPANSION_MAX, "%s", value ? value : "");
		return value ? WORTH_TEXT : WORTH_UNBOUND;
	}
	worth = sum(vars, text, len, &number);
	snprintf(out, EXPANSION_MAX, "%lld", (long long)number);
	return worth;
}

static bool
expand_one(const struct talk_vars *vars, const char *text, size_t len,
    char *out, size_t size, const char **why_r)
{
	char *value = malloc(EXPANSION_MAX);
	bool good = false;

	assert(value != NULL);
	switch (evaluate(vars, text, len, value)) {
	case WORTH_TEXT:
		good = strlen(value) < size;
		*why_r = "expands to too much";
		if (good)
			strcpy(out, value);
		break;
	case WORTH_UNBOUND:
		*why_r = "a name without a value";
		break;
	case WORTH_BROKEN:
		*why_r = "a broken expression";
		break;
	}
	free(value);
	return good;
}

bool
talk_expand(const struct talk_vars *vars, const char *text, char *out_r,
    size_t size, const char **why_r)
{
	size_t used = 0;
	const char *end;

	while (*text != '\0') {
		if (strncmp(text, "${", 2) != 0) {
			out_r[used++] = *text++;
		} else {
			end = strchr(text, '}');
			*why_r = "an expression without an end";
			if (end == NULL ||
			    !expand_one(vars, text + 2,
				(size_t)(end - text) - 2, out_r + used,
				size - used, why_r))
				return false;
			used += strlen(out_r + used);
			text = end + 1;
		}
		if (used >= size) {
			*why_r = "expands to too much";
			return false;
		}
	}
	out_r[used] = '\0';
	return true;
}

static bool match_here(struct trial *trial, const char *p, const char *s);

static bool
match_expression(struct trial *trial, const char *p, const char *s)
{
	const char *end = strchr(p, '}');
	size_t len, digits;

	if (end == NULL)
		return false;
	len = (size_t)(end - p) - 2;
	switch (evaluate(trial->vars, p + 2, len, trial->scratch)) {
	case WORTH_TEXT:
		len = strlen(trial->scratch);
		return strncmp(s, trial->scratch, len) == 0 &&
		    match_here(trial, end + 1, s + len);
	case WORTH_UNBOUND:
		digits = strspn(s, "0123456789");
		if (digits == 0 || !is_name(p + 2, len))
			return false;
		bind(trial->vars, p + 2, len, s, digits);
		return match_here(trial, end + 1, s + digits);
	case WORTH_BROKEN:
		break;
	}
	return false;
}

/* Tries p against s less its first `least` to `most` characters, the longest
 * way first. */
static bool
match_run(struct trial *trial, const char *p, const char *s, size_t least,
    size_t most)
{
	size_t count = trial->vars->count;

	for (size_t n = most + 1; n-- > least;) {
		if (match_here(trial, p, s + n))
			return true;
		trial->vars->count = count;
	}
	return false;
}

static bool
match_here(struct trial *trial, const char *p, const char *s)
{
	for (;;) {
		if (strcmp(p, " ...") == 0 && *s == '\0')
			return true;
		if (*p == '\0')
			return *s == '\0';
		if (strncmp(p, "...", 3) == 0)
			return match_run(trial, p + 3, s, 0, strlen(s));
		if (*p == '*')
			return match_run(trial, p + 1, s, 1, strcspn(s, " "));
		if (strncmp(p, "${", 2) == 0)
			return match_expression(trial, p, s);
		if (*p == '\\' && p[1] != '\0')
			p++;
		if (*p++ != *s++)
			return false;
	}
}

bool
talk_match(struct talk_vars *vars, const char *pattern, const char *line)
{
	struct trial trial = { .vars = vars, .scratch = malloc(EXPANSION_MAX) };
	size_t count = vars->count;
	bool good;

	assert(trial.scratch != NULL);
	good = match_here(&trial, pattern, line);
	if (!good)
		vars->count = count;
	free(trial.scratch);
	return good;
}
