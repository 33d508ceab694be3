/* log.h -- what the program has to say, one line at a time
 *
 * SPDX-License-Identifier: MIT
 *
 * fatal: cannot start, or an invariant is broken. warn: something was lost.
 * info: lifecycle. debug: the rest. A line looks like
 *
 *     2026-11-22T08:00:00.123Z info [room lobby] text
 *
 * (UTC; syslog and the journal have a time of their own) and is one line
 * whatever its arguments hold: what could break or forge one is shown as
 * log_escape() shows it, and a text over LOG_TEXT_MAX bytes ends in "...".
 * At most LOG_LINES_PER_SECOND lines are written a second; those over it are
 * counted, and the next line is preceded by "suppressed N lines". fatal lines
 * are always written, and to stderr too. No function here changes errno.
 *
 * Before log_open() lines go to stderr, from info up.
 *
 * Threads: any, except that log_open() comes before the first other thread.
 * Locks:   none; a line is one write(2) (syslog(3) has a lock of its own).
 * Memory:  nothing is allocated and nothing is kept. The log is the one
 *          global of the program. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stddef.h>
#include <stdint.h>

enum {
	LOG_TEXT_MAX = 512,		/* bytes of text in a line */
	LOG_LINES_PER_SECOND = 100,
};

enum log_target { LOG_TO_STDERR, LOG_TO_SYSLOG, LOG_TO_JOURNAL };
enum log_level { LEVEL_WARN, LEVEL_INFO, LEVEL_DEBUG };

/* Lines go to target from now on, those above level are dropped. */
void log_open(enum log_target target, enum log_level level);
void log_set_level(enum log_level level);

/* This thread's lines carry name from now on (a copy, escaped and cut to 63
 * bytes); "" takes it off again. */
void log_thread(const char *name);

void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Writes the line and ends the process with status 1. */
_Noreturn void log_fatal(const char *fmt, ...)
	__attribute__((format(printf, 1, 2)));

/* Makes len bytes of a peer's text fit to be shown: bytes of control
 * characters (C0, DEL, C1), of U+2028, U+2029 and the bidirectional controls,
 * and bytes that are not UTF-8 become \xNN; the rest stays, so that a text
 * escaped twice is the text escaped once. What does not fit into size bytes
 * (at least 4) with the final NUL is cut at a character and ends in "...".
 * Returns dst. */
char *log_escape(char *dst, size_t size, const char *text, size_t len);

/* For tests: seconds are counted by this clock; NULL is the system's. */
void log_set_clock(int64_t (*seconds)(void));

#endif
