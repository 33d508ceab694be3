/* log_journal.h -- a line for the system's journal
 *
 * SPDX-License-Identifier: MIT
 *
 * Written twice: log_journal.c asks libsystemd; log_nojournal.c, where that
 * is not built in, writes to stderr what journald reads there.
 *
 * Threads: any.
 * Locks:   none.
 * Memory:  keeps nothing. */
#ifndef BASE_LOG_JOURNAL_H
#define BASE_LOG_JOURNAL_H

/* label, which may be "", and text are together one clean line without LF. */
void log_journal_write(int priority, const char *label, const char *text);

#endif
