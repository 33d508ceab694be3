/* error.c -- the error codes of VCRP
 *
 * SPDX-License-Identifier: MIT */
#include "proto/error.h"

static const struct {
	const char *code;
	const char *help;
} errors[ERROR_COUNT] = {
	[ERROR_BAD_LINE] = { "bad-line",
	    "the line is not [@attributes] VERB words text, or holds a "
	    "control character" },
	[ERROR_TOO_LONG] = { "too-long",
	    "a line has at most 4096 bytes with its end, a text 3072, "
	    "all attributes 512" },
	[ERROR_BAD_UTF8] = { "bad-utf8", "the line is not UTF-8" },
	[ERROR_UNKNOWN_VERB] = { "unknown-verb",
	    "this server has no such command; HELP lists them" },
	[ERROR_BAD_NAME] = { "bad-name",
	    "a name is made of letters of one script, digits, _ . and - "
	    "inside; a nick has up to 32 of them, a room 64" },
	[ERROR_BAD_VALUE] = { "bad-value",
	    "a word or an attribute is not of the kind that belongs there" },
	[ERROR_NAME_TAKEN] = { "name-taken",
	    "somebody has this name, or one that looks the same" },
	[ERROR_NAME_RESERVED] = { "name-reserved",
	    "this name is kept for its owner" },
	[ERROR_NEED_LOGIN] = { "need-login", "say HELLO with a name first" },
	[ERROR_NEED_TLS] = { "need-tls",
	    "this needs an encrypted connection" },
	[ERROR_AUTH_FAILED] = { "auth-failed",
	    "the server does not believe it" },
	[ERROR_NO_SUCH_ROOM] = { "no-such-room",
	    "there is no such room, or not for you" },
	[ERROR_NO_SUCH_NAME] = { "no-such-name", "nobody has this name" },
	[ERROR_NO_SUCH_NUMBER] = { "no-such-number",
	    "the room has no such message, or no longer" },
	[ERROR_NOT_MEMBER] = { "not-member", "JOIN the room first" },
	[ERROR_DENIED] = { "denied", "your role does not allow it" },
	[ERROR_BANNED] = { "banned", "you are banned from this room" },
	[ERROR_MUTED] = { "muted",
	    "you may not speak in this room for now" },
	[ERROR_TOO_FAST] = { "too-fast",
	    "do it again after `wait` milliseconds" },
	[ERROR_TOO_MANY] = { "too-many",
	    "the limit named by `limit` is reached" },
	[ERROR_ROOM_FULL] = { "room-full",
	    "the room has as many members as it may have" },
	[ERROR_STORAGE_FULL] = { "storage-full",
	    "the server cannot store it now, so it was not said" },
	[ERROR_BUSY] = { "busy", "the server has too much to do; try again" },
	[ERROR_SHUTTING_DOWN] = { "shutting-down", "the server stops" },
	[ERROR_INTERNAL] = { "internal",
	    "a defect of the server; its log tells more" },
};

const char *
error_code(enum error e)
{
	return errors[e].code;
}

const char *
error_help(enum error e)
{
	return errors[e].help;
}

enum error
error_find(struct slice code)
{
	for (int e = ERROR_NONE + 1; e < ERROR_COUNT; e++)
		if (slice_is_nocase(code, errors[e].code))
			return e;
	return ERROR_NONE;
}
