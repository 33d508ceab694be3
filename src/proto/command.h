/* command.h -- the commands of VCRP, one row each
 *
 * SPDX-License-Identifier: MIT
 *
 * The row is all that is checked before a command's handler runs: where it
 * runs, who may ask, how many words of which kinds, which attributes, and what
 * it costs. HELP is printed from it.
 *
 * Threads: any.
 * Locks:   none.
 * Memory:  constant. */
#ifndef PROTO_COMMAND_H
#define PROTO_COMMAND_H

#include <stdbool.h>

#include "base/slice.h"

enum verb {
	VERB_SAY,
	VERB_JOIN,
	VERB_HELLO,
	VERB_LEAVE,
	VERB_EDIT,
	VERB_DELETE,
	VERB_REACT,
	VERB_SIGNAL,
	VERB_WHO,
	VERB_LIST,
	VERB_HISTORY,
	VERB_SEARCH,
	VERB_SET,
	VERB_ROLE,
	VERB_KICK,
	VERB_PING,
	VERB_PONG,
	VERB_HELP,
	VERB_QUIT,
	VERB_AUTH,
	VERB_REGISTER,
	VERB_PASSWD,
	VERB_READ,
	VERB_UDP,
	VERB_ACCOUNT,
	VERB_STATS,
	VERB_NOTICE,
	VERB_KILL,
	VERB_RELOAD,
	VERB_RETRY,
	VERB_BACKUP,
	VERB_BAN,
	VERB_UNBAN,
	VERB_CALM,
	VERB_DRAIN,
	VERB_SHUTDOWN,
	VERB_COUNT
};

enum where {
	RUN_LOGIN,	/* the acceptor, before somebody has logged in */
	RUN_BOTH,	/* the acceptor before, the io thread after the login */
	RUN_IO,		/* the connection's io thread */
	RUN_VISIT,	/* every io thread in turn */
	RUN_ROOM,	/* the thread of the room that the first word names */
	RUN_STORE,	/* the thread of the database */
	RUN_MAIN	/* the thread main */
};

enum text { TEXT_NONE, TEXT_MAY, TEXT_MUST };

enum attribute {	/* id= and +keys are taken by every command */
	ATTR_RE = 1, ATTR_FOR = 2, ATTR_KEY = 4, ATTR_BEFORE = 8
};

struct command {
	const char *name;
	enum verb   verb;
	enum where  where;
	bool        admin;	/* for administrators only */
	bool        stores;	/* makes a numbered event; its echo is the OK,
				 * and its id is never done twice */
	/* A letter a word: r room, p person, m message's number,
	 * z number or 0, c a count, w any. The first `least` are needed. */
	const char *words;
	unsigned    least;
	enum text   text;
	unsigned    attributes;	/* bits of enum attribute */
	unsigned    cost;	/* of the line's tokens, limits.lines */
	const char *usage;	/* what follows the verb */
	const char *help;	/* one sentence */
};

/* By number, 0 to VERB_COUNT - 1. */
const struct command *command_at(enum verb);
/* Any case; NULL if there is none. */
const struct command *command_find(struct slice name);

#endif
