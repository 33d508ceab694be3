/* recognise.c -- which protocol a server speaks, by what it said to PING
 *
 * SPDX-License-Identifier: MIT */
#include "client/recognise.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "vcrp.h"

#define LINE_SIZE	1024
#define SHOWN		60	/* bytes of what is not known */

/* By how it begins; the first that fits. Those with a detail name the server
 * by that part of the line, or of a line of the head. */
static const struct row {
	const char *begins;
	const char *has;	/* also somewhere in the line; NULL: all do */
	const char *name;
	const char *detail;	/* "": the rest of the line; NULL: none */
} rows[] = {
	{ "HTTP/", NULL, "an HTTP server", "\nServer: " },
	{ "<!DOCTYPE", NULL, "an HTTP server", NULL },
	{ "<html", NULL, "an HTTP server", NULL },
	{ "SSH-", NULL, "an SSH server", "" },
	{ "220", "SMTP", "a mail server (SMTP)", NULL },
	{ "220", "FTP", "an FTP server", NULL },
	{ "220", NULL, "a mail or FTP server", "" },
	{ "421 ", NULL, "a mail or FTP server", "" },
	{ "554 ", NULL, "a mail server (SMTP)", NULL },
	{ "+OK", NULL, "a mail server (POP3)", NULL },
	{ "* OK", NULL, "a mail server (IMAP)", NULL },
	{ "* BYE", NULL, "a mail server (IMAP)", NULL },
	{ "* PREAUTH", NULL, "a mail server (IMAP)", NULL },
	{ "+PONG", NULL, "a Redis server", NULL },
	{ "-NOAUTH", NULL, "a Redis server", NULL },
	{ "-DENIED", NULL, "a Redis server", NULL },
	{ "-ERR", NULL, "a Redis server", NULL },
	{ "INFO {", NULL, "a NATS server", NULL },
	{ ":", " NOTICE ", "an IRC server", NULL },
	{ ":", " 451 ", "an IRC server", NULL },
	{ ":", " 409 ", "an IRC server", NULL },
	{ ":", " 461 ", "an IRC server", NULL },
	{ ":", " PONG ", "an IRC server", NULL },
	{ "NOTICE ", NULL, "an IRC server", NULL },
	{ "ERROR :", NULL, "an IRC server", NULL },
	{ "ERROR\r", NULL, "a memcached server", NULL },
	{ "RFB ", NULL, "a VNC server", NULL },
	{ "<?xml", NULL, "an XMPP server", NULL },
	{ "<stream:", NULL, "an XMPP server", NULL },
	{ "AMQP", NULL, "an AMQP server", NULL }
};

static void
copy(char *text_r, const char *text, size_t len)
{
	char line[LINE_SIZE];

	snprintf(line, sizeof(line), "%.*s", (int)len, text);
	vcrp_safe(text_r, RECOGNISE_WORD, line, true);
}

/* The next word of a line. */
static void
take_word(const char **at, char *word_r)
{
	size_t len = strcspn(*at, " \r\n");

	copy(word_r, *at, len);
	*at += len;
	*at += **at == ' ';
}

static bool
is_greeting(const char *line, struct recognition *r)
{
	char version[RECOGNISE_WORD];

	if (strncmp(line, "VCRP ", 5) != 0)
		return false;
	line += 5;
	take_word(&line, version);
	take_word(&line, r->server);
	take_word(&line, r->software);
	take_word(&line, r->features);
	snprintf(r->version, sizeof(r->version), "%.15s", version);
	return strspn(version, "0123456789") == strlen(version) &&
	    version[0] != '\0' && r->software[0] != '\0';
}

/* "@limit=limits.address ERR too-many ...": who is not let in is told so in
 * place of the greeting. */
static bool
is_refusal(const char *line, struct recognition *r)
{
	const char *at = line;
	size_t code;

	if (*at == '@')
		at += strcspn(at, " \r\n") + 1;
	if (strncmp(at, "ERR ", 4) != 0)
		return false;
	at += 4;
	code = strspn(at, "abcdefghijklmnopqrstuvwxyz-0123456789");
	if (code == 0 || at[code] != ' ')
		return false;
	copy(r->name, at, strcspn(at, "\r\n"));
	return true;
}

static bool
is_in(const char *line, size_t len, const char *text)
{
	return memmem(line, len, text, strlen(text)) != NULL;
}

static void
name_it(const struct row *row, const char *bytes, struct recognition *r)
{
	const char *at = NULL;
	char detail[RECOGNISE_WORD] = "";

	if (row->detail != NULL)
		at = row->detail[0] == '\0' ? bytes :
		    strcasestr(bytes, row->detail);
	if (at != NULL)
		copy(detail, at + strlen(row->detail),
		    strcspn(at + strlen(row->detail), "\r\n"));
	snprintf(r->name, sizeof(r->name), detail[0] != '\0' ?
	    "%s (%.*s)" : "%s", row->name, SHOWN, detail);
}

/* The beginning of it, as far as it can be shown. */
static void
show_unknown(const char *bytes, size_t len, struct recognition *r)
{
	char line[SHOWN + 1], text[RECOGNISE_WORD];
	size_t i;

	for (i = 0; i < len && i < SHOWN && (i == 0 || (bytes[i] != '\r' &&
	    bytes[i] != '\n')); i++)
		line[i] = bytes[i] == '\0' ? '.' : bytes[i];
	line[i] = '\0';
	snprintf(text, sizeof(text), "a server that says \"%s\"", line);
	vcrp_safe(r->name, sizeof(r->name), text, true);
}

void
recognise(const char *bytes, size_t len, struct recognition *r)
{
	size_t i, line = strcspn(bytes, "\n");

	*r = (struct recognition){ .is = RECOGNISED_NOTHING };
	if (len == 0)
		return;
	r->is = RECOGNISED_VCRP;
	if (is_greeting(bytes, r))
		return;
	*r = (struct recognition){ .is = RECOGNISED_REFUSAL };
	if (is_refusal(bytes, r))
		return;
	r->is = RECOGNISED_TLS;
	if (len > 2 && memcmp(bytes, "\x15\x03", 2) == 0)
		return;
	r->is = RECOGNISED_OTHER;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (strncasecmp(bytes, rows[i].begins,
		    strlen(rows[i].begins)) == 0 && (rows[i].has == NULL ||
		    is_in(bytes, line, rows[i].has))) {
			name_it(&rows[i], bytes, r);
			return;
		}
	show_unknown(bytes, len, r);
}
