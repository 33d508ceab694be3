/* key.h -- the secret that keeps a guest's name between two logins
 *
 * SPDX-License-Identifier: MIT
 *
 * One file for each server and nick, in $XDG_STATE_HOME/vcrp or
 * ~/.local/state/vcrp. A server would replace the connection of one program
 * by that of another with the same key: so a program locks the file as long
 * as it uses the key.
 *
 * Threads: main.
 * Locks:   flock() on the file.
 * Memory:  part of the struct. */
#ifndef CLIENT_KEY_H
#define CLIENT_KEY_H

#include <stdbool.h>

#define KEY_SIZE	65

struct key {
	int  fd;		/* that holds the lock; -1 for none */
	char text[KEY_SIZE];
};

/* Reads the key, or makes one up. False when another program uses it, or when
 * it cannot be kept. */
bool key_open(struct key *, const char *address, const char *nick);
void key_close(struct key *);

#endif
