/* log_nojournal.c -- a line for the system's journal, by way of stderr
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/log_journal.h"

void
log_journal_write(int priority, const char *label, const char *text)
{
	char line[LOG_TEXT_MAX + 128];
	int len;

	/* journald takes a priority in front of a line, see sd-daemon(3). */
	len = snprintf(line, sizeof(line), "<%d>%s%s\n", priority, label, text);
	if (write(STDERR_FILENO, line, len) < 0)
		return; /* there is nowhere left to say so */
}
