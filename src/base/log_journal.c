/* log_journal.c -- a line for the system's journal, by libsystemd
 *
 * SPDX-License-Identifier: MIT */
/* Where a line stands in this program is nobody's business in the journal. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "base/log_journal.h"

void
log_journal_write(int priority, const char *label, const char *text)
{
	sd_journal_send(
	    "PRIORITY=%d", priority, "MESSAGE=%s%s", label, text, NULL);
}
