/* utf8.c -- one character after another out of UTF-8
 *
 * SPDX-License-Identifier: MIT */
#include "lib/utf8.h"

uint32_t
vutf8_decode(const char *text, size_t *len_r)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *s = (const unsigned char *)text;
	uint32_t c = s[0];
	size_t len, i;

	len = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 :
	    c < 0xf5 ? 4 : 0;
	if (len > 1)
		c &= 0x7fU >> len;
	/* The NUL at the end is no continuation, so this never runs past it. */
	for (i = 1; i < len && (s[i] & 0xc0) == 0x80; i++)
		c = c << 6 | (s[i] & 0x3f);
	*len_r = 1;
	if (len == 0 || i < len || c < least[len] || c > 0x10ffff ||
	    (c >= 0xd800 && c <= 0xdfff))
		return VUTF8_BROKEN;
	*len_r = len;
	return c;
}

bool
vutf8_is_control(uint32_t c)
{
	return (c < 0x20 && c != '\t') || (c >= 0x7f && c <= 0x9f);
}
