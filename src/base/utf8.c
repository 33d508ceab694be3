/* utf8.c -- is it UTF-8, and may it stand in a line?
 *
 * SPDX-License-Identifier: MIT */
#include <stdint.h>

#include <unicode/utf8.h>

#include "base/utf8.h"

/* As many bytes as a vector register of any x86-64 or ARMv8 takes. */
typedef unsigned char wide __attribute__((vector_size(16)));

/* Printable ASCII, which is what most text is. */
static bool
plain(const char *at)
{
	uint64_t half[2];
	wide v;

	memcpy(&v, at, sizeof(v));
	v = (wide)(v - 0x20 > 0x5e);
	memcpy(half, &v, sizeof(half));
	return (half[0] | half[1]) == 0;
}

/* The bytes of it that the text begins with, or fewer by less than a vector. */
static size_t
skip_plain(struct slice s)
{
	size_t i = 0;

	while (s.len - i >= sizeof(wide) && plain(s.at + i))
		i += sizeof(wide);
	/* The last ones together with some that were looked at. */
	if (i > 0 && s.len - i < sizeof(wide) &&
	    plain(s.at + s.len - sizeof(wide)))
		return s.len;
	return i;
}

enum utf8
utf8_check(struct slice s)
{
	enum utf8 found = UTF8_GOOD;
	size_t i = 0;

	while (i < s.len) {
		UChar32 c;
		size_t ahead = skip_plain((struct slice){ s.at + i,
		    s.len - i });

		i += ahead;
		if (i == s.len)
			break;
		U8_NEXT((const uint8_t *)s.at, i, s.len, c);
		if (c < 0)
			return UTF8_BROKEN;
		if ((c < 0x20 && c != '\t') || (c >= 0x7f && c < 0xa0))
			found = UTF8_CONTROL;
	}
	return found;
}
