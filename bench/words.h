/* words.h -- a line taken apart: attributes, verb, words, text
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: any.
 * Locks:   none.
 * Memory:  everything points into the line. */
#ifndef BENCH_WORDS_H
#define BENCH_WORDS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct words {
	const char *at, *end;
};

struct word {
	const char *at;
	size_t len;
};

/* The next word; an empty one at the line's end. */
static inline struct word
word_next(struct words *w)
{
	struct word got = { w->at, 0 };
	const char *blank;

	if (w->at >= w->end)
		return got;
	blank = memchr(w->at, ' ', w->end - w->at);
	got.len = (blank != NULL ? blank : w->end) - w->at;
	w->at = blank != NULL ? blank + 1 : w->end;
	return got;
}

/* The next word as a number; 0, which no number is, if it is none. */
static inline uint64_t
word_number(struct words *w)
{
	struct word got = word_next(w);
	uint64_t value = 0;

	if (got.len > 16)
		return 0;
	for (size_t i = 0; i < got.len; i++) {
		if (got.at[i] < '0' || got.at[i] > '9')
			return 0;
		value = value * 10 + (got.at[i] - '0');
	}
	return value;
}

static inline bool
word_is(struct word got, const char *text)
{
	return got.len == strlen(text) && memcmp(got.at, text, got.len) == 0;
}

static inline bool
begins_with(const char *data, size_t len, const char *text)
{
	return len >= strlen(text) && memcmp(data, text, strlen(text)) == 0;
}

/* Takes a line without its LF apart: the attributes without their `@`, and the
 * verb; `w` stands at what follows. */
static inline struct word
words_begin(struct words *w, const char *line, size_t len, struct word *attrs_r)
{
	*w = (struct words){ line, line + len };
	*attrs_r = (struct word){ line, 0 };
	if (len > 0 && line[0] == '@') {
		*attrs_r = word_next(w);
		attrs_r->at++;
		attrs_r->len--;
	}
	return word_next(w);
}

#endif
