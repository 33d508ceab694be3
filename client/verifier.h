/* verifier.h -- what a server keeps in the place of a password
 *
 * SPDX-License-Identifier: MIT
 *
 * Made here, so that the password itself never travels: RFC 5803's form of a
 * SCRAM-SHA-256 verifier, with a salt of its own.
 *
 * Threads: any.
 * Locks:   none.
 * Memory:  none; what was computed on the way is wiped. */
#ifndef CLIENT_VERIFIER_H
#define CLIENT_VERIFIER_H

#define VERIFIER_SIZE	192	/* is enough for any */

/* "SCRAM-SHA-256$<iterations>:<salt>$<stored key>:<server key>", as this server
 * takes it, in VERIFIER_SIZE bytes; fails where it takes none, or where the
 * password cannot be one. After client_login(). */
struct client;
void client_make_verifier(struct client *, const char *password,
    char *text_r);

#endif
