/* todo.c -- lines whose consequences elsewhere are not done yet
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/disk.h"
#include "base/log.h"
#include "ledger/parts.h"

enum { TODO_MAX = 65536 };

static void
todo_path(const struct ledger *l, char path_r[LEDGER_PATH])
{
	snprintf(path_r, LEDGER_PATH, "%s/todo", l->dir);
}

static void
todo_close(struct ledger *l)
{
	if (l->todo >= 0)
		disk_close(l->todo);
	l->todo = -1;
}

/* 0 or -errno; -ENOENT if there is none and none is to be made. */
static int
todo_open(struct ledger *l, bool make)
{
	char path[LEDGER_PATH];
	int rc = make ? ledger_make(l) : 0;

	if (l->todo >= 0 || rc < 0)
		return rc;
	todo_path(l, path);
	l->todo = vault_file(l->vault, path, O_RDWR);
	if (l->todo == -ENOENT && make) {
		l->todo = vault_file(l->vault, path, O_RDWR | O_CREAT);
		if (l->todo >= 0 && vault_syncs(l->vault))
			rc = disk_sync_dir(l->vault->rooms, l->dir);
	}
	if (l->todo < 0) {
		rc = l->todo;
		l->todo = -1;
	}
	if (rc < 0)
		todo_close(l);
	return rc;
}

int
ledger_note(struct ledger *l, struct slice line)
{
	int rc;

	if (l->todo_size + line.len > TODO_MAX)
		return -EBUSY;
	if (ledger_failure(l) != 0)
		return ledger_failure(l);
	rc = todo_open(l, true);
	if (rc < 0)
		return rc;
	rc = disk_write(l->todo, line.at, line.len, l->todo_size);
	if (rc == 0 && vault_syncs(l->vault))
		rc = disk_sync(l->todo);
	if (rc == 0) {
		l->todo_size += line.len;
		return 0;
	}
	atomic_fetch_add(&l->vault->counters.failures, 1);
	if (disk_truncate(l->todo, l->todo_size) < 0)
		log_warn("rooms/%s/todo: it cannot be cut back", l->dir);
	return rc;
}

static void
todo_cut(struct ledger *l, uint64_t size)
{
	int rc = todo_open(l, false);

	if (rc == 0)
		rc = disk_truncate(l->todo, size);
	if (rc < 0 && rc != -ENOENT)
		log_warn("rooms/%s/todo: %s", l->dir, strerror(-rc));
	if (rc == 0 || rc == -ENOENT)
		l->todo_size = size;
	/* A descriptor is only worth having while something is undone. */
	if (size == 0)
		todo_close(l);
}

void
ledger_done(struct ledger *l)
{
	if (l->todo_size > 0)
		todo_cut(l, 0);
}

void
ledger_unnote(struct ledger *l, size_t len)
{
	todo_cut(l, l->todo_size > len ? l->todo_size - len : 0);
}

/* The file's bytes, or NULL; to be freed. */
static char *
todo_read(struct ledger *l, size_t *len_r)
{
	char *text;
	ssize_t got;
	int rc;

	rc = todo_open(l, false);
	if (rc < 0) {
		if (rc != -ENOENT && rc != -ENOTDIR)
			log_warn("rooms/%s/todo: %s", l->dir, strerror(-rc));
		return NULL;
	}
	text = xmalloc(TODO_MAX);
	got = disk_read(l->todo, text, TODO_MAX, 0);
	if (got < 0) {
		log_warn("rooms/%s/todo: %s", l->dir, strerror((int)-got));
		got = 0;
	}
	*len_r = (size_t)got;
	return text;
}

void
ledger_noted(
    struct ledger *l, void (*fn)(struct slice line, void *arg), void *arg)
{
	size_t len, used = 0, n;
	struct log_line line;
	const char *end;
	char *text;

	text = todo_read(l, &len);
	if (text == NULL)
		return;
	while ((end = memchr(text + used, '\n', len - used)) != NULL) {
		n = (size_t)(end - text) + 1 - used;
		if (!log_line_parse((struct slice){ text + used, n }, &line))
			break;
		fn((struct slice){ text + used, n }, arg);
		used += n;
	}
	free(text);
	l->todo_size = len;
	if (used < len) {
		log_warn("rooms/%s/todo: %zu bytes at %zu are no line, cut off",
		    l->dir, len - used, used);
		todo_cut(l, used);
	}
	if (used == 0)
		todo_close(l);
}
