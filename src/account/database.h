/* database.h -- an SQLite file that is ours, whole, and of a known version
 *
 * SPDX-License-Identifier: MIT
 *
 * Its schema is a table of steps in schema.c; PRAGMA user_version counts
 * those that were done. WAL with synchronous=FULL: what is committed survives
 * a lost power (with NORMAL whole tables were seen to go), and other programs
 * may read it meanwhile.
 *
 * Threads: one at a time.
 * Locks:   SQLite's on the file, waited for at most BUSY_MS.
 * Memory:  owns the connection and its statements. */
#ifndef ACCOUNT_DATABASE_H
#define ACCOUNT_DATABASE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <sqlite3.h>

#include "base/slice.h"

enum {
	BUSY_MS = 700,		/* a request may wait for two attempts */
	DATABASE_WHY = 512 + PATH_MAX
};

enum statement {
	PUT_ROOM,
	ADD_ROOM,	/* the row is there, whatever is in it */
	PRUNE_ROOM,	/* unless something is in it, or it has roles */
	PUT_GRANT,
	DROP_GRANT,
	PUT_GUEST,
	DROP_GUEST,
	FIND_ACCOUNT,
	ADD_ACCOUNT,
	SET_VERIFIER,
	SET_ROLE,
	SET_DISABLED,
	SET_CERTIFICATE,	/* unless it is another's */
	SET_SEEN,
	DROP_ACCOUNT,
	DROP_GRANTS,	/* all of somebody's */
	DROP_MARKS,	/* the same */
	ADD_INVITE,
	USE_INVITE,
	PUT_MARK,
	DROP_MARK,
	PUT_BAN,
	DROP_BAN,
	STATEMENT_COUNT
};

struct database {
	sqlite3      *handle;	/* NULL: none is open */
	sqlite3_stmt *statements[STATEMENT_COUNT];
	int           dir;	/* descriptor of the data directory */
	dev_t         wal_dev;	/* of our -wal */
	ino_t         wal_ino;
	char          path[PATH_MAX];	/* absolute */
	char          why[DATABASE_WHY]; /* why the last call failed */
};

/* Opens or makes DATA/vcrpd.db. False: `why` says what to do, and nothing in
 * the file was changed. database_close() is due in either case. */
bool database_open(struct database *, const char *data);
void database_close(struct database *);

/* The file is still the one that is open, or is so again: one that was
 * deleted is made again with all that was in it, one that was replaced is
 * opened. The log hears of either. False: `why`. */
bool database_stay(struct database *);

/* False: `why`; database_rollback() is due. */
bool database_begin(struct database *);
bool database_commit(struct database *);
void database_rollback(struct database *);

/* Of the statement's parameters, counted from 1. What is bound must be there
 * until database_run(). */
void database_blob(struct database *, enum statement, int, struct slice);
void database_text(struct database *, enum statement, int, struct slice);
void database_int(struct database *, enum statement, int, int64_t);
bool database_run(struct database *, enum statement);
/* Of one that looks for a row. */
bool database_find(struct database *, enum statement, bool *found_r);
/* Did the last one that ran change any row? */
bool database_changed(const struct database *);

/* Any other, without rows. */
bool database_exec(struct database *, const char *sql);
/* To be stepped through by the caller; NULL: `why`. */
sqlite3_stmt *database_query(struct database *, const char *sql);
/* `why` is what SQLite said of its last call. */
void database_blame(struct database *);

#endif
