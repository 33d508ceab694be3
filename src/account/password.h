/* password.h -- does a password fit the verifier of its account?
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: any.
 * Locks:   none.
 * Memory:  what is made is the caller's, to be wiped. */
#ifndef ACCOUNT_PASSWORD_H
#define ACCOUNT_PASSWORD_H

#include <stdbool.h>

#include "room/verifier.h"

enum { SERVER_SECRET = 32 };	/* bytes; of this server, kept for ever */

/* By SASLprep (RFC 4013). NULL: it is none, or nothing is left of it. */
char *password_prepare(const char *text);
/* Takes as long as it has iterations, whatever the outcome: milliseconds. The
 * password is prepared. */
bool password_fits(const char *password, const struct verifier *);

/* The verifier of a name without an account: always the same one, and no
 * password fits. */
void password_verifier_of_none(const unsigned char secret[SERVER_SECRET],
    struct slice key, unsigned iterations, struct verifier *v_r);

/* Takes NULL; clears the caller's pointer. */
void password_free(char **);

#endif
