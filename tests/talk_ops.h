/* talk_ops.h -- what a connection of a talk script does and sees
 *
 * SPDX-License-Identifier: MIT
 *
 * All of them are false, after telling what was wrong and where, when the
 * script has failed.
 *
 * Threads: one.
 * Locks:   none.
 * Memory:  a script's lines point into the text of its file. */
#ifndef TESTS_TALK_OPS_H
#define TESTS_TALK_OPS_H

#include <stdbool.h>
#include <stddef.h>

#include "talk_match.h"
#include "talk_stage.h"

enum { TALK_TEXT_MAX = 16384 };

struct talk {
	struct talk_stage stage;
	struct talk_vars  vars;
	const char       *path;
	char            **line;
	size_t            count, at;   /* lines, and the one being done */
	size_t            log_seen;    /* where the next log< looks from */
	unsigned          pings, steps;
	bool              started;
};

/* Tells where the script is, the reason, and the end of the server's log. */
bool talk_fail(struct talk *talk, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Expands text into out, of TALK_TEXT_MAX bytes. */
bool talk_text(struct talk *talk, const char *text, char *out_r);

bool talk_send(struct talk *talk, struct talk_peer *peer, const char *text);
bool talk_expect(struct talk *talk, struct talk_peer *peer,
	const char *pattern);

/* Asks for a session of datagrams, which is the peer `name` then. */
bool talk_session(struct talk *talk, struct talk_peer *of, const char *name);

/* Does what a script's line says after the connection's name, from its mark
 * on: `> text`, `< pattern`, `! fault`, ... */
bool talk_op(struct talk *talk, struct talk_peer *peer, const char *text);

#endif
