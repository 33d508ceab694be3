/* ctl.h -- the commands of vcrpctl that are more than a line and its answer
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: main.
 * Locks:   none.
 * Memory:  none is kept. */
#ifndef CLIENT_CTL_H
#define CLIENT_CTL_H

#include "client/client.h"

/* Is the directory a whole backup? Without a server; names what is wrong. */
enum status ctl_verify(const struct client *, const char *directory);
/* Prints all that is kept of what was said in a room, oldest first: as lines
 * of the log, or each as an object of JSON. */
enum status ctl_export(struct client *, const char *room, bool json);

#endif
