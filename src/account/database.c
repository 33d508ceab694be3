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
#include "account/schema.h"
#include "base/disk.h"
#include "base/log.h"

#define FILE_NAME	"vcrpd.db"
#define NEW_NAME	FILE_NAME ".new"
#define APPLICATION	"1447252560"	/* "VCRP" */

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
	if (*version_r <= schema_newest)
		return true;
	snprintf(text, sizeof(text), "it has version %lld, and this vcrpd "
	    "knows version %d at most", (long long)*version_r, schema_newest);
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

	for (; version < schema_newest; version++) {
		snprintf(mark, sizeof(mark), "PRAGMA application_id = "
		    APPLICATION "; PRAGMA user_version = %lld",
		    (long long)version + 1);
		if (!database_begin(d) ||
		    !database_exec(d, schema_steps[version]) ||
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
		if (sqlite3_prepare_v3(d->handle, schema_statements[i], -1,
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
