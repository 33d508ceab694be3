/* test_vcrp.c -- VCRP's own lines, taken apart
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "suite.h"
#include "wire/vcrp.h"

#define KEY22 "0123456789abcdefghij_-"

static enum error
parse(const char *line, struct words *w)
{
	char why[WHY_MAX] = "";
	enum error e = vcrp_parse(slice_of(line), w, why);

	CU_ASSERT_EQUAL(e == ERROR_NONE, *why == '\0');
	CU_ASSERT(memchr(why, '\0', WHY_MAX) != NULL);
	return e;
}

static bool
gives(const char *line, enum error expected)
{
	struct words w;
	enum error e = parse(line, &w);

	if (e != expected)
		printf("\n    %.80s: %s, not %s", line,
		    e == ERROR_NONE ? "good" : error_code(e),
		    expected == ERROR_NONE ? "good" : error_code(expected));
	return e == expected;
}

/* A line of len bytes that begins with this and goes on with x. */
static const char *
padded(char *line, const char *begin, size_t len)
{
	size_t done = strlen(begin);

	memcpy(line, begin, done);
	memset(line + done, 'x', len - done);
	line[len] = '\0';
	return line;
}

static void
takes_a_line_apart(void)
{
	struct words w;

	CU_ASSERT_EQUAL_FATAL(parse("@id=a.1;re=7;+k=v EDIT lobby 12  a  b ",
	    &w), ERROR_NONE);
	CU_ASSERT_EQUAL(w.command->verb, VERB_EDIT);
	CU_ASSERT(slice_is(w.attrs, "id=a.1;re=7;+k=v"));
	CU_ASSERT(slice_is(w.id, "a.1"));
	CU_ASSERT_EQUAL(w.count, 2);
	CU_ASSERT(slice_is(w.word[0], "lobby"));
	CU_ASSERT(slice_is(w.word[1], "12"));
	CU_ASSERT_EQUAL(w.number, 12);
	CU_ASSERT(slice_is(w.text, " a  b "));
}

static void
takes_spaces_between_words(void)
{
	struct words w;

	CU_ASSERT_EQUAL_FATAL(parse("  JOIN   lobby   0  ", &w), ERROR_NONE);
	CU_ASSERT_EQUAL(w.count, 2);
	CU_ASSERT_EQUAL(w.number, 0);
	CU_ASSERT(slice_is(w.word[0], "lobby"));
	CU_ASSERT_EQUAL_FATAL(parse("@id=1   say   lobby x", &w), ERROR_NONE);
	CU_ASSERT(slice_is(w.text, "x"));
}

static void
takes_any_case_and_a_cr(void)
{
	struct words w;

	CU_ASSERT_EQUAL_FATAL(parse("sAy Lobby Text\r", &w), ERROR_NONE);
	CU_ASSERT_EQUAL(w.command->verb, VERB_SAY);
	CU_ASSERT(slice_is(w.word[0], "Lobby"));
	CU_ASSERT(slice_is(w.text, "Text"));
	CU_ASSERT(gives("SAY lobby a\rb", ERROR_BAD_LINE));
	CU_ASSERT(gives("SAY lobby a\r\r", ERROR_BAD_LINE));
	CU_ASSERT(gives("LIST lob\tby", ERROR_BAD_LINE));
	CU_ASSERT(gives("SAY lobby a\tb", ERROR_NONE));
}

/* What every row of the table says is what the codec holds lines to. */
static void
every_row_takes_its_words_and_no_more(void)
{
	for (int v = 0; v < VERB_COUNT; v++) {
		const struct command *c = command_at(v);
		unsigned most = (unsigned)strlen(c->words);
		char line[256];

		for (unsigned n = 0; n <= most + 1; n++) {
			size_t len = (size_t)snprintf(line, sizeof(line),
			    "%s", c->name);
			bool good;

			for (unsigned i = 0; i < n; i++)
				len += (size_t)snprintf(line + len,
				    sizeof(line) - len, " 5");
			good = n >= c->least && (n <= most ||
			    c->text != TEXT_NONE) && (n > most ||
			    c->text != TEXT_MUST);
			CU_ASSERT(gives(line,
			    good ? ERROR_NONE : ERROR_BAD_LINE));
		}
	}
}

