/* log.c -- what the program has to say, one line at a time
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include <unicode/utf8.h>

#include "base/log.h"
#include "base/log_journal.h"

enum { NAME_MAX_BYTES = 64, LINE_MAX_BYTES = LOG_TEXT_MAX + 128 };

struct weight {
	const char *name;
	int         priority;
};

static const struct weight fatal = { "fatal", LOG_CRIT };
static const struct weight weights[] = {
	[LEVEL_WARN] = { "warn", LOG_WARNING },
	[LEVEL_INFO] = { "info", LOG_INFO },
	[LEVEL_DEBUG] = { "debug", LOG_DEBUG },
};

static int64_t system_seconds(void);

static struct {
	enum log_target  target;		/* (c) */
	_Atomic int      level;			/* (a) */
	_Atomic uint64_t window;		/* (a) second << 8 | lines */
	_Atomic uint64_t suppressed;		/* (a) since the last notice */
	int64_t        (*_Atomic seconds)(void); /* (a) */
} the_log = { LOG_TO_STDERR, LEVEL_INFO, 0, 0, system_seconds };

/* What this thread's lines begin with: "[name] ", or nothing. */
static _Thread_local char label[NAME_MAX_BYTES + 3];

static int64_t
system_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return now.tv_sec;
}

void
log_set_clock(int64_t (*seconds)(void))
{
	the_log.seconds = seconds != NULL ? seconds : system_seconds;
	the_log.window = 0;
}

void
log_open(enum log_target target, enum log_level level)
{
	the_log.target = target;
	log_set_level(level);
	if (target == LOG_TO_SYSLOG)
		openlog(NULL, LOG_PID | LOG_NDELAY, LOG_DAEMON);
}

void
log_set_level(enum log_level level)
{
	the_log.level = level;
}

void
log_thread(const char *name)
{
	char shown[NAME_MAX_BYTES];

	label[0] = '\0';
	log_escape(shown, sizeof(shown), name, strlen(name));
	if (shown[0] != '\0')
		snprintf(label, sizeof(label), "[%s] ", shown);
}

/* May a terminal, or whoever reads the log, be shown c as it is? */
static bool
harmless(UChar32 c)
{
	if (c < 0x20 || (c >= 0x7f && c < 0xa0))
		return false;
	if (c == 0x2028 || c == 0x2029 || (c >= 0xe0000 && c <= 0xe007f))
		return false;
	return c != 0x061c && c != 0x200e && c != 0x200f &&
	    !(c >= 0x202a && c <= 0x202e) && !(c >= 0x2066 && c <= 0x2069);
}

/* Shows the bytes of one character or of one fault; returns their length. */
static size_t
show(char *piece, const char *bytes, size_t len, bool as_it_is)
{
	size_t i;

	if (as_it_is) {
		memcpy(piece, bytes, len);
		return len;
	}
	for (i = 0; i < len; i++)
		sprintf(piece + 4 * i, "\\x%02x", (unsigned char)bytes[i]);
	return 4 * len;
}

char *
log_escape(char *dst, size_t size, const char *text, size_t len)
{
	size_t used = 0, cut = 0, at = 0, from, n;
	char piece[4 * U8_MAX_LENGTH + 1];
	UChar32 c;

	/* cut: how much of dst can stay if "..." must follow. */
	while (at < len) {
		from = at;
		U8_NEXT((const uint8_t *)text, at, len, c);
		n = show(piece, text + from, at - from, harmless(c));
		if (used + n > size - 1) {
			memcpy(dst + cut, "...", 4);
			return dst;
		}
		memcpy(dst + used, piece, n);
		used += n;
		if (used <= size - 4)
			cut = used;
	}
	dst[used] = '\0';
	return dst;
}

/* Counts the line in this second's window; a window that begins after lines
 * were lost keeps a place for the line that says so. Without a lock, so that
 * no thread stands behind another one's line. */
static bool
permitted(uint64_t *suppressed_r)
{
	uint64_t now = (uint64_t)the_log.seconds() + 1;
	uint64_t was = the_log.window, next;
	bool notice;

	do {
		notice = false;
		if (now > was >> 8) {
			notice = the_log.suppressed > 0;
			next = now << 8 | (notice ? 2 : 1);
		} else if ((was & 0xff) < LOG_LINES_PER_SECOND) {
			next = was + 1;
		} else {
			the_log.suppressed++;
			return false;
		}
	} while (!atomic_compare_exchange_weak(&the_log.window, &was, next));
	*suppressed_r = notice ? atomic_exchange(&the_log.suppressed, 0) : 0;
	return true;
}

static void
write_stderr(const struct weight *weight, const char *text)
{
	char line[LINE_MAX_BYTES], when[32];
	struct timespec now;
	struct tm tm;
	int len;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm);
	len = snprintf(line, sizeof(line), "%s.%03ldZ %s %s%s\n", when,
	    now.tv_nsec / 1000000, weight->name, label, text);
	if (write(STDERR_FILENO, line, len) < 0)
		return; /* there is nowhere left to say so */
}

static void
write_line(const struct weight *weight, const char *text)
{
	switch (the_log.target) {
	case LOG_TO_STDERR:
		break;
	case LOG_TO_SYSLOG:
		syslog(weight->priority, "%s%s", label, text);
		break;
	case LOG_TO_JOURNAL:
		log_journal_write(weight->priority, label, text);
		break;
	}
	if (the_log.target == LOG_TO_STDERR || weight == &fatal)
		write_stderr(weight, text);
}

static void
write_notice(uint64_t suppressed)
{
	char text[48];

	if (suppressed == 0)
		return;
	snprintf(text, sizeof(text), "suppressed %llu lines",
	    (unsigned long long)suppressed);
	write_line(&weights[LEVEL_WARN], text);
}

static void __attribute__((format(printf, 2, 0)))
format_line(const struct weight *weight, const char *fmt, va_list args)
{
	/* Escaping makes nothing shorter: what raw cuts off is beyond the
	 * end of text in any case. */
	char raw[2 * LOG_TEXT_MAX], text[LOG_TEXT_MAX + 1];

	if (vsnprintf(raw, sizeof(raw), fmt, args) < 0)
		strcpy(raw, "a line that cannot be formatted");
	log_escape(text, sizeof(text), raw, strlen(raw));
	write_line(weight, text);
}

static void __attribute__((format(printf, 2, 0)))
log_line(enum log_level level, const char *fmt, va_list args)
{
	int saved = errno;
	uint64_t suppressed;

	if ((int)level > the_log.level)
		return;
	if (permitted(&suppressed)) {
		write_notice(suppressed);
		errno = saved; /* for %m */
		format_line(&weights[level], fmt, args);
	}
	errno = saved;
}

void
log_warn(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_line(LEVEL_WARN, fmt, args);
	va_end(args);
}

void
log_info(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_line(LEVEL_INFO, fmt, args);
	va_end(args);
}

void
log_debug(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_line(LEVEL_DEBUG, fmt, args);
	va_end(args);
}

_Noreturn void
log_fatal(const char *fmt, ...)
{
	int saved = errno;
	va_list args;

	write_notice(atomic_exchange(&the_log.suppressed, 0));
	errno = saved;
	va_start(args, fmt);
	format_line(&fatal, fmt, args);
	va_end(args);
	exit(EXIT_FAILURE);
}
