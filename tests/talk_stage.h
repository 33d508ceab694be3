/* talk_stage.h -- a server under test and the connections to it
 *
 * SPDX-License-Identifier: MIT
 *
 * While anything is awaited, every connection is read, but for those that were
 * stopped: a client that does not read is one that was told so. Every wait is
 * bounded by wait_ms.
 *
 * Threads: one.
 * Locks:   none.
 * Memory:  a stage is its maker's, its peers are the stage's. */
#ifndef TESTS_TALK_STAGE_H
#define TESTS_TALK_STAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "talk_peer.h"
#include "talk_server.h"

enum { TALK_PEERS_MAX = 64 };

enum talk_got { TALK_LINE, TALK_END, TALK_LATE, TALK_FAULT };

struct talk_stage {
	struct talk_server *server;
	struct talk_peer   *peer[TALK_PEERS_MAX];
	size_t              count;
	int                 wait_ms;   /* 10 s, or TALK_WAIT seconds */
};

/* With a server that is not running yet; program NULL: what VCRPD names. Ends
 * the program if there is none. */
void talk_stage_init(struct talk_stage *stage, const char *program);
void talk_stage_fini(struct talk_stage *stage);

/* The connection called name (NAME, NAME@local or NAME@127.0.0.x, where what
 * follows the @ says how it is made and is no part of the name); it is made
 * when there is none. NULL, with the reason, if that fails. */
struct talk_peer *talk_stage_peer(struct talk_stage *stage, const char *name,
	const char **why_r);

/* The peer of this name, or NULL. */
struct talk_peer *talk_stage_find(struct talk_stage *stage, const char *name);
/* Takes one in that was made elsewhere. False: there are too many. */
bool talk_stage_add(struct talk_stage *stage, struct talk_peer *peer);

/* Closes a connection and forgets it. */
void talk_stage_drop(struct talk_stage *stage, struct talk_peer *peer);

/* Reads whatever comes until `until` of talk_now(), or just once. */
void talk_stage_turn(struct talk_stage *stage, long long until);

/* False if the server ends the connection or does not take it all. */
bool talk_stage_send(struct talk_stage *stage, struct talk_peer *peer,
	const char *bytes, size_t len);

/* The peer's next line into peer->line (TALK_LINE), or what came instead:
 * the end, nothing for wait_ms, or what no server may send (*why_r). */
enum talk_got talk_stage_line(struct talk_stage *stage, struct talk_peer *peer,
	const char **why_r);

#endif
