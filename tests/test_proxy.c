/* test_proxy.c -- whom a proxy says that it speaks for
 *
 * SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <stdio.h>

#include "suite.h"
#include "wire/proxy.h"

#define V2 "\r\n\r\n\0\r\nQUIT\n"
#define TEXT(s) (struct slice){ s, sizeof(s) - 1 }

static enum proxy
parse(struct slice s, char *source_r, size_t *len_r)
{
	struct proxy_source source;
	enum proxy p = proxy_parse(s, &source, len_r);
	char ip[INET6_ADDRSTRLEN];

	*source_r = '\0';
	if (p == PROXY_GIVEN) {
		inet_ntop(AF_INET6, &source.ip, ip, sizeof(ip));
		sprintf(source_r, "%s %u", ip, source.port);
	}
	return p;
}

/* At once with what follows, and for each beginning: more. */
static bool
gives(struct slice s, enum proxy expected, const char *source)
{
	char more[4200], text[64];
	size_t len;

	for (size_t i = 0; i < s.len; i++)
		if (parse((struct slice){ s.at, i }, text, &len) !=
		    PROXY_MORE || len != 0)
			return false;
	memcpy(more, s.at, s.len);
	memcpy(more + s.len, "\r\nHELLO bob\n", 12);
	return parse(s, text, &len) == expected && len == s.len &&
	    strcmp(text, source) == 0 &&
	    parse((struct slice){ more, s.len + 12 }, text, &len) ==
	    expected && len == s.len && strcmp(text, source) == 0;
}

static bool
is_bad(struct slice s)
{
	char text[64];
	size_t len;

	return parse(s, text, &len) == PROXY_BAD;
}