static void
every_row_takes_its_attributes_alone(void)
{
	static const struct { const char *text; unsigned bit; } known[] = {
		{ "@re=1", ATTR_RE }, { "@for=1h", ATTR_FOR },
		{ "@key=" KEY22, ATTR_KEY }, { "@id=x", ~0u },
		{ "@+x", ~0u }, { "@x=1", 0 }
	};

	for (int v = 0; v < VERB_COUNT; v++)
		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]);
		    i++) {
			const struct command *c = command_at(v);
			bool good = known[i].bit == ~0u ||
			    (c->attributes & known[i].bit);
			char line[256];

			snprintf(line, sizeof(line), "%s %s%s x", known[i].text,
			    c->name, &" 5 5 5"[2 * (3 - strlen(c->words))]);
			if (c->text == TEXT_NONE)
				line[strlen(line) - 2] = '\0';
			CU_ASSERT(gives(line,
			    good ? ERROR_NONE : ERROR_BAD_VALUE));
		}
}

static void
keeps_the_bounds_of_attributes(void)
{
	static const struct { const char *attrs; enum error e; } cases[] = {
		{ "", ERROR_BAD_LINE },
		{ ";", ERROR_BAD_LINE },
		{ "id=a;", ERROR_BAD_LINE },
		{ "id=a;;re=1", ERROR_BAD_LINE },
		{ "=a", ERROR_BAD_LINE },
		{ "a/b=c", ERROR_BAD_LINE },
		{ "id", ERROR_BAD_VALUE },
		{ "id=", ERROR_BAD_VALUE },
		{ "+x=", ERROR_BAD_VALUE },
		{ "+x=a=b", ERROR_NONE },
		{ "+x", ERROR_NONE },
		{ "+", ERROR_NONE },
		{ "+x=*", ERROR_BAD_VALUE },
		{ "+x=?", ERROR_BAD_VALUE },
		{ "+x=[", ERROR_BAD_VALUE },
		{ "+x=]", ERROR_BAD_VALUE },
		{ "+x=\\", ERROR_BAD_VALUE },
		{ "+x=\"", ERROR_BAD_VALUE },
		{ "+x='", ERROR_BAD_VALUE },
		{ "+x=a\tb", ERROR_BAD_VALUE },
		{ "+x=\xc3\xa9", ERROR_NONE },
		{ "id=a;id=b", ERROR_BAD_VALUE },
		{ "id=123456789012345678901234567890123456", ERROR_NONE },
		{ "id=1234567890123456789012345678901234567",
		    ERROR_BAD_VALUE },
		{ "id=a+b", ERROR_BAD_VALUE },
		{ "id=\xc3\xa9", ERROR_BAD_VALUE },
		{ "id=A-z_.9", ERROR_NONE },
		{ "re=0", ERROR_BAD_VALUE },
		{ "re=01", ERROR_BAD_VALUE },
		{ "re=9007199254740991", ERROR_NONE },
		{ "re=9007199254740992", ERROR_BAD_VALUE },
		{ "re=99999999999999999999", ERROR_BAD_VALUE },
		{ "re=-1", ERROR_BAD_VALUE },
	};
	char line[128];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(line, sizeof(line), "@%s SAY a b", cases[i].attrs);
		CU_ASSERT(gives(line, cases[i].e));
	}
	CU_ASSERT(gives("@key=" KEY22 " HELLO a", ERROR_NONE));
	CU_ASSERT(gives("@key=123456789012345678901 HELLO a",
	    ERROR_BAD_VALUE));
	CU_ASSERT(gives("@key=" KEY22 "." " HELLO a", ERROR_BAD_VALUE));
	CU_ASSERT(gives("@key=" KEY22 KEY22 "12345678901234567890" " HELLO a",
	    ERROR_NONE));
	CU_ASSERT(gives("@key=" KEY22 KEY22 "123456789012345678901"
	    " HELLO a", ERROR_BAD_VALUE));
	CU_ASSERT(gives("@", ERROR_BAD_LINE));
	CU_ASSERT(gives("@id=a", ERROR_BAD_LINE));
	CU_ASSERT(gives("@id=a ", ERROR_BAD_LINE));
}

