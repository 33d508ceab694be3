/* error.h -- the error codes of VCRP
 *
 * SPDX-License-Identifier: MIT
 *
 * Fixed words that are never given a second meaning; doc/vcrp-1.md lists
 * them, HELP explains them.
 *
 * Threads: any.
 * Locks:   none.
 * Memory:  constant. */
#ifndef PROTO_ERROR_H
#define PROTO_ERROR_H

#include "base/slice.h"

enum error {
	ERROR_NONE,
	ERROR_BAD_LINE,
	ERROR_TOO_LONG,
	ERROR_BAD_UTF8,
	ERROR_UNKNOWN_VERB,
	ERROR_BAD_NAME,
	ERROR_BAD_VALUE,
	ERROR_NAME_TAKEN,
	ERROR_NAME_RESERVED,
	ERROR_NEED_LOGIN,
	ERROR_NEED_TLS,
	ERROR_AUTH_FAILED,
	ERROR_NO_SUCH_ROOM,
	ERROR_NO_SUCH_NAME,
	ERROR_NO_SUCH_NUMBER,
	ERROR_NOT_MEMBER,
	ERROR_DENIED,
	ERROR_BANNED,
	ERROR_MUTED,
	ERROR_TOO_FAST,
	ERROR_TOO_MANY,
	ERROR_ROOM_FULL,
	ERROR_STORAGE_FULL,
	ERROR_BUSY,
	ERROR_SHUTTING_DOWN,
	ERROR_INTERNAL,
	ERROR_COUNT
};

/* The word on the wire. */
const char *error_code(enum error);
/* One sentence for HELP. */
const char *error_help(enum error);
/* ERROR_NONE if it is none of the words; any case. */
enum error error_find(struct slice code);

#endif
