/* password.h -- a password, from where it may come from
 *
 * SPDX-License-Identifier: MIT
 *
 * Never from an argument or the environment, which others can read.
 *
 * Threads: main.
 * Locks:   none.
 * Memory:  the texts are the caller's, to be wiped. */
#ifndef CLIENT_PASSWORD_H
#define CLIENT_PASSWORD_H

#include <stdbool.h>

#define PASSWORD_SIZE	1024

/* One that nobody guesses, to be written down; PASSWORD_SIZE bytes. */
void password_generate(char *text_r);

/* All return false with a phrase in *why_r, or true with the password, which
 * may be "", in text_r of PASSWORD_SIZE bytes. */

/* Asks the terminal that is standard input, without showing what is typed. */
bool password_ask(const char *prompt, char *text_r, const char **why_r);
/* The first line of a file that others cannot read. */
bool password_from_file(const char *path, char *text_r, const char **why_r);
/* The first line, and not a byte more. */
bool password_from(int fd, char *text_r, const char **why_r);

#endif
