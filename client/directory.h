/* directory.h -- where a user's programs keep what
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: main.
 * Locks:   none.
 * Memory:  none. */
#ifndef CLIENT_DIRECTORY_H
#define CLIENT_DIRECTORY_H

#include <stdbool.h>

/* The path of a file, in path_r of PATH_MAX bytes: in vcrp below the directory
 * that the variable names ("XDG_STATE_HOME"), or that there is in the user's
 * own (".local/state"); both are made. False where there is none. */
bool directory_find(const char *variable, const char *usual, char *path_r,
    const char *name);

#endif
