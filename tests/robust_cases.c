/* robust_cases.c -- lines that a server must refuse, or just survive
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "robust_cases.h"

#define BYTES(text) text, sizeof(text) - 1

struct fixed {
	const char *bytes;
	size_t len;
	const char *pattern;
};

static const char line[] = "ERR bad-line ...";
static const char utf8[] = "ERR bad-utf8 ...";
static const char value[] = "ERR bad-value ...";
static const char name[] = "ERR bad-name ...";
static const char verb[] = "ERR unknown-verb ...";
static const char longer[] = "ERR too-long ...";

static const struct fixed controls[] = {
	{ BYTES("SAY lobby a\0b\n"), line },
	{ BYTES("\0\n"), line },
	{ BYTES("SAY lobby \0\n"), line },
	{ BYTES("SAY lobby a\rb\n"), line },
	{ BYTES("SAY lobby a\r\r\n"), line },
	{ BYTES("SAY\rlobby x\n"), line },
	{ BYTES("SA\001Y lobby x\n"), line },
	{ BYTES("SAY lobby a\033[31mb\n"), line },
	{ BYTES("SAY lobby a\vb\n"), line },
	{ BYTES("SAY lobby a\037b\n"), line },
	{ BYTES("SAY lobby a\177b\n"), line },
	{ BYTES("SAY lobby a\302\200b\n"), line },
	{ BYTES("SAY lobby a\302\205b\n"), line },
	{ BYTES("SAY lobby a\302\237b\n"), line },
	{ BYTES("JOIN lob\007by\n"), line },
	{ BYTES("@id=a\001 SAY lobby x\n"), "...ERR bad-line ..." },
};

static const struct fixed encodings[] = {
	{ BYTES("SAY lobby \x80\n"), utf8 },
	{ BYTES("SAY lobby \xbf\n"), utf8 },
	{ BYTES("SAY lobby \xc0\x80\n"), utf8 },
	{ BYTES("SAY lobby \xc1\xbf\n"), utf8 },
	{ BYTES("SAY lobby \xc3\n"), utf8 },
	{ BYTES("SAY lobby \xc3x\n"), utf8 },
	{ BYTES("SAY lobby \xe0\x80\x80\n"), utf8 },
	{ BYTES("SAY lobby \xe0\x9f\xbf\n"), utf8 },
	{ BYTES("SAY lobby \xe2\x82\n"), utf8 },
	{ BYTES("SAY lobby \xe2\x82x\n"), utf8 },
	{ BYTES("SAY lobby \xed\xa0\x80\n"), utf8 },
	{ BYTES("SAY lobby \xed\xbf\xbf\n"), utf8 },
	{ BYTES("SAY lobby \xf0\x80\x80\x80\n"), utf8 },
	{ BYTES("SAY lobby \xf0\x8f\xbf\xbf\n"), utf8 },
	{ BYTES("SAY lobby \xf0\x9f\x98\n"), utf8 },
	{ BYTES("SAY lobby \xf4\x90\x80\x80\n"), utf8 },
	{ BYTES("SAY lobby \xf5\x80\x80\x80\n"), utf8 },
	{ BYTES("SAY lobby \xf8\x88\x80\x80\x80\n"), utf8 },
	{ BYTES("SAY lobby \xfe\n"), utf8 },
	{ BYTES("SAY lobby \xff\n"), utf8 },
	{ BYTES("\xff\xfeS\n"), utf8 },
	{ BYTES("@id=\xff SAY lobby x\n"), utf8 },
	{ BYTES("JOIN \xc3(\n"), utf8 },
};

static const struct fixed words[] = {
	{ BYTES("\n"), NULL },
	{ BYTES("\r\n"), NULL },
	{ BYTES("\n\r\n\n"), NULL },
	{ BYTES("XYZZY\n"), verb },
	{ BYTES("SAYS lobby x\n"), verb },
	{ BYTES("SA lobby x\n"), verb },
	{ BYTES("S\xc3\x84Y lobby x\n"), verb },
	{ BYTES("GET / HTTP/1.1\r\n"), verb },
	{ BYTES("SAY\n"), line },
	{ BYTES("SAY lobby\n"), line },
	{ BYTES("SAY lobby \n"), line },
	{ BYTES("EDIT lobby\n"), line },
	{ BYTES("EDIT lobby 1\n"), line },
	{ BYTES("DELETE lobby\n"), line },
	{ BYTES("REACT lobby 1\n"), line },
	{ BYTES("SIGNAL lobby\n"), line },
	{ BYTES("JOIN\n"), line },
	{ BYTES("LEAVE\n"), line },
	{ BYTES("WHO\n"), line },
	{ BYTES("SET lobby\n"), line },
	{ BYTES("ROLE lobby ~ann\n"), line },
	{ BYTES("KICK lobby\n"), line },
	{ BYTES("WHO lobby lobby\n"), line },
	{ BYTES("LEAVE lobby now\n"), line },
	{ BYTES("JOIN lobby 1 2\n"), line },
	{ BYTES("DELETE lobby 1 why\n"), line },
	{ BYTES("LIST a b\n"), line },
	{ BYTES("STATS\n"), "ERR denied ..." },
	{ BYTES("SHUTDOWN\n"), "ERR denied ..." },
	{ BYTES("HELLO mallory\n"), "ERR * ..." },
	{ BYTES("AUTH EXTERNAL\n"), "ERR * ..." },
	{ BYTES("SAY @~bea,~ann x\n"), "ERR no-such-room ..." },
	{ BYTES("SAY @ x\n"), name },
	{ BYTES("KICK lobby ~ann x\n"), "ERR denied ..." },
	{ BYTES("ROLE lobby ~ann banned\n"), "ERR denied ..." },
};

static const struct fixed attributes[] = {
	{ BYTES("@\n"), line },
	{ BYTES("@ SAY lobby x\n"), line },
	{ BYTES("@;\n"), line },
	{ BYTES("@= SAY lobby x\n"), line },
	{ BYTES("@=a SAY lobby x\n"), line },
	{ BYTES("@;id=a SAY lobby x\n"), "...ERR bad-line ..." },
	{ BYTES("@id=a; SAY lobby x\n"), "...ERR bad-line ..." },
	{ BYTES("@id=a;;re=1 SAY lobby x\n"), "...ERR bad-line ..." },
	{ BYTES("@id=a\n"), "@id=a ERR bad-line ..." },
	{ BYTES("@id=a \n"), "@id=a ERR bad-line ..." },
	{ BYTES("@id SAY lobby x\n"), value },
	{ BYTES("@id= SAY lobby x\n"), value },
	{ BYTES("@re SAY lobby x\n"), value },
	{ BYTES("@re=0 SAY lobby x\n"), value },
	{ BYTES("@re=-1 SAY lobby x\n"), value },
	{ BYTES("@re=01 SAY lobby x\n"), value },
	{ BYTES("@re=9007199254740992 SAY lobby x\n"), value },
	{ BYTES("@id=a=b SAY lobby x\n"), value },
	{ BYTES("@id=a,b SAY lobby x\n"), value },
	{ BYTES("@id=a;id=b SAY lobby x\n"), "...ERR bad-value ..." },
	{ BYTES("@foo=1 SAY lobby x\n"), value },
	{ BYTES("@ID=a SAY lobby x\n"), value },
	{ BYTES("@id=a;foo SAY lobby x\n"), "@id=a ERR bad-value ..." },
	{ BYTES("@key=0123456789012345678901 SAY lobby x\n"), value },
	{ BYTES("@for=1h SAY lobby x\n"), value },
	{ BYTES("@for=1w ROLE lobby ~ann muted\n"), value },
	{ BYTES("@for=h ROLE lobby ~ann muted\n"), value },
	{ BYTES("@for=0s ROLE lobby ~ann muted\n"), value },
	{ BYTES("@+a=b\tc SAY lobby x\n"), value },
	{ BYTES("@wait=1 SAY lobby x\n"), value },
};

static const struct {
	const char *word;
	const char *pattern;
} numbers[] = {
	{ "0", value },
	{ "-1", value },
	{ "+1", value },
	{ "01", value },
	{ "1.0", value },
	{ "0x10", value },
	{ "1e3", value },
	{ "x", value },
	{ "9007199254740992", value },
	{ "18446744073709551616", value },
	{ "99999999999999999999999999999999", value },
	{ "1\xc2\xb2", value },
	{ "1", "ERR no-such-number ..." },
	{ "9007199254740991", "ERR no-such-number ..." },
};

static void
add(struct cases *cases, const char *bytes, size_t len, const char *pattern)
{
	struct bad *bad;

	cases->bad =
	    realloc(cases->bad, (cases->count + 1) * sizeof(*cases->bad));
	assert(cases->bad != NULL);
	bad = &cases->bad[cases->count++];
	bad->bytes = malloc(len);
	assert(bad->bytes != NULL);
	memcpy(bad->bytes, bytes, len);
	bad->len = len;
	bad->pattern = pattern;
}

static void
add_all(struct cases *cases, const struct fixed *fixed, size_t count)
{
	for (size_t i = 0; i < count; i++)
		add(cases, fixed[i].bytes, fixed[i].len, fixed[i].pattern);
}

#define ADD_ALL(cases, table)                                                  \
	add_all(cases, table, sizeof(table) / sizeof(table[0]))

static void __attribute__((format(printf, 3, 4)))
add_text(struct cases *cases, const char *pattern, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	add(cases, text, strlen(text), pattern);
}

/* head, then x until the line has len bytes, then tail (which ends it). */
static void
add_long(struct cases *cases, const char *pattern, const char *head, size_t len,
    const char *tail)
{
	char *text = malloc(len);
	size_t front = strlen(head), back = strlen(tail);

	assert(text != NULL && front + back <= len);
	memset(text, 'x', len);
	memcpy(text, head, front);
	memcpy(text + len - back, tail, back);
	add(cases, text, len, pattern);
	free(text);
}

