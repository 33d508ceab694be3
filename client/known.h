/* known.h -- the servers one has trusted, in a file
 *
 * SPDX-License-Identifier: MIT
 *
 * known_servers in $XDG_CONFIG_HOME/vcrp or ~/.config/vcrp, a line for each:
 *
 *	host:port sha256:<64 hex digits>	this certificate and no other
 *	host:port ca				what an authority verifies
 *
 * The second is written when such a server is met first, so that nobody can
 * pass for a new one later. A line with anything else is no line.
 *
 * Threads: main.
 * Locks:   flock() on the file while a line is added.
 * Memory:  none. */
#ifndef CLIENT_KNOWN_H
#define CLIENT_KNOWN_H

#include <stdbool.h>

#define KNOWN_SIZE	80	/* of what is said of a server */
#define KNOWN_CA	"ca"

/* What is known of it, and the line's number; 0 for nothing. */
int known_find(const char *address, char *what_r);
/* False where that cannot be kept; errno says why. */
bool known_add(const char *address, const char *what);
/* The file's name, in path_r of PATH_MAX bytes; false when there is none. */
bool known_path(char *path_r);

#endif