static void
version_1_gives_an_address(void)
{
	CU_ASSERT(gives(TEXT("PROXY TCP4 192.0.2.1 192.0.2.9 5000 3073\r\n"),
	    PROXY_GIVEN, "::ffff:192.0.2.1 5000"));
	CU_ASSERT(gives(TEXT("PROXY TCP4 255.255.255.255 255.255.255.255 "
	    "65535 65535\r\n"), PROXY_GIVEN, "::ffff:255.255.255.255 65535"));
	CU_ASSERT(gives(TEXT("PROXY TCP6 2001:db8::1 2001:db8::9 1 3073\r\n"),
	    PROXY_GIVEN, "2001:db8::1 1"));
	CU_ASSERT(gives(TEXT("PROXY TCP6 "
	    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
	    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"),
	    PROXY_GIVEN, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535"));
}

static void
version_1_may_know_nothing(void)
{
	CU_ASSERT(gives(TEXT("PROXY UNKNOWN\r\n"), PROXY_OWN, ""));
	CU_ASSERT(gives(TEXT("PROXY UNKNOWN ffff::1 what ever 1 x\r\n"),
	    PROXY_OWN, ""));
}

static void
version_1_is_one_line_of_these_words(void)
{
	static const char *const bad[] = {
		"HELLO bob", "proxy TCP4 1.2.3.4 1.2.3.4 1 2\r\n",
		"PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n", "PROXY \r\n",
		"PROXY\r\n", "PROXY TCP5 1.2.3.4 1.2.3.4 1 2\r\n",
		"PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n",
		"PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n",
		"PROXY TCP4 1.2.3.4 1.2.3.4 1 2 \r\n",
		"PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n",
		"PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n",
		"PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n",
		"PROXY TCP4 1.2.3.4 1.2.3.4 1 -2\r\n",
		"PROXY TCP4 1.2.3 1.2.3.4 1 2\r\n",
		"PROXY TCP4 ::1 ::1 1 2\r\n", "PROXY TCP6 1.2.3.4 ::1 1 2\r\n",
		"PROXY TCP6 ::1 1.2.3.4 1 2\r\n", "PROXY UNKNOWNS\r\n",
		"\r\nHELLO bob\n", "\x16\x03\x01", "PROXYTCP4", "\n"
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CU_ASSERT(is_bad(slice_of(bad[i])));
	CU_ASSERT(is_bad(TEXT("PROXY TCP4 1.2.3.4\0 1.2.3.4 1 2\r\n")));
}

static void
version_1_has_107_bytes_at_most(void)
{
	char line[108] = "PROXY UNKNOWN ", text[64];
	size_t len;

	memset(line + 14, 'x', sizeof(line) - 14);
	CU_ASSERT_EQUAL(parse((struct slice){ line, 106 }, text, &len),
	    PROXY_MORE);
	CU_ASSERT(is_bad((struct slice){ line, 107 }));
	memcpy(line + 105, "\r\n", 2);
	CU_ASSERT(gives((struct slice){ line, 107 }, PROXY_OWN, ""));
	memcpy(line + 105, "x\r\n", 3);
	CU_ASSERT(is_bad((struct slice){ line, 108 }));
}

static void
version_2_gives_an_address(void)
{
	CU_ASSERT(gives(TEXT(V2 "\x21\x11\0\x0c" "\xc0\0\2\1" "\xc0\0\2\x09"
	    "\x13\x88\x0c\x01"), PROXY_GIVEN, "::ffff:192.0.2.1 5000"));
	CU_ASSERT(gives(TEXT(V2 "\x21\x21\0\x24"
	    "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"
	    "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2"
	    "\xff\xff\x0c\x01"), PROXY_GIVEN, "2001:db8::1 65535"));
}

static void
version_2_may_be_the_proxys_own(void)
{
	CU_ASSERT(gives(TEXT(V2 "\x20\0\0\0"), PROXY_OWN, ""));
	CU_ASSERT(gives(TEXT(V2 "\x20\x11\0\x0c" "\xc0\0\2\1" "\xc0\0\2\x09"
	    "\x13\x88\x0c\x01"), PROXY_OWN, ""));
	CU_ASSERT(gives(TEXT(V2 "\x20\xff\0\3abc"), PROXY_OWN, ""));
	/* Not told, a datagram's, a local socket's */
	CU_ASSERT(gives(TEXT(V2 "\x21\0\0\0"), PROXY_OWN, ""));
	CU_ASSERT(gives(TEXT(V2 "\x21\x12\0\1x"), PROXY_OWN, ""));
	CU_ASSERT(gives(TEXT(V2 "\x21\x31\0\1x"), PROXY_OWN, ""));
}

static void
version_2_may_say_more_up_to_a_bound(void)
{
	char header[PROXY_MAX_BYTES + 1];
	size_t least = 16 + 12;

	memset(header, 'x', sizeof(header));
	memcpy(header, V2 "\x21\x11", 14);
	memcpy(header + 16, "\xc0\0\2\1\xc0\0\2\x09\x13\x88\x0c\x01", 12);
	header[14] = 0;
	header[15] = 12 + 5;
	CU_ASSERT(gives((struct slice){ header, least + 5 }, PROXY_GIVEN,
	    "::ffff:192.0.2.1 5000"));
	header[14] = (char)((PROXY_MAX_BYTES - 16) >> 8);
	header[15] = (char)((PROXY_MAX_BYTES - 16) & 255);
	CU_ASSERT(gives((struct slice){ header, PROXY_MAX_BYTES },
	    PROXY_GIVEN, "::ffff:192.0.2.1 5000"));
	header[15]++;
	CU_ASSERT(is_bad((struct slice){ header, 16 }));
}

static void
version_2_that_is_none_is_refused(void)
{
	CU_ASSERT(is_bad(TEXT("\r\n\r\n\0\r\nQUIT\r\n")));
	CU_ASSERT(is_bad(TEXT(V2 "\x11\x11\0\0")));	/* version 1 */
	CU_ASSERT(is_bad(TEXT(V2 "\x22\x11\0\0")));	/* no command */
	CU_ASSERT(is_bad(TEXT(V2 "\x21\x41\0\0")));	/* no family */
	CU_ASSERT(is_bad(TEXT(V2 "\x21\x13\0\0")));	/* no protocol */
	/* Too short for its addresses */
	CU_ASSERT(is_bad(TEXT(V2 "\x21\x11\0\x0b" "xxxxxxxxxxx")));
	CU_ASSERT(is_bad(TEXT(V2 "\x21\x21\0\x0c" "xxxxxxxxxxxx")));
}

static CU_TestInfo tests[] = {
	{ "version 1 gives an address", version_1_gives_an_address },
	{ "version 1 may know nothing", version_1_may_know_nothing },
	{ "version 1 is one line of these words",
	    version_1_is_one_line_of_these_words },
	{ "version 1 has 107 bytes at most",
	    version_1_has_107_bytes_at_most },
	{ "version 2 gives an address", version_2_gives_an_address },
	{ "version 2 may be the proxy's own",
	    version_2_may_be_the_proxys_own },
	{ "version 2 may say more, up to a bound",
	    version_2_may_say_more_up_to_a_bound },
	{ "version 2 that is none is refused",
	    version_2_that_is_none_is_refused },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "proxy", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
