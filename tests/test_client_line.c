/* test_client_line.c -- libvcrp: lines, addresses, and text for terminals
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "lib/address.h"
#include "lib/line.h"
#include "lib/utf8.h"
#include "suite.h"
#include "vcrp.h"

static void
takes_an_event_apart(void)
{
	char text[] = "@id=a1;+x=2 MSG lobby 7 1000 ~al two  words ";
	struct vline line;

	CU_ASSERT(vline_cut(text, &line));
	CU_ASSERT_EQUAL(line.kind, VERB_MSG);
	CU_ASSERT_STRING_EQUAL(line.attributes, "id=a1;+x=2");
	CU_ASSERT_EQUAL(line.count, 4);
	CU_ASSERT_STRING_EQUAL(line.words[0], "lobby");
	CU_ASSERT_STRING_EQUAL(line.words[3], "~al");
	CU_ASSERT_STRING_EQUAL(line.text, "two  words ");
}

static void
leaves_out_what_is_optional(void)
{
	char short_line[] = "ROOM lobby 12 3", bare[] = "OK";
	char unknown[] = "WEATHER is fine today";
	struct vline line;

	CU_ASSERT(vline_cut(short_line, &line));
	CU_ASSERT_EQUAL(line.count, 3);
	CU_ASSERT_PTR_NULL(line.text);
	CU_ASSERT(vline_cut(bare, &line));
	CU_ASSERT_EQUAL(line.count, 0);
	CU_ASSERT(vline_cut(unknown, &line));
	CU_ASSERT_EQUAL(line.kind, VERB_OTHER);
	CU_ASSERT_STRING_EQUAL(line.text, "is fine today");
}

static void
refuses_lines_with_parts_missing(void)
{
	char empty[] = "", no_verb[] = "@id=1", space[] = " MSG a",
	    no_word[] = "MSG lobby  7";
	struct vline line;

	CU_ASSERT_FALSE(vline_cut(empty, &line));
	CU_ASSERT_FALSE(vline_cut(no_verb, &line));
	CU_ASSERT_FALSE(vline_cut(space, &line));
	CU_ASSERT_FALSE(vline_cut(no_word, &line));
}

static void
finds_attributes_by_their_whole_key(void)
{
	char value[8];

	CU_ASSERT(vline_attribute("aid=1;id=22;i", "id", value, 8));
	CU_ASSERT_STRING_EQUAL(value, "22");
	CU_ASSERT(vline_attribute("id=1;re=", "re", value, 8));
	CU_ASSERT_STRING_EQUAL(value, "");
	CU_ASSERT(vline_attribute("a;b=1", "a", value, 8));
	CU_ASSERT_STRING_EQUAL(value, "");
	CU_ASSERT(vline_attribute("k=a=b", "k", value, 8));
	CU_ASSERT_STRING_EQUAL(value, "a=b");
	CU_ASSERT_FALSE(vline_attribute("aid=1", "id", value, 8));
	CU_ASSERT_FALSE(vline_attribute("", "id", value, 8));
	CU_ASSERT(vline_attribute("id=1234567", "id", value, 8));
	CU_ASSERT_FALSE(vline_attribute("id=12345678", "id", value, 8));
}

static void
knows_a_number_when_it_sees_one(void)
{
	static const char *const bad[] = {
		"", "-1", "+1", "1x", " 1", "0x1", "9007199254740992",
		"99999999999999999999"
	};
	uint64_t number = 0;
	size_t i;

	CU_ASSERT(vline_number("9007199254740991", &number));
	CU_ASSERT_EQUAL(number, VLINE_NUMBER_MAX);
	CU_ASSERT(vline_number("0", &number));
	CU_ASSERT_EQUAL(number, 0);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CU_ASSERT_FALSE(vline_number(bad[i], &number));
}

static void
sends_nothing_that_a_line_cannot_hold(void)
{
	static const char *const bad[] = {
		"a\nb", "a\rb", "a\033[1m", "\x7f", "\xc2\x85", "\xff",
		"\xc0\x80", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
		"\xe2\x82", "\x80"
	};
	char text[VLINE_MAX + 1];
	size_t i;

	CU_ASSERT_EQUAL(vline_check("tab\t, \xc3\xa9, \xf0\x9f\x8d\xb5"), 0);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CU_ASSERT_EQUAL(vline_check(bad[i]), -EINVAL);
	memset(text, 'x', sizeof(text));
	text[VLINE_MAX - 1] = '\0';
	CU_ASSERT_EQUAL(vline_check(text), 0);
	text[VLINE_MAX - 1] = 'x';
	text[VLINE_MAX] = '\0';
	CU_ASSERT_EQUAL(vline_check(text), -EMSGSIZE);
}

static void
decodes_the_edges_of_each_length(void)
{
	static const struct {
		const char *bytes;
		uint32_t c;
	} rows[] = {
		{ "\x01", 0x01 }, { "\x7f", 0x7f }, { "\xc2\x80", 0x80 },
		{ "\xdf\xbf", 0x7ff }, { "\xe0\xa0\x80", 0x800 },
		{ "\xed\x9f\xbf", 0xd7ff }, { "\xee\x80\x80", 0xe000 },
		{ "\xef\xbf\xbf", 0xffff }, { "\xf0\x90\x80\x80", 0x10000 },
		{ "\xf4\x8f\xbf\xbf", 0x10ffff }
	};
	size_t i, len;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CU_ASSERT_EQUAL(vutf8_decode(rows[i].bytes, &len), rows[i].c);
		CU_ASSERT_EQUAL(len, strlen(rows[i].bytes));
	}
}

/* path, host, port, room; NULL where there is none. */
static void
finds(const char *text, const char *path, const char *host, const char *port,
    const char *room)
{
	struct vaddress address;
	const char *why;
	const char *want[] = { path, host, port, room };
	const char *got[4];
	int i;

	CU_ASSERT_EQUAL_FATAL(vaddress_init(&address, text, &why), 0);
	got[0] = address.path;
	got[1] = address.host;
	got[2] = address.port;
	got[3] = address.room;
	for (i = 0; i < 4; i++) {
		CU_ASSERT_EQUAL(want[i] == NULL, got[i] == NULL);
		if (want[i] != NULL && got[i] != NULL)
			CU_ASSERT_STRING_EQUAL(want[i], got[i]);
	}
	vaddress_fini(&address);
}

