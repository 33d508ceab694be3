/* slice.h -- text by pointer and length, not terminated, not owned
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: any; a slice is as safe to read as the bytes it points at.
 * Locks:   none.
 * Memory:  a slice owns nothing. */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct slice {
	const char *at;
	size_t      len;
};

static inline struct slice
slice_of(const char *text)
{
	return (struct slice){ text, strlen(text) };
}

static inline bool
slice_same(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

static inline bool
slice_is(struct slice a, const char *text)
{
	return slice_same(a, slice_of(text));
}

/* As slice_is(), upper and lower case ASCII letters being the same. */
static inline bool
slice_is_nocase(struct slice a, const char *text)
{
	for (size_t i = 0; i < a.len; i++) {
		unsigned char x = (unsigned char)a.at[i];
		unsigned char y = (unsigned char)text[i];

		if (y == '\0' || (x != y && ((x ^ y) != 0x20 ||
		    (x | 0x20) < 'a' || (x | 0x20) > 'z')))
			return false;
	}
	return text[a.len] == '\0';
}

#endif