static void
keeps_the_bounds_of_lines_texts_and_values(void)
{
	char line[5000], attrs[600];

	CU_ASSERT(gives(padded(line, "SAY lobby ", 10 + 3072), ERROR_NONE));
	CU_ASSERT(gives(padded(line, "SAY lobby ", 10 + 3073),
	    ERROR_TOO_LONG));
	/* With its LF a line has 4096 bytes. */
	CU_ASSERT(gives(padded(line, "JOIN ", 4095), ERROR_NONE));
	CU_ASSERT(gives(padded(line, "JOIN ", 4096), ERROR_TOO_LONG));
	snprintf(line, sizeof(line), "@%s SAY a b", padded(attrs, "+x=",
	    3 + 255));
	CU_ASSERT(gives(line, ERROR_NONE));
	snprintf(line, sizeof(line), "@%s SAY a b", padded(attrs, "+x=",
	    3 + 256));
	CU_ASSERT(gives(line, ERROR_BAD_VALUE));
	padded(attrs, "+x=", 512);
	attrs[255] = ';';
	attrs[256] = '+';
	attrs[258] = '=';
	snprintf(line, sizeof(line), "@%s SAY a b", attrs);
	CU_ASSERT(gives(line, ERROR_NONE));
	strcat(attrs, "x");
	snprintf(line, sizeof(line), "@%s SAY a b", attrs);
	CU_ASSERT(gives(line, ERROR_TOO_LONG));
}

static void
refuses_control_characters_and_what_is_not_utf8(void)
{
	char line[] = "SAY lobby a?b";

	for (int c = 1; c < 256; c++) {
		enum error e = ERROR_NONE;

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			e = ERROR_BAD_LINE;
		if (c > 0x7f)
			e = ERROR_BAD_UTF8;
		line[11] = (char)c;
		CU_ASSERT(gives(line, e));
	}
	CU_ASSERT(gives("SAY lobby \xc2\x85", ERROR_BAD_LINE));
	CU_ASSERT(gives("SAY lobby \xe2\x80\xa8", ERROR_NONE));
	CU_ASSERT(gives("SAY lobby \xed\xa0\x80", ERROR_BAD_UTF8));
	CU_ASSERT(gives("SAY lobby \xc0\x80", ERROR_BAD_UTF8));
	CU_ASSERT(gives("SAY lobby \xf4\x90\x80\x80", ERROR_BAD_UTF8));
}

static void
a_nul_is_a_control_character(void)
{
	struct words w;
	char why[WHY_MAX];

	CU_ASSERT_EQUAL(vcrp_parse((struct slice){ "SAY lobby a\0b", 13 },
	    &w, why), ERROR_BAD_LINE);
	CU_ASSERT_EQUAL(vcrp_parse((struct slice){ "@+x=\0 SAY a b", 13 },
	    &w, why), ERROR_BAD_LINE);
}

static void
a_refusal_carries_a_good_id(void)
{
	static const struct { const char *line, *id; } cases[] = {
		{ "@id=a1 SAY", "a1" },
		{ "@id=a1 NOSUCH x", "a1" },
		{ "@id=a1;re=0 SAY a b", "a1" },
		{ "@bad=x;id=a1 SAY a b", "a1" },
		{ "@id=a!;re=1 SAY a b", "" },
		{ "@id=a1;for=1h SAY a b", "a1" },
		{ "SAY", "" },
	};
	struct words w;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CU_ASSERT_NOT_EQUAL(parse(cases[i].line, &w), ERROR_NONE);
		CU_ASSERT(slice_is(w.id, cases[i].id));
	}
}

