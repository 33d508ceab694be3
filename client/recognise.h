/* recognise.h -- which protocol a server speaks, by what it said to PING
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: any.
 * Locks:   none.
 * Memory:  none. */
#ifndef CLIENT_RECOGNISE_H
#define CLIENT_RECOGNISE_H

#include <stddef.h>

#define RECOGNISE_WORD	320

enum recognised {
	RECOGNISED_NOTHING,	/* there are no bytes */
	RECOGNISED_VCRP,	/* greeted */
	RECOGNISED_REFUSAL,	/* VCRP as well: name has what it said */
	RECOGNISED_TLS,		/* it has to be asked so */
	RECOGNISED_OTHER	/* name has it: "an HTTP server (nginx)" */
};

/* With nothing in it that acts on a terminal. */
struct recognition {
	enum recognised is;
	char            name[RECOGNISE_WORD];
	char            version[16];	/* of VCRP, and all that follows */
	char            server[RECOGNISE_WORD];
	char            software[RECOGNISE_WORD];
	char            features[RECOGNISE_WORD];
};

/* bytes[len] is a NUL; there may be others. */
void recognise(const char *bytes, size_t len, struct recognition *r);

#endif