static void
add_forbidden(struct cases *cases)
{
	static const char in_values[] = "*?[]\\\"'";
	static const char in_names[] = ",;:/\\\"'*?[](){}<>|&%$#!+=~^`";

	for (const char *c = in_values; *c != '\0'; c++)
		add_text(cases, value, "@+a=b%cc SAY lobby x\n", *c);
	for (const char *c = in_names; *c != '\0'; c++)
		add_text(cases, name, "JOIN a%cb\n", *c);
	add_text(cases, line, "JOIN a\tb\n");
	add_text(cases, name, "JOIN -a\n");
	add_text(cases, name, "JOIN a-\n");
	add_text(cases, name, "JOIN ..\n");
	add_text(cases, name,
	    "JOIN a\xe2\x80\x8b"
	    "b\n");
	add_text(cases, name,
	    "JOIN a\xe2\x80\xa8"
	    "b\n");
	add_text(cases, name, "JOIN \xd0\xb0lpha\n");
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		add_text(cases, numbers[i].pattern, "EDIT lobby %s x\n",
		    numbers[i].word);
		add_text(cases, numbers[i].pattern, "DELETE lobby %s\n",
		    numbers[i].word);
	}
}

/* Text is looked at eight bytes at a time. */
static void
add_places(struct cases *cases)
{
	static const char *const bad[] = { "\001", "\037", "\177", "\x80" };

	for (int before = 0; before < 17; before++)
		for (int i = 0; i < 4; i++)
			add_text(cases, i < 3 ? line : utf8,
			    "SAY lobby %.*s%s%.*s\n", before,
			    "aaaaaaaaaaaaaaaaa", bad[i], 17 - before,
			    "zzzzzzzzzzzzzzzzz");
}

