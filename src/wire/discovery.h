/* discovery.h -- "is there a VCRP server?", asked and answered by one datagram
 *
 * SPDX-License-Identifier: MIT
 *
 *     VCRP? 1 <nonce>, and spaces up to the length that the answer may have
 *     VCRP! 1 <nonce> <server> <software> <features> <connections> <rooms>
 *
 * The server and the commands read and write both by these functions.
 *
 * Threads: any.
 * Locks:   none; no descriptor and no clock either.
 * Memory:  none. */
#ifndef WIRE_DISCOVERY_H
#define WIRE_DISCOVERY_H

#include <stdint.h>

#include "base/slice.h"

enum {
	DISCOVERY_LEAST = 256,	/* bytes of a question */
	DISCOVERY_MOST = 1200,	/* of either */
	DISCOVERY_NONCE_MIN = 8,
	DISCOVERY_NONCE_MAX = 32
};

/* Where a question goes that is for all of a network. */
#define DISCOVERY_GROUP_V4	"239.255.30.73"
#define DISCOVERY_GROUP_V6	"ff12::3073"

/* What an answer says; its words point into it. */
struct discovery_found {
	struct slice server;
	struct slice software;
	struct slice features;	/* a comma list, "-" if there are none */
	uint64_t     connections;
	uint64_t     rooms;	/* that everybody may see */
};

/* Is it a question? */
bool discovery_is_question(struct slice bytes, struct slice *nonce_r);
/* Writes one of len bytes, at least DISCOVERY_LEAST, with this nonce. */
void discovery_ask(char *question_r, size_t len, const char *nonce);
/* Is it the answer to a question with this nonce? */
bool discovery_is_answer(struct slice bytes, const char *nonce,
    struct discovery_found *found_r);

#endif
