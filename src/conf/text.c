/* text.c -- the text of a configuration file, fit for libconfig
 *
 * SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "conf/text.h"

enum { FILE_MAX_BYTES = 1 << 20 };

/* Reads to the end or until buf is full; the length, or -errno. */
static ssize_t
read_all(int fd, char *buf, size_t size)
{
	size_t used = 0;
	ssize_t n;

	while (used < size) {
		n = read(fd, buf + used, size - used);
		if (n == 0)
			break;
		if (n > 0)
			used += n;
		else if (errno != EINTR)
			return -errno;
	}
	return used;
}

static char *
read_file(struct report *report)
{
	int fd = open(report->file, O_RDONLY | O_CLOEXEC);
	ssize_t len = -errno;
	char *text;

	if (fd < 0) {
		report_fault(report, NULL, "%s", strerror(-len));
		return NULL;
	}
	text = xmalloc(FILE_MAX_BYTES + 1);
	len = read_all(fd, text, FILE_MAX_BYTES + 1);
	close(fd);
	if (len < 0) {
		report_fault(report, NULL, "%s", strerror(-len));
	} else if (len > FILE_MAX_BYTES) {
		report_fault(report, NULL, "is over 1 MiB");
	} else if (memchr(text, '\0', len) != NULL) {
		report_fault(report, NULL, "holds a byte of value 0");
	} else {
		text[len] = '\0';
		return text;
	}
	free(text);
	return NULL;
}

/* libconfig knows @include by its standing first in a line. */
static bool
has_include(const char *text, struct report *report)
{
	const char *line, *word;

	report->line = 1;
	for (line = text;; line++) {
		word = line + strspn(line, " \t\r\f\v");
		if (strncmp(word, "@include", strlen("@include")) == 0) {
			report_fault(report, NULL, "@include is not known");
			return true;
		}
		line = strchr(line, '\n');
		if (line == NULL)
			return false;
		report->line++;
	}
}

/* How long the comment or string at text is; 0: there is none. */
static size_t
quiet_len(const char *text)
{
	const char *end;

	if (text[0] == '#' || (text[0] == '/' && text[1] == '/'))
		return strcspn(text, "\n");
	if (text[0] == '/' && text[1] == '*') {
		end = strstr(text + 2, "*/");
		return end != NULL ? (size_t)(end + 2 - text) : strlen(text);
	}
	if (text[0] != '"')
		return 0;
	for (end = text + 1; *end != '\0' && *end != '"'; end++)
		end += end[0] == '\\' && end[1] != '\0';
	return end + (*end == '"') - text;
}

static bool
is_too_big(const char *word)
{
	bool hex = word[0] == '0' && tolower((unsigned char)word[1]) == 'x';
	char *end;

	return isdigit((unsigned char)word[0]) &&
	    strtoull(word, &end, hex ? 16 : 10) > INT_MAX && *end != 'L';
}

static bool
has_too_big(const char *text, struct report *report)
{
	static const char word[] =
	    "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	const char *start = text, *at;
	size_t len;

	while (*text != '\0') {
		if (is_too_big(text)) {
			report->line = 1;
			for (at = start; at < text; at++)
				report->line += *at == '\n';
			report_fault(report, NULL, "a number over %d", INT_MAX);
			return true;
		}
		len = quiet_len(text);
		if (len == 0)
			len = strspn(text, word);
		text += len > 0 ? len : 1;
	}
	return false;
}

char *
text_read(struct report *report)
{
	char *text = read_file(report);

	if (text == NULL)
		return NULL;
	if (!has_include(text, report) && !has_too_big(text, report))
		return text;
	free(text);
	return NULL;
}
