/* database.c -- an SQLite file that is ours, whole, and of a known version
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account/database.h"
#include "base/disk.h"
#include "base/log.h"

#define FILE_NAME	"vcrpd.db"
#define NEW_NAME	FILE_NAME ".new"
#define APPLICATION	"1447252560"	/* "VCRP" */

#define SETTLED(key) \
	"CAST(replace(lower(CAST(" key " AS TEXT)), 'i', 'l') AS BLOB)"

/* Each brings a database on by one version. None is ever changed: what is to
 * be different is a further one. */
static const char *const steps[] = {
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

enum { NEWEST = sizeof(steps) / sizeof(*steps) };

static const char *const statements[STATEMENT_COUNT] = {
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

static bool
fail(struct database *d, const char *what, const char *advice)
{
	snprintf(d->why, sizeof(d->why), "%s: %s%s", d->path, what, advice);
	return false;
}

static bool
damaged(struct database *d, const char *what)
{
	snprintf(d->why, sizeof(d->why), "%s is damaged (%s): put a copy from "
	    "a backup in its place, or move it away to start without topics, "
	    "roles and reserved names; it was not changed", d->path, what);
	return false;
}

void
database_blame(struct database *d)
{
	switch (sqlite3_errcode(d->handle) & 0xff) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		(void)damaged(d, sqlite3_errmsg(d->handle));
		break;
	case SQLITE_BUSY:
		(void)fail(d, "another program has locked it", "");
		break;
	default:
		(void)fail(d, sqlite3_errmsg(d->handle), "");
	}
}

bool
database_exec(struct database *d, const char *sql)
{
	if (sqlite3_exec(d->handle, sql, NULL, NULL, NULL) == SQLITE_OK)
		return true;
	database_blame(d);
	return false;
}

sqlite3_stmt *
database_query(struct database *d, const char *sql)
{
	sqlite3_stmt *s = NULL;

	if (sqlite3_prepare_v2(d->handle, sql, -1, &s, NULL) != SQLITE_OK)
		database_blame(d);
	return s;
}

/* One number. */
static bool
ask(struct database *d, const char *sql, int64_t *number_r)
{
	sqlite3_stmt *s = database_query(d, sql);
	int rc;

	if (s == NULL)
		return false;
	rc = sqlite3_step(s);
	if (rc == SQLITE_ROW)
		*number_r = sqlite3_column_int64(s, 0);
	else
		database_blame(d);
	sqlite3_finalize(s);
	return rc == SQLITE_ROW;
}

/* Is it ours, and can this program use it? */
static bool
check_version(struct database *d, int64_t *version_r)
{
	int64_t application, tables;
	char text[160];

	if (!ask(d, "PRAGMA application_id", &application) ||
	    !ask(d, "PRAGMA user_version", version_r) ||
	    !ask(d, "SELECT count(*) FROM sqlite_schema", &tables))
		return false;
	if (application != atoll(APPLICATION) && tables > 0)
		return fail(d, "this is not a database of vcrpd",
		    ": move it away; it was not changed");
	if (*version_r <= NEWEST)
		return true;
	snprintf(text, sizeof(text), "it has version %lld, and this vcrpd "
	    "knows version %d at most", (long long)*version_r, NEWEST);
	return fail(d, text,
	    ": start the newer one that wrote it; it was not changed");
}

static bool
check_whole(struct database *d)
{
	sqlite3_stmt *s = database_query(d, "PRAGMA quick_check(1)");
	const char *said;
	bool good = false;

	if (s == NULL)
		return false;
	if (sqlite3_step(s) != SQLITE_ROW) {
		database_blame(d);
	} else {
		said = (const char *)sqlite3_column_text(s, 0);
		good = said != NULL && strcmp(said, "ok") == 0;
		if (!good)
			(void)damaged(d, said != NULL ? said : "");
	}
	sqlite3_finalize(s);
	return good;
}

static bool
migrate(struct database *d, int64_t version)
{
	char mark[128];

	for (; version < NEWEST; version++) {
		snprintf(mark, sizeof(mark), "PRAGMA application_id = "
		    APPLICATION "; PRAGMA user_version = %lld",
		    (long long)version + 1);
		if (!database_begin(d) ||
		    !database_exec(d, steps[version]) ||
		    !database_exec(d, mark) || !database_commit(d)) {
			database_rollback(d);
			return false;
		}
	}
	return true;
}

static bool
prepare(struct database *d)
{
	for (int i = 0; i < STATEMENT_COUNT; i++)
		if (sqlite3_prepare_v3(d->handle, statements[i], -1,
		    SQLITE_PREPARE_PERSISTENT, &d->statements[i], NULL) !=
		    SQLITE_OK) {
			database_blame(d);
			return false;
		}
	return true;
}

/* Ours is known by its number: a file that was put in the place of the
 * database may have brought its own. */
static void
know_wal(struct database *d)
{
	struct stat st;

	d->wal_ino = 0;
	if (fstatat(d->dir, FILE_NAME "-wal", &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	d->wal_dev = st.st_dev;
	d->wal_ino = st.st_ino;
}

/* SQLite would make a file that others may read, and follow a link. One that
 * is there is not opened here: to close it would drop all locks that this
 * process has on it. */
static bool
touch(struct database *d)
{
	int fd = disk_open(d->dir, FILE_NAME, O_RDWR | O_CREAT | O_EXCL);
	struct stat st;

	if (fd >= 0) {
		disk_close(fd);
		return true;
	}
	if (fd != -EEXIST)
		return fail(d, strerror(-fd), "");
	if (fstatat(d->dir, FILE_NAME, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(d, strerror(errno), "");
	return S_ISREG(st.st_mode) ? true :
	    fail(d, "this is no regular file", ": move it away");
}

static void
close_handle(struct database *d)
{
	for (int i = 0; i < STATEMENT_COUNT; i++) {
		sqlite3_finalize(d->statements[i]);
		d->statements[i] = NULL;
	}
	sqlite3_close(d->handle);
	d->handle = NULL;
}

static bool
check(struct database *d, int64_t *version_r)
{
	if (sqlite3_db_readonly(d->handle, "main") == 1)
		return fail(d, "it may only be read",
		    ": make it writable for the server's user");
	return check_version(d, version_r) && check_whole(d);
}

/* A file that is refused is left as it is, its -wal too. */
static bool
open_handle(struct database *d)
{
	int64_t version = 0;

	if (!touch(d))
		return false;
	if (sqlite3_open_v2(d->path, &d->handle, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
		database_blame(d);
		close_handle(d);
		return false;
	}
	sqlite3_busy_timeout(d->handle, BUSY_MS);
	sqlite3_db_config(d->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1,
	    NULL);
	if (!check(d, &version) ||
	    !database_exec(d, "PRAGMA journal_mode = WAL;"
	    "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
	    "PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY") ||
	    !migrate(d, version) || !prepare(d)) {
		close_handle(d);
		return false;
	}
	sqlite3_db_config(d->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0,
	    NULL);
	know_wal(d);
	return true;
}

bool
database_open(struct database *d, const char *data)
{
	char whole[PATH_MAX];

	memset(d, 0, sizeof(*d));
	d->dir = -1;
	snprintf(d->path, sizeof(d->path), "%s/" FILE_NAME, data);
	if (realpath(data, whole) == NULL)
		return fail(d, strerror(errno), "");
	if ((size_t)snprintf(d->path, sizeof(d->path), "%s/" FILE_NAME,
	    whole) >= sizeof(d->path))
		return fail(d, strerror(ENAMETOOLONG), "");
	d->dir = disk_open(AT_FDCWD, whole, O_RDONLY | O_DIRECTORY);
	if (d->dir < 0)
		return fail(d, strerror(-d->dir), "");
	return open_handle(d);
}

void
database_close(struct database *d)
{
	close_handle(d);
	if (d->dir >= 0)
		disk_close(d->dir);
	d->dir = -1;
}

/* What belongs to the file that is gone must not meet another one. */
static void
drop_wal(struct database *d)
{
	struct stat st;

	if (fstatat(d->dir, FILE_NAME "-wal", &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    st.st_dev != d->wal_dev || st.st_ino != d->wal_ino)
		return;
	(void)disk_unlink(d->dir, FILE_NAME "-wal");
	(void)disk_unlink(d->dir, FILE_NAME "-shm");
}

/* All that is in the file that is open, into a new one, on the disk. */
static bool
copy_out(struct database *d)
{
	char sql[PATH_MAX + 64];
	int fd, rc;

	(void)disk_unlink(d->dir, NEW_NAME);
	sqlite3_snprintf(sizeof(sql), sql, "VACUUM INTO '%q.new'", d->path);
	if (!database_exec(d, sql))
		return false;
	fd = disk_open(d->dir, NEW_NAME, O_RDWR);
	if (fd < 0)
		return fail(d, strerror(-fd), "");
	rc = fchmod(fd, 0600) < 0 ? -errno : disk_sync(fd);
	disk_close(fd);
	return rc < 0 ? fail(d, strerror(-rc), "") : true;
}

/* The file that is gone is let go of last: if anything fails all is still in
 * it, to be tried again. */
static bool
make_again(struct database *d)
{
	int rc;

	if (!copy_out(d))
		return false;
	drop_wal(d);
	rc = disk_rename(d->dir, NEW_NAME, FILE_NAME);
	if (rc == 0)
		rc = disk_sync_dir(d->dir, ".");
	if (rc < 0)
		return fail(d, strerror(-rc), "");
	log_warn("%s was deleted while it was in use: it was made again with "
	    "all that was in it", d->path);
	return true;
}

bool
database_stay(struct database *d)
{
	int moved = 0;

	if (d->handle == NULL)
		return open_handle(d);
	sqlite3_file_control(d->handle, "main", SQLITE_FCNTL_HAS_MOVED,
	    &moved);
	if (!moved)
		return true;
	if (faccessat(d->dir, FILE_NAME, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		log_warn("%s was replaced while it was in use: what was in "
		    "it and is not in the new one is gone", d->path);
		drop_wal(d);
	} else if (!make_again(d)) {
		return false;
	}
	close_handle(d);
	return open_handle(d);
}

bool
database_begin(struct database *d)
{
	return database_exec(d, "BEGIN IMMEDIATE");
}

bool
database_commit(struct database *d)
{
	return database_exec(d, "COMMIT");
}

void
database_rollback(struct database *d)
{
	if (d->handle != NULL && !sqlite3_get_autocommit(d->handle))
		(void)sqlite3_exec(d->handle, "ROLLBACK", NULL, NULL, NULL);
}

void
database_blob(struct database *d, enum statement s, int at, struct slice v)
{
	sqlite3_bind_blob64(d->statements[s], at, v.at, v.len, SQLITE_STATIC);
}

void
database_text(struct database *d, enum statement s, int at, struct slice v)
{
	sqlite3_bind_text64(d->statements[s], at, v.at, v.len, SQLITE_STATIC,
	    SQLITE_UTF8);
}

void
database_int(struct database *d, enum statement s, int at, int64_t v)
{
	sqlite3_bind_int64(d->statements[s], at, v);
}

static int
step(struct database *d, enum statement s)
{
	int rc = sqlite3_step(d->statements[s]);

	if (rc != SQLITE_DONE && rc != SQLITE_ROW)
		database_blame(d);
	sqlite3_reset(d->statements[s]);
	sqlite3_clear_bindings(d->statements[s]);
	return rc;
}

bool
database_run(struct database *d, enum statement s)
{
	return step(d, s) == SQLITE_DONE;
}

bool
database_find(struct database *d, enum statement s, bool *found_r)
{
	int rc = step(d, s);

	*found_r = rc == SQLITE_ROW;
	return *found_r || rc == SQLITE_DONE;
}

bool
database_changed(const struct database *d)
{
	return sqlite3_changes(d->handle) > 0;
}
