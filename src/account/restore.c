/* restore.c -- a data directory, made from a backup
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "account/restore.h"
#include "account/tree.h"
#include "base/disk.h"
#include "base/log.h"

__attribute__((format(printf, 1, 2))) static void
complain(const char *format, ...)
{
	char text[2 * MANIFEST_PATH], safe[2 * MANIFEST_PATH];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	log_escape(safe, sizeof(safe), text, strlen(text));
	fprintf(stderr, "vcrpd: %s\n", safe);
}

static void
on_fault(const char *path, const char *what, void *arg)
{
	complain("%s/%s: %s", (const char *)arg, path, what);
}

/* The directories above it that are not there yet. */
static int
make_way(struct tree *t, const char *path)
{
	char above[MANIFEST_PATH];
	int rc = 0;

	for (const char *at = path; rc == 0 &&
	    (at = strchr(at, '/')) != NULL; at++) {
		snprintf(above, sizeof(above), "%.*s", (int)(at - path), path);
		rc = tree_mkdir(t, above);
		if (rc == -EEXIST)
			rc = 0;
	}
	return rc;
}

static int
copy_file(struct tree *t, int from, const struct manifest_entry *e)
{
	int rc, fd = manifest_open(from, e->path);

	if (fd < 0) {
		snprintf(t->fault, sizeof(t->fault), "%s", e->path);
		return fd;
	}
	rc = make_way(t, e->path);
	if (rc == 0)
		rc = tree_copy(t, e->path, fd);
	disk_close(fd);
	if (rc == 0 && strcmp(tree_sum(t, e->path), e->hex) != 0) {
		/* It was right a moment ago. */
		snprintf(t->fault, sizeof(t->fault), "%s", e->path);
		rc = -EIO;
	}
	return rc;
}

static int
copy_files(struct tree *t, int from, const struct manifest *m)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < m->count; i++)
		if (strcmp(m->entries[i].path, MANIFEST_LABEL) != 0)
			rc = copy_file(t, from, &m->entries[i]);
	return rc < 0 ? rc : tree_sync(t);
}

static bool
fill(const char *data, int from, const struct manifest *m)
{
	struct tree t;
	int rc = tree_begin(&t, data);

	if (rc < 0) {
		complain("%s: %s", data, strerror(-rc));
	} else if ((rc = copy_files(&t, from, m)) < 0) {
		complain("%s/%s: %s", data, t.fault, strerror(-rc));
		tree_undo(&t);
	} else {
		printf("vcrpd: restored %" PRIu64 " files, %" PRIu64 " bytes, "
		    "to %s\n"
		    "vcrpd: made by %s; the rooms go on with higher numbers, "
		    "behind a GAP\n", t.totals.files, t.totals.bytes, data,
		    m->label);
	}
	tree_fini(&t);
	return rc == 0;
}

bool
restore(const char *from, const char *data)
{
	int dir = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct manifest_totals totals;
	struct manifest m;
	char *name = (char *)(uintptr_t)from;
	bool good;

	if (dir < 0) {
		complain("%s: %s", from, strerror(errno));
		return false;
	}
	if (manifest_read(dir, &m, on_fault, name) > 0) {
		close(dir);
		return false;
	}
	good = manifest_verify(dir, &m, &totals, on_fault, name) == 0 &&
	    fill(data, dir, &m);
	manifest_free(&m);
	close(dir);
	return good && fflush(stdout) == 0;
}