static void
add_lengths(struct cases *cases)
{
	static const char most[] = "@+a=%0255d;+b=%0*d PING x\n";

	add_long(cases, verb, "XYZZY ", 4095, "\n");
	add_long(cases, verb, "XYZZY ", 4096, "\n");
	add_long(cases, verb, "XYZZY ", 4096, "\r\n");
	add_long(cases, longer, "XYZZY ", 4097, "\n");
	add_long(cases, longer, "XYZZY ", 4098, "\r\n");
	add_long(cases, longer, "", 70000, "\n");
	add_long(cases, longer, "SAY lobby ", 10 + 3072 + 2, "\n");
	add_long(
	    cases, "@id=a ERR too-long ...", "@id=a SAY lobby ", 4097, "\n");
	add_long(
	    cases, "@id=a ERR too-long ...", "@id=a SAY lobby ", 20000, "\n");
	add_long(cases, longer, "SAY lobby ", 10 << 20, "\n");
	add_long(cases, utf8, "SAY lobby ", 4096, "\xff\n");
	/* 512 and 513 bytes of attributes, then values of 255 and 256. */
	add_text(cases, "...PONG x", most, 0, 250, 0);
	add_text(cases, longer, most, 0, 251, 0);
	add_long(cases, "...PONG x", "@+a=", 4 + 255 + 8, " PING x\n");
	add_long(cases, value, "@+a=", 4 + 256 + 8, " PING x\n");
	add_long(cases, value, "@id=", 4 + 37 + 8, " PING x\n");
	add_long(cases, name, "JOIN ", 5 + 65 + 1, "\n");
}

void
cases_lines(struct cases *cases)
{
	cases->bad = NULL;
	cases->count = 0;
	ADD_ALL(cases, controls);
	ADD_ALL(cases, encodings);
	ADD_ALL(cases, words);
	ADD_ALL(cases, attributes);
	add_forbidden(cases);
	add_places(cases);
	add_lengths(cases);
}

void
cases_first(struct cases *cases)
{
	static const char stranger[] = "ERR bad-line this is VCRP, not ...";
	static const struct fixed first[] = {
		{ BYTES("GET / HTTP/1.1\r\n"), stranger },
		{ BYTES("POST /x HTTP/1.1\r\n"), stranger },
		{ BYTES("PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n"), stranger },
		{ BYTES("NICK alice\r\n"), stranger },
		{ BYTES("\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\n"),
		    stranger },
		{ BYTES("\xff\xfd\x18\n"), stranger },
		{ BYTES("\0\0\0\0\n"), stranger },
		{ BYTES("SAY lobby x\n"), "...ERR need-login ..." },
		{ BYTES("@id=a SAY lobby x\n"), "...ERR need-login ..." },
		{ BYTES("XYZZY\n"), "...ERR unknown-verb ..." },
		{ BYTES("HELL\xff\n"), "...ERR bad-utf8 ..." },
		{ BYTES("SAY\n"), "ERR bad-line ..." },
	};

	cases->bad = NULL;
	cases->count = 0;
	ADD_ALL(cases, first);
	add_long(cases, "...ERR too-long ...", "HELLO ", 5000, "\n");
}

void
cases_fini(struct cases *cases)
{
	for (size_t i = 0; i < cases->count; i++)
		free(cases->bad[i].bytes);
	free(cases->bad);
}
