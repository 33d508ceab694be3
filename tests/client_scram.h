/* client_scram.h -- a server's side of SCRAM, by another's hand (libgsasl)
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: any.
 * Locks:   none.
 * Memory:  as OpenSSL's and libgsasl's objects. */
#ifndef TESTS_CLIENT_SCRAM_H
#define TESTS_CLIENT_SCRAM_H

#include <gsasl.h>
#include <openssl/ssl.h>
#include <stdbool.h>

/* An account, with a password and 4096 iterations. */
struct scram {
	Gsasl         *library;
	Gsasl_session *session;
	const char    *password;
	const char    *hashed;		/* the password that keys are of */
	char           stored[65], server[65];	/* base64 */
	bool           binds;	/* offers to bind to the connection */
	SSL           *ssl;	/* that; or NULL */
	char           header;	/* 'n', 'y' or 'p': how the login began */
	char           user[64];	/* who wanted to log in */
};

void scram_init(struct scram *, const char *password);
void scram_fini(struct scram *);
/* Takes a line "AUTH ..." and writes the one that answers it, "" for none.
 * The first begins anew; GSASL_OK, GSASL_NEEDS_MORE or an error. */
int scram_take(struct scram *, const char *line, char *answer_r);

#endif
