/* verifier.h -- what is kept of a password: SCRAM-SHA-256's verifier
 *
 * SPDX-License-Identifier: MIT
 *
 * As text it is RFC 5803's, in one word:
 *
 *     SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>
 *
 * Who has it can guess passwords, one PBKDF2 each, and pretend to be the
 * server to its owner; not log in. So it is as secret as a database is, and
 * never logged.
 *
 * Threads: any.
 * Locks:   none.
 * Memory:  none. */
#ifndef ROOM_VERIFIER_H
#define ROOM_VERIFIER_H

#include "base/slice.h"

enum {
	VERIFIER_SALT = 16,
	VERIFIER_KEY = 32,
	VERIFIER_TEXT = 160,	/* bytes of any, with its NUL */
	ITERATIONS_LEAST = 10000,
	ITERATIONS_MOST = 10000000
};

struct verifier {
	unsigned      iterations;
	unsigned char salt[VERIFIER_SALT];
	unsigned char stored[VERIFIER_KEY];
	unsigned char server[VERIFIER_KEY];
};

/* False: it is none, or has another number of bytes or iterations than those
 * above; *v is then zero. */
bool verifier_parse(struct slice, struct verifier *v_r);
/* With a NUL; returns text. */
char *verifier_render(const struct verifier *, char text[VERIFIER_TEXT]);

#endif