static void
finds_the_id_of_what_is_too_long(void)
{
	CU_ASSERT(slice_is(vcrp_peek_id(slice_of("@id=a1 SAY lobby xxx")),
	    "a1"));
	CU_ASSERT(slice_is(vcrp_peek_id(slice_of("@re=1;id=a1 SAY")), "a1"));
	CU_ASSERT_EQUAL(vcrp_peek_id(slice_of("@id=a1")).len, 0);
	CU_ASSERT_EQUAL(vcrp_peek_id(slice_of("SAY lobby @id=a1 x")).len, 0);
	CU_ASSERT_EQUAL(vcrp_peek_id(slice_of("@id=a! x")).len, 0);
	CU_ASSERT_EQUAL(vcrp_peek_id(slice_of("@id=a\xff x")).len, 0);
	/* A beginning may end within a letter. */
	CU_ASSERT(slice_is(vcrp_peek_id(slice_of("@id=a1 \xc3")), "a1"));
	CU_ASSERT_EQUAL(vcrp_peek_id((struct slice){ "", 0 }).len, 0);
}

static void
a_reason_is_fit_to_be_sent(void)
{
	struct words w;
	char why[WHY_MAX], line[5000];

	vcrp_parse(slice_of("caf\xc3\xa9 x"), &w, why);
	CU_ASSERT_STRING_EQUAL(why, "no such command: caf\xc3\xa9");
	/* Never half a character: what is long is not named. */
	for (size_t n = 1; n < 60; n++) {
		size_t len = 0;

		while (len < 2 * n) {
			line[len++] = (char)0xc3;
			line[len++] = (char)0xa9;
		}
		vcrp_parse((struct slice){ line, len }, &w, why);
		CU_ASSERT(strlen(why) == strlen("no such command") ||
		    strlen(why) == strlen("no such command: ") + len);
	}
}

static void
knows_strangers_by_their_first_word(void)
{
	static const struct { const char *line, *protocol; } cases[] = {
		{ "GET / HTTP/1.1", "HTTP" }, { "post /", "HTTP" },
		{ "OPTIONS * HTTP/1.1", "HTTP" }, { "PRI * HTTP/2.0", "HTTP" },
		{ "NICK alice", "IRC" }, { "cap LS 302", "IRC" },
		{ "USER x", "IRC" }, { "PASS x", "IRC" },
		{ "PROXY TCP4 ", "PROXY" }, { "\x16\x03\x01", "TLS" },
		{ "\x01", "binary" }, { "\xff", "binary" },
		{ "\xc3\xa9", "binary" },
		{ "HELLO alice", NULL }, { "GETS", NULL }, { "GE", NULL },
		{ "@id=1 HELLO a", NULL }, { " HELLO a", NULL }, { "", NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *p = vcrp_stranger(slice_of(cases[i].line));

		CU_ASSERT((p == NULL) == (cases[i].protocol == NULL));
		CU_ASSERT(p == NULL || cases[i].protocol == NULL ||
		    strcmp(p, cases[i].protocol) == 0);
	}
	CU_ASSERT_PTR_NOT_NULL(vcrp_stranger((struct slice){ "\0", 1 }));
	for (int v = 0; v < VERB_COUNT; v++)
		CU_ASSERT_PTR_NULL(
		    vcrp_stranger(slice_of(command_at(v)->name)));
}

static CU_TestInfo tests[] = {
	{ "takes a line apart", takes_a_line_apart },
	{ "takes spaces between words", takes_spaces_between_words },
	{ "takes any case, and a CR", takes_any_case_and_a_cr },
	{ "every row takes its words and no more",
	    every_row_takes_its_words_and_no_more },
	{ "every row takes its attributes alone",
	    every_row_takes_its_attributes_alone },
	{ "keeps the bounds of attributes", keeps_the_bounds_of_attributes },
	{ "keeps the bounds of lines, texts and values",
	    keeps_the_bounds_of_lines_texts_and_values },
	{ "refuses control characters and what is not UTF-8",
	    refuses_control_characters_and_what_is_not_utf8 },
	{ "a NUL is a control character", a_nul_is_a_control_character },
	{ "a refusal carries a good id", a_refusal_carries_a_good_id },
	{ "finds the id of what is too long",
	    finds_the_id_of_what_is_too_long },
	{ "a reason is fit to be sent", a_reason_is_fit_to_be_sent },
	{ "knows strangers by their first word",
	    knows_strangers_by_their_first_word },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "vcrp", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
