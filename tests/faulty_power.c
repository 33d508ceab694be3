/* faulty_power.c -- what a lost power takes: the journal of faulty.h
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "faulty.h"
#include "faulty_power.h"

enum { PAGE = RECORD_PAGE };

/* What was written down of a file since its last sync. */
struct touched {
	uint64_t inode;
	bool sized;
	uint64_t *pages;
	unsigned count;
	unsigned space;
};

static struct {
	pthread_mutex_t mutex;
	int journal;	     /* -1: none */
	char keep[PATH_MAX]; /* JOURNAL.d */
	struct touched *files;
	unsigned count;
} power = { .mutex = PTHREAD_MUTEX_INITIALIZER, .journal = -1 };

static void
forget_all(void)
{
	for (unsigned i = 0; i < power.count; i++)
		free(power.files[i].pages);
	free(power.files);
	power.files = NULL;
	power.count = 0;
}

void
faulty_power(const char *journal)
{
	pthread_mutex_lock(&power.mutex);
	if (power.journal >= 0)
		close(power.journal);
	power.journal = -1;
	forget_all();
	if (journal != NULL) {
		snprintf(power.keep, sizeof(power.keep), "%s.d", journal);
		mkdir(power.keep, 0700);
		power.journal = open(
		    journal, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
		assert(power.journal >= 0);
	}
	pthread_mutex_unlock(&power.mutex);
}

void
power_reset(void)
{
	pthread_mutex_lock(&power.mutex);
	forget_all();
	if (power.journal >= 0)
		mkdir(power.keep, 0700);
	pthread_mutex_unlock(&power.mutex);
}

bool
power_begin(void)
{
	pthread_mutex_lock(&power.mutex);
	if (power.journal >= 0)
		return true;
	pthread_mutex_unlock(&power.mutex);
	return false;
}

void
power_end(void)
{
	pthread_mutex_unlock(&power.mutex);
}

/* One write, so that a kill leaves it whole or not at all, nearly always. */
static void
note(enum record_kind kind, uint64_t inode, uint64_t at, const void *data,
    size_t len)
{
	struct record r = { kind, (uint32_t)len, inode, at };
	char buffer[sizeof(r) + 2 * PATH_MAX + PAGE];
	ssize_t n;

	assert(len <= sizeof(buffer) - sizeof(r));
	memcpy(buffer, &r, sizeof(r));
	if (len > 0)
		memcpy(buffer + sizeof(r), data, len);
	n = write(power.journal, buffer, sizeof(r) + len);
	assert(n == (ssize_t)(sizeof(r) + len));
}

/* A file keeps a second name, by which it is found whatever becomes of it. */
static void
keep(int fd, uint64_t inode)
{
	char from[64], to[PATH_MAX + 32];

	snprintf(from, sizeof(from), "/proc/self/fd/%d", fd);
	snprintf(to, sizeof(to), "%s/%" PRIu64, power.keep, inode);
	if (linkat(AT_FDCWD, from, AT_FDCWD, to, AT_SYMLINK_FOLLOW) < 0)
		assert(errno == EEXIST || errno == ENOENT);
}

static struct touched *
touched(int fd, struct stat *st)
{
	struct touched *t;

	if (fstat(fd, st) < 0 || !S_ISREG(st->st_mode))
		return NULL;
	for (unsigned i = 0; i < power.count; i++)
		if (power.files[i].inode == st->st_ino)
			return &power.files[i];
	power.files =
	    xrealloc(power.files, (power.count + 1) * sizeof(power.files[0]));
	t = &power.files[power.count++];
	memset(t, 0, sizeof(*t));
	t->inode = st->st_ino;
	keep(fd, t->inode);
	return t;
}

static void
touch_page(struct touched *t, int fd, uint64_t page)
{
	char old[PAGE];
	ssize_t got;

	for (unsigned i = t->count; i > 0; i--)
		if (t->pages[i - 1] == page)
			return;
	got = pread(fd, old, PAGE, (off_t)(page * PAGE));
	note(AS_PAGE, t->inode, page * PAGE, old, got > 0 ? (size_t)got : 0);
	if (t->count == t->space) {
		t->space = t->space > 0 ? 2 * t->space : 8;
		t->pages = xrealloc(t->pages, t->space * sizeof(t->pages[0]));
	}
	t->pages[t->count++] = page;
}

static void
touch(int fd, uint64_t from, uint64_t to, bool shorter)
{
	struct stat st;
	struct touched *t = touched(fd, &st);

	if (t == NULL)
		return;
	if (!t->sized && (shorter || to > (uint64_t)st.st_size)) {
		note(AS_SIZE, t->inode, (uint64_t)st.st_size, NULL, 0);
		t->sized = true;
	}
	for (uint64_t page = from / PAGE; page * PAGE < to; page++)
		touch_page(t, fd, page);
}

void
power_write(int fd, uint64_t at, size_t len)
{
	touch(fd, at, at + len, false);
}

void
power_truncate(int fd, uint64_t len)
{
	struct stat st;

	if (fstat(fd, &st) == 0)
		touch(fd, len, (uint64_t)st.st_size, true);
}

void
power_synced(int fd)
{
	struct stat st;
	struct touched *t = touched(fd, &st);

	if (t == NULL)
		return;
	note(AS_SYNCED, t->inode, 0, NULL, 0);
	t->count = 0;
	t->sized = false;
}

/* Keeps what has that name; its inode, 0 if nothing has. */
static uint64_t
keep_named(const char *path)
{
	struct stat st;
	uint64_t inode = 0;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return 0;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		inode = st.st_ino;
		keep(fd, inode);
	}
	close(fd);
	return inode;
}

void
power_create(const char *path)
{
	note(AS_CREATE, 0, 0, path, strlen(path) + 1);
}

void
power_mkdir(const char *path)
{
	note(AS_MKDIR, 0, 0, path, strlen(path) + 1);
}

void
power_rename(const char *from, const char *to)
{
	char both[2 * PATH_MAX];
	size_t first = strlen(from) + 1, second = strlen(to) + 1;

	memcpy(both, from, first);
	memcpy(both + first, to, second);
	note(AS_RENAME, keep_named(to), 0, both, first + second);
}

void
power_unlink(const char *path)
{
	note(AS_UNLINK, keep_named(path), 0, path, strlen(path) + 1);
}

void
power_synced_dir(const char *path)
{
	note(AS_SYNCED_DIR, 0, 0, path, strlen(path) + 1);
}
