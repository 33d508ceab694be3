/* site.c -- a data directory of a test's own, and where its backup goes
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "account/backup.h"
#include "base/alloc.h"
#include "base/disk.h"
#include "site.h"

struct told {
	char    *text;
	size_t   size;
	unsigned count;
};

void
site_open(struct site *site)
{
	*site = (struct site){ .s = scribe_new(SYNC_INTERVAL) };
	snprintf(site->backup, sizeof(site->backup), "%s/backup",
	    site->s->dir);
	snprintf(site->data, sizeof(site->data), "%s/data", site->s->dir);
}

int
site_back_up(struct site *site, struct ledger *l, const char *store)
{
	site->why[0] = '\0';
	return backup_make(site->s->vault, &l, 1, store, site->backup, NULL,
	    &site->totals, site->why, sizeof(site->why));
}

static void
on_fault(const char *path, const char *what, void *arg)
{
	struct told *t = arg;
	size_t len = strlen(t->text);

	t->count++;
	snprintf(t->text + len, t->size - len, "%s %s\n", path, what);
}

unsigned
site_verify(struct site *site, char *text_r, size_t size)
{
	int dir = open(site->backup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct told t = { .text = text_r, .size = size };
	struct manifest_totals totals;
	struct manifest m;
	unsigned faults;

	assert(dir >= 0);
	*text_r = '\0';
	faults = manifest_read(dir, &m, on_fault, &t);
	if (faults == 0) {
		faults = manifest_verify(dir, &m, &totals, on_fault, &t);
		manifest_free(&m);
	}
	close(dir);
	assert(faults == t.count);
	return faults;
}

bool
site_is_good(struct site *site)
{
	char text[1024];

	if (site_verify(site, text, sizeof(text)) == 0)
		return true;
	fputs(text, stderr);
	return false;
}

bool
site_has(const char *directory, const char *path)
{
	char whole[256];

	snprintf(whole, sizeof(whole), "%s/%s", directory, path);
	return access(whole, F_OK) == 0;
}

char *
site_file(const char *directory, uint64_t first, const char *suffix,
    size_t *len_r)
{
	char path[256], *all;
	int fd;

	snprintf(path, sizeof(path), "%s/rooms/lobby/%016llu%s", directory,
	    (unsigned long long)first, suffix);
	fd = disk_open(AT_FDCWD, path, O_RDONLY);
	if (fd < 0)
		return NULL;
	*len_r = (size_t)disk_size(fd);
	all = xcalloc(1, *len_r + 1);
	if (disk_read(fd, all, *len_r, 0) != (ssize_t)*len_r)
		abort();
	disk_close(fd);
	return all;
}

void
site_run(const char *format, ...)
{
	char command[512];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	if (system(command) != 0) {
		fprintf(stderr, "%s: failed\n", command);
		abort();
	}
}
