/* utf8.c -- is it UTF-8, and may it stand in a line?
 *
 * SPDX-License-Identifier: MIT */
#include <stdint.h>

#include <unicode/utf8.h>

#include "base/utf8.h"

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Eight bytes of printable ASCII at once, which is what most text is: no
 * high bit, none below 0x20, none DEL. */
static bool
plain(const char *at)
{
	uint64_t v, low, del;

	memcpy(&v, at, sizeof(v));
	low = (v - EACH(0x20)) & ~v;
	del = v ^ EACH(0x7f);
	del = (del - EACH(1)) & ~del;
	return ((v | low | del) & EACH(0x80)) == 0;
}

enum utf8
utf8_check(struct slice s)
{
	enum utf8 found = UTF8_GOOD;
	size_t i = 0;

	while (i < s.len) {
		UChar32 c;

		if (s.len - i >= 8 && plain(s.at + i)) {
			i += 8;
			continue;
		}
		U8_NEXT((const uint8_t *)s.at, i, s.len, c);
		if (c < 0)
			return UTF8_BROKEN;
		if ((c < 0x20 && c != '\t') || (c >= 0x7f && c < 0xa0))
			found = UTF8_CONTROL;
	}
	return found;
}
