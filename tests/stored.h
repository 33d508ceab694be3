/* stored.h -- a store in a directory of its own, and mail for it
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: the test's; the store has its own.
 * Locks:   none.
 * Memory:  stored_free() frees all, the directory too. */
#ifndef TESTS_STORED_H
#define TESTS_STORED_H

#include <sqlite3.h>

#include "account/store.h"

struct stored {
	char           dir[64];
	char           path[80];	/* of the database */
	struct store  *store;		/* NULL: not open */
	bool           runs;
	struct mailbox back;
	struct mail   *answers;		/* taken from it, not yet asked for */
	char           why[1024];
	char           text[65536];
};

/* With no database yet. */
struct stored *stored_new(void);
void stored_free(struct stored **);

bool stored_open(struct stored *);
void stored_start(struct stored *);
/* Stops and closes it; every answer must have been asked for. */
void stored_close(struct stored *);
/* All that a start would load, a line a row, of the closed store:
 *
 *     room KEY NAME [hidden] [members-only] [moderated] [ephemeral] ... TOPIC
 *     role ROOM WHO ROLE UNTIL
 *     guest NICK SINCE FIRST-BYTE-OF-SECRET
 *     ban NETWORK UNTIL BY REASON
 */
const char *stored_rows(struct stored *);

/* Mail. The room's name is its key. */
void stored_topic(struct stored *, const char *room, const char *topic);
void stored_switches(struct stored *, const char *room,
    const struct switches *);
/* until: UINT64_MAX for never. */
void stored_role(struct stored *, const char *room, const char *who,
    enum role, uint64_t until);
void stored_reserve(struct stored *, const char *nick, uint64_t since,
    unsigned char secret);
/* reason: NULL: it is lifted. */
void stored_ban(struct stored *, const char *network, uint64_t until,
    const char *reason);
void stored_forget(struct stored *, const char *nick, uint64_t since);
/* What the next answer is to be about, and whether it is good. */
bool stored_done(struct stored *, const char *what, bool good);
/* None has come. */
bool stored_silent(struct stored *);

/* A connection of another program. */
sqlite3 *stored_other(const struct stored *);

#endif
