/* text.h -- the text of a configuration file, fit for libconfig
 *
 * SPDX-License-Identifier: MIT
 *
 * For src/conf. libconfig 1.5 is given a text, never a file, and not any text:
 * its scanner ends the process when reading fails, be it only that a path is
 * a directory, which rules out @include as well; and it takes the lower 32
 * bits of a number for the number.
 *
 * Threads: any.
 * Locks:   none.
 * Memory:  the text is the caller's, for free(). */
#ifndef CONF_TEXT_H
#define CONF_TEXT_H

#include "conf/set.h"

/* The whole of report->file, or NULL when a fault was reported: it cannot be
 * read, is over 1 MiB, holds a NUL, an @include, or a number over INT_MAX
 * without an L. */
char *text_read(struct report *);

#endif
