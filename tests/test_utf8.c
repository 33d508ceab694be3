/* test_utf8.c -- what is UTF-8, and what may stand in a line
 *
 * SPDX-License-Identifier: MIT */
#include <stdint.h>

#include "base/utf8.h"
#include "suite.h"

/* The definition (RFC 3629), one character at a time and without a table. */
static enum utf8
by_definition(const unsigned char *s, size_t len)
{
	enum utf8 found = UTF8_GOOD;

	for (size_t i = 0; i < len;) {
		static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
		unsigned more = s[i] < 0x80 ? 0 : s[i] >> 5 == 6 ? 1 :
		    s[i] >> 4 == 14 ? 2 : s[i] >> 3 == 30 ? 3 : 4;
		uint32_t c;

		if (more == 4 || i + more >= len)
			return UTF8_BROKEN;
		c = more == 0 ? s[i] : s[i] & (0x3f >> more);
		i++;
		for (unsigned n = more; n > 0; n--, i++) {
			if (s[i] >> 6 != 2)
				return UTF8_BROKEN;
			c = c << 6 | (s[i] & 0x3f);
		}
		if (c < least[more] || c > 0x10ffff ||
		    (c >= 0xd800 && c < 0xe000))
			return UTF8_BROKEN;
		if ((c < 0x20 && c != '\t') || (c >= 0x7f && c < 0xa0))
			found = UTF8_CONTROL;
	}
	return found;
}

static bool
agrees(const unsigned char *s, size_t len)
{
	return utf8_check((struct slice){ (const char *)s, len }) ==
	    by_definition(s, len);
}

static void
agrees_with_the_definition_on_all_short_texts(void)
{
	unsigned char s[3] = { 0 };
	bool good = agrees(s, 0);

	for (uint32_t i = 0; i < 1 << 24; i++) {
		s[0] = (unsigned char)(i >> 16);
		s[1] = (unsigned char)(i >> 8);
		s[2] = (unsigned char)i;
		/* ASCII before and behind says nothing new. */
		if (s[0] < 0x80 && s[0] != 'a')
			continue;
		good = good && agrees(s, 3);
	}
	CU_ASSERT(good);
}

static void
agrees_on_four_bytes(void)
{
	unsigned char s[4];
	bool good = true;

	for (uint32_t i = 0; i < 1 << 18; i++) {
		s[0] = (unsigned char)(0xf0 | i >> 15);
		s[1] = (unsigned char)(i >> 7);
		s[2] = (unsigned char)(0x80 | (i & 0x40));
		s[3] = (unsigned char)(i << 2);
		good = good && agrees(s, 4);
	}
	CU_ASSERT(good);
}

/* Eight bytes are looked at at once: any byte at any place among them. */
static void
agrees_at_every_place_of_a_long_text(void)
{
	unsigned char s[40];
	bool good = true;

	for (size_t at = 0; at < sizeof(s); at++)
		for (unsigned c = 0; c < 256; c++)
			for (int fill = 0x20; fill < 0x7f; fill += 0x1e) {
				memset(s, fill, sizeof(s));
				s[at] = (unsigned char)c;
				good = good && agrees(s, sizeof(s));
			}
	CU_ASSERT(good);
}

static void
agrees_on_two_bytes_at_every_place(void)
{
	unsigned char s[24];
	bool good = true;

	for (size_t at = 0; at + 1 < sizeof(s); at++)
		for (unsigned c = 0; c < 1 << 16; c++) {
			memset(s, 'a', sizeof(s));
			s[at] = (unsigned char)(c >> 8);
			s[at + 1] = (unsigned char)c;
			good = good && agrees(s, sizeof(s));
		}
	CU_ASSERT(good);
}

static CU_TestInfo tests[] = {
	{ "agrees with the definition on all short texts",
	    agrees_with_the_definition_on_all_short_texts },
	{ "agrees on four bytes", agrees_on_four_bytes },
	{ "agrees at every place of a long text",
	    agrees_at_every_place_of_a_long_text },
	{ "agrees on two bytes at every place",
	    agrees_on_two_bytes_at_every_place },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "utf8", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
