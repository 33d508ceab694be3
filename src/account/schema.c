/* schema.c -- what is in the database, and what is asked of it
 *
 * SPDX-License-Identifier: MIT */
#include "account/schema.h"

#define SETTLED(key) \
	"CAST(replace(lower(CAST(" key " AS TEXT)), 'i', 'l') AS BLOB)"

const char *const schema_steps[] = {
	"CREATE TABLE meta ("
	" name TEXT PRIMARY KEY,"
	" value TEXT NOT NULL"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE rooms ("
	" key BLOB PRIMARY KEY,"
	" name TEXT NOT NULL,"
	" topic TEXT,"
	" hidden INTEGER NOT NULL DEFAULT 0,"
	" members_only INTEGER NOT NULL DEFAULT 0,"
	" moderated INTEGER NOT NULL DEFAULT 0,"
	" ephemeral INTEGER NOT NULL DEFAULT 0,"
	" keep_ms INTEGER NOT NULL DEFAULT 0,"
	" keep_count INTEGER NOT NULL DEFAULT 0,"
	" slow INTEGER NOT NULL DEFAULT 0"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE grants ("
	" room BLOB NOT NULL REFERENCES rooms (key),"
	" who BLOB NOT NULL,"
	" role TEXT NOT NULL,"
	" until INTEGER,"
	" PRIMARY KEY (room, who)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE guests ("
	" name TEXT PRIMARY KEY,"
	" since INTEGER NOT NULL,"
	" secret BLOB NOT NULL"
	") STRICT, WITHOUT ROWID;",
	"CREATE TABLE accounts ("
	" key BLOB PRIMARY KEY,"
	" name TEXT NOT NULL UNIQUE,"
	" verifier TEXT NOT NULL,"
	" role TEXT NOT NULL,"
	" created INTEGER NOT NULL,"
	" seen INTEGER NOT NULL DEFAULT 0,"
	" disabled INTEGER NOT NULL DEFAULT 0,"
	" certificate BLOB UNIQUE"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE invites ("
	" hash BLOB PRIMARY KEY,"
	" expires INTEGER NOT NULL"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE marks ("
	" account BLOB NOT NULL,"
	" room BLOB NOT NULL,"
	" number INTEGER NOT NULL,"
	" PRIMARY KEY (account, room)"
	") STRICT, WITHOUT ROWID;",

	"ALTER TABLE rooms ADD COLUMN calm INTEGER NOT NULL DEFAULT 0;"
	"CREATE TABLE bans ("
	" network TEXT PRIMARY KEY,"
	" until INTEGER,"
	" author TEXT NOT NULL,"
	" reason TEXT"
	") STRICT, WITHOUT ROWID;",

	/* i is taken for l in keys, and capitals for small letters: see
	 * base/names.h. Where two became one the first is kept. */
	"INSERT OR IGNORE INTO rooms SELECT " SETTLED("key") ", name, topic,"
	" hidden, members_only, moderated, ephemeral, keep_ms, keep_count,"
	" slow, calm FROM rooms;"
	"UPDATE OR IGNORE grants SET room = " SETTLED("room") ","
	" who = " SETTLED("who") ";"
	"DELETE FROM grants WHERE room <> " SETTLED("room")
	" OR who <> " SETTLED("who") ";"
	"DELETE FROM rooms WHERE key <> " SETTLED("key") ";"
};

const int schema_newest = sizeof(schema_steps) / sizeof(*schema_steps);

const char *const schema_statements[STATEMENT_COUNT] = {
	[PUT_ROOM] =
	    "INSERT INTO rooms VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9,"
	    " ?10, ?11) ON CONFLICT DO UPDATE SET name = ?2, topic = ?3,"
	    " hidden = ?4, members_only = ?5, moderated = ?6,"
	    " ephemeral = ?7, keep_ms = ?8, keep_count = ?9, slow = ?10,"
	    " calm = ?11",
	[ADD_ROOM] =
	    "INSERT INTO rooms (key, name) VALUES (?1, ?2)"
	    " ON CONFLICT DO NOTHING",
	[PRUNE_ROOM] =
	    "DELETE FROM rooms WHERE key = ?1 AND topic IS NULL"
	    " AND NOT (hidden OR members_only OR moderated OR ephemeral"
	    " OR keep_ms OR keep_count OR slow OR calm)"
	    " AND NOT EXISTS (SELECT 1 FROM grants WHERE room = ?1)",
	[PUT_GRANT] =
	    "INSERT INTO grants VALUES (?1, ?2, ?3, ?4)"
	    " ON CONFLICT DO UPDATE SET role = ?3, until = ?4",
	[DROP_GRANT] = "DELETE FROM grants WHERE room = ?1 AND who = ?2",
	[PUT_GUEST] =
	    "INSERT INTO guests VALUES (?1, ?2, ?3)"
	    " ON CONFLICT DO UPDATE SET since = ?2, secret = ?3",
	[DROP_GUEST] = "DELETE FROM guests WHERE name = ?1 AND since = ?2",
	[FIND_ACCOUNT] =
	    "SELECT 1 FROM accounts WHERE key = ?1 OR name = ?2",
	[ADD_ACCOUNT] =
	    "INSERT INTO accounts (key, name, verifier, role, created)"
	    " VALUES (?1, ?2, ?3, ?4, ?5)",
	[SET_VERIFIER] = "UPDATE accounts SET verifier = ?2 WHERE name = ?1",
	[SET_ROLE] = "UPDATE accounts SET role = ?2 WHERE name = ?1",
	[SET_DISABLED] = "UPDATE accounts SET disabled = ?2 WHERE name = ?1",
	[SET_CERTIFICATE] =
	    "UPDATE OR IGNORE accounts SET certificate = ?2 WHERE name = ?1",
	[SET_SEEN] = "UPDATE accounts SET seen = ?2 WHERE key = ?1",
	[DROP_ACCOUNT] = "DELETE FROM accounts WHERE name = ?1",
	[DROP_GRANTS] = "DELETE FROM grants WHERE who = ?1",
	[DROP_MARKS] = "DELETE FROM marks WHERE account = ?1",
	[ADD_INVITE] = "INSERT OR IGNORE INTO invites VALUES (?1, ?2)",
	[USE_INVITE] = "DELETE FROM invites WHERE hash = ?1 AND expires > ?2",
	[PUT_MARK] =
	    "INSERT INTO marks VALUES (?1, ?2, ?3)"
	    " ON CONFLICT DO UPDATE SET number = ?3",
	[DROP_MARK] = "DELETE FROM marks WHERE account = ?1 AND room = ?2",
	[PUT_BAN] =
	    "INSERT INTO bans VALUES (?1, ?2, ?3, ?4)"
	    " ON CONFLICT DO UPDATE SET until = ?2, author = ?3, reason = ?4",
	[DROP_BAN] = "DELETE FROM bans WHERE network = ?1"
};
