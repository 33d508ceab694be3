/* question.h -- a question of discovery, and what answers it
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: any, each with its own.
 * Locks:   none.
 * Memory:  the caller's. */
#ifndef CLIENT_QUESTION_H
#define CLIENT_QUESTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUESTION_BYTES	768	/* room for any server's answer */
#define QUESTION_WORD	320	/* with a NUL */

struct question {
	char    nonce[17];
	char    bytes[QUESTION_BYTES];
	int64_t asked;		/* µs; by whoever sends it */
};

/* Of an answer, with nothing in it that acts on a terminal. */
struct finding {
	char     server[QUESTION_WORD];
	char     software[QUESTION_WORD];
	char     features[QUESTION_WORD];	/* "" for none */
	uint64_t connections;
	uint64_t rooms;
};

/* False when there are no random bytes. */
bool question_init(struct question *);
bool question_is_answered(const struct question *, const char *bytes,
    size_t len, struct finding *finding_r);

#endif