static void
finds_the_server_in_what_people_write(void)
{
	finds("vcrp://chat.example.org/lobby", NULL, "chat.example.org",
	    "3073", "lobby");
	finds("VCRP://h:4000/", NULL, "h", "4000", NULL);
	finds("vcrp://h", NULL, "h", "3073", NULL);
	finds("vcrp://[::1]:80/%c3%A9", NULL, "::1", "80", "\xc3\xa9");
	finds("vcrp:///run/vcrpd%20x", "/run/vcrpd x", NULL, NULL, NULL);
	finds("h:1", NULL, "h", "1", NULL);
	finds("::1", NULL, "::1", "3073", NULL);
	finds("[::1]", NULL, "::1", "3073", NULL);
	finds("/run/s", "/run/s", NULL, NULL, NULL);
	finds("./s%20", "./s%20", NULL, NULL, NULL);
	finds("vcrp://h/lobby?transport=udp", NULL, "h", "3073", "lobby");
	finds("vcrp://h:1?transport=udp", NULL, "h", "1", NULL);
	finds("vcrp://h/a%3Fb", NULL, "h", "3073", "a?b");
	finds("vcrp:///run/s?transport=udp", "/run/s?transport=udp", NULL,
	    NULL, NULL);
}

/* user: "" for none. */
static void
finds_more(const char *text, bool tls, const char *host, const char *user)
{
	struct vaddress address;
	const char *why;
	char got[32] = "";

	finds(text, NULL, host, "3073", NULL);
	CU_ASSERT_EQUAL_FATAL(vaddress_init(&address, text, &why), 0);
	CU_ASSERT_EQUAL(address.tls, tls);
	CU_ASSERT_STRING_EQUAL(address.user ? address.user : "", user);
	vaddress_fini(&address);
	CU_ASSERT_EQUAL(vcrp_user(text, got, sizeof(got)), user[0] != '\0');
	CU_ASSERT_STRING_EQUAL(got, user);
}

static void
finds_transport(const char *text, bool udp)
{
	struct vaddress address;
	const char *why;

	CU_ASSERT_EQUAL_FATAL(vaddress_init(&address, text, &why), 0);
	CU_ASSERT_EQUAL(address.udp, udp);
	vaddress_fini(&address);
}

static void
finds_who_and_how(void)
{
	finds_more("vcrps://h", true, "h", "");
	finds_more("VCRPS://alice@h/", true, "h", "alice");
	finds_more("vcrp://%c3%A9l@[::1]", false, "::1", "\xc3\xa9l");
	finds_more("alice@h", false, "h", "alice");
	finds("vcrps://h:1/@bob", NULL, "h", "1", "@bob");
	finds_transport("vcrps://alice@h/lobby?transport=udp", true);
	finds_transport("vcrps://alice@h/lobby", false);
}

