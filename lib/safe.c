/* safe.c -- text that does nothing to a terminal but appear
 *
 * SPDX-License-Identifier: MIT */
#include "vcrp.h"

#include <string.h>

#include "lib/utf8.h"

/* An embedding or isolate left open by one text would turn round the next
 * line, and an override makes a text read as what it is not. The harmless
 * marks (U+200E, U+200F, U+061C) stay. */
static bool
turns_text(uint32_t c)
{
	return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

static bool
is_tag(uint32_t c)
{
	return c >= 0xe0000 && c <= 0xe007f;
}

static bool
is_break(uint32_t c)
{
	return c == '\t' || c == 0x2028 || c == 0x2029;
}

size_t
vcrp_safe(char *dst, size_t size, const char *text, bool terminal)
{
	const char *put;
	size_t len, put_len, used = 0;
	uint32_t c;

	for (; *text != '\0'; text += len) {
		c = vutf8_decode(text, &len);
		put = text;
		put_len = len;
		if (c == VUTF8_BROKEN) {
			put = "\xef\xbf\xbd";
			put_len = 3;
		} else if (vutf8_is_control(c)) {
			continue;
		} else if (terminal && (turns_text(c) || is_tag(c))) {
			continue;
		} else if (terminal && is_break(c)) {
			put = " ";
			put_len = 1;
		}
		if (put_len >= size - used)
			break;
		memcpy(dst + used, put, put_len);
		used += put_len;
	}
	dst[used] = '\0';
	return used;
}
