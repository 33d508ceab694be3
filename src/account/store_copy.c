/* store_copy.c -- the store's database, copied while it is in use
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <sqlite3.h>

#include "account/store_copy.h"
#include "base/alloc.h"
#include "base/disk.h"
#include "base/log.h"

enum { PAGES = 256, PATIENCE = 10000 /* ms */ };

static int
errno_of(int code)
{
	switch (code & 0xff) {
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_PERM:
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
		return -EACCES;
	default:
		return -EIO;
	}
}

static int
complain(const char *path, sqlite3 *db, int code)
{
	log_warn("backup: %s: %s", path, db != NULL ? sqlite3_errmsg(db) :
	    sqlite3_errstr(code));
	/* SQLite does not say why it cannot open a file. */
	return code == SQLITE_CANTOPEN && access(path, F_OK) < 0 ? -errno :
	    errno_of(code);
}

static int
open_both(const char *from, const char *to, sqlite3 **from_r, sqlite3 **to_r)
{
	int code = sqlite3_open_v2(from, from_r, SQLITE_OPEN_READWRITE, NULL);

	if (code != SQLITE_OK)
		return complain(from, *from_r, code);
	sqlite3_busy_timeout(*from_r, PATIENCE);
	/* A read that goes on: what is written meanwhile neither shows nor
	 * makes the copying begin again. */
	code = sqlite3_exec(*from_r, "BEGIN; SELECT 1 FROM sqlite_master",
	    NULL, NULL, NULL);
	if (code != SQLITE_OK)
		return complain(from, *from_r, code);
	code = sqlite3_open_v2(to, to_r, SQLITE_OPEN_READWRITE, NULL);
	return code == SQLITE_OK ? 0 : complain(to, *to_r, code);
}

static int
copy_pages(sqlite3 *from, sqlite3 *to, const char *path,
    const atomic_bool *stop)
{
	sqlite3_backup *b = sqlite3_backup_init(to, "main", from, "main");
	int code = SQLITE_OK;

	while (b != NULL && code == SQLITE_OK &&
	    (stop == NULL || !atomic_load(stop)))
		code = sqlite3_backup_step(b, PAGES);
	sqlite3_backup_finish(b);
	if (b != NULL && code == SQLITE_OK)
		return -ECANCELED;
	if (b == NULL || code != SQLITE_DONE)
		return complain(path, to, b == NULL ? SQLITE_ERROR : code);
	/* One file, that can be read where nothing can be written. */
	code = sqlite3_exec(to, "PRAGMA journal_mode = DELETE", NULL, NULL,
	    NULL);
	return code == SQLITE_OK ? 0 : complain(path, to, code);
}

static int
fill(const char *path, const char *to_path, const atomic_bool *stop)
{
	sqlite3 *from = NULL, *to = NULL;
	int rc = open_both(path, to_path, &from, &to);

	if (rc == 0)
		rc = copy_pages(from, to, to_path, stop);
	sqlite3_close(to);
	sqlite3_close(from);
	return rc;
}

int
store_copy(struct tree *t, const char *path, const atomic_bool *stop)
{
	size_t size = strlen(t->path) + sizeof("/" STORE_FILE);
	char *to;
	int rc, fd;

	fd = tree_open(t, STORE_FILE);
	if (fd < 0)
		return fd;
	to = xmalloc(size);
	snprintf(to, size, "%s/" STORE_FILE, t->path);
	rc = fill(path, to, stop);
	free(to);
	if (rc == 0)
		return tree_done(t, STORE_FILE, fd, NULL);
	disk_close(fd);
	(void)disk_unlink(t->dir, STORE_FILE "-journal");
	(void)disk_unlink(t->dir, STORE_FILE "-wal");
	(void)disk_unlink(t->dir, STORE_FILE "-shm");
	snprintf(t->fault, sizeof(t->fault), "%s", STORE_FILE);
	return rc;
}