static void
refuses_an_address_and_says_why(void)
{
	static const char *const bad[] = {
		"", ":1", "vcrp://:1/x", "h:", "h:0", "h:65536", "h:x",
		"[::1", "[::1]x", "vcrp://h/%", "vcrp://h/%4", "vcrp://h/%00",
		"vcrp://h/%4g", "vcrp://h/a%20b",
		"vcrps://", "vcrps:///run/s", "vcrps://@h", "a b@h",
		"vcrps://a:secret@h/x", "vcrps://a%20b@h",
		"vcrp://h/x?", "vcrp://h/x?transport=tcp", "vcrp://h?udp"
	};
	struct vaddress address;
	const char *why;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		why = NULL;
		CU_ASSERT_EQUAL(vaddress_init(&address, bad[i], &why),
		    -EINVAL);
		CU_ASSERT_PTR_NOT_NULL(why);
	}
}

static void
shows(const char *text, const char *line, const char *terminal)
{
	char got[256];

	CU_ASSERT_EQUAL(vcrp_safe(got, sizeof(got), text, false),
	    strlen(line));
	CU_ASSERT_STRING_EQUAL(got, line);
	CU_ASSERT_EQUAL(vcrp_safe(got, sizeof(got), text, true),
	    strlen(terminal));
	CU_ASSERT_STRING_EQUAL(got, terminal);
}

static void
keeps_a_terminal_from_being_played_with(void)
{
	shows("plain", "plain", "plain");
	shows("\033]0;title\007x\033[2J", "]0;titlex[2J", "]0;titlex[2J");
	shows("\xc2\x9b" "2J\x7f\r\n", "2J", "2J");
	shows("a\tb\xe2\x80\xa8" "c", "a\tb\xe2\x80\xa8" "c", "a b c");
	shows("\xe2\x80\xae" "abc\xe2\x81\xa6", "\xe2\x80\xae" "abc\xe2\x81\xa6",
	    "abc");
	shows("\xf3\xa0\x81\xa1.", "\xf3\xa0\x81\xa1.", ".");
	shows("a\xff\xe2\x82", "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd",
	    "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	shows("\xd7\xa9\xe2\x80\x8f \xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x9a\x80",
	    "\xd7\xa9\xe2\x80\x8f \xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x9a\x80",
	    "\xd7\xa9\xe2\x80\x8f \xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x9a\x80");
}

static void
cuts_between_characters(void)
{
	char got[4] = "zzz";

	CU_ASSERT_EQUAL(vcrp_safe(got, 1, "abc", false), 0);
	CU_ASSERT_STRING_EQUAL(got, "");
	CU_ASSERT_EQUAL(vcrp_safe(got, 4, "a\xe2\x82\xac", false), 1);
	CU_ASSERT_STRING_EQUAL(got, "a");
	CU_ASSERT_EQUAL(vcrp_safe(got, 4, "\xe2\x82\xac" "a", false), 3);
	CU_ASSERT_STRING_EQUAL(got, "\xe2\x82\xac");
}

static CU_TestInfo line_tests[] = {
	{ "takes an event apart", takes_an_event_apart },
	{ "leaves out what is optional", leaves_out_what_is_optional },
	{ "refuses lines with parts missing",
	    refuses_lines_with_parts_missing },
	{ "finds attributes by their whole key",
	    finds_attributes_by_their_whole_key },
	{ "knows a number when it sees one",
	    knows_a_number_when_it_sees_one },
	{ "sends nothing that a line cannot hold",
	    sends_nothing_that_a_line_cannot_hold },
	{ "decodes the edges of each length",
	    decodes_the_edges_of_each_length },
	CU_TEST_INFO_NULL
};

static CU_TestInfo text_tests[] = {
	{ "finds the server in what people write",
	    finds_the_server_in_what_people_write },
	{ "finds who one is, and how to go there", finds_who_and_how },
	{ "refuses an address and says why",
	    refuses_an_address_and_says_why },
	{ "keeps a terminal from being played with",
	    keeps_a_terminal_from_being_played_with },
	{ "cuts between characters", cuts_between_characters },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "client: lines", NULL, NULL, NULL, NULL, line_tests },
	{ "client: addresses and text", NULL, NULL, NULL, NULL, text_tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
