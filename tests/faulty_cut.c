/* faulty_cut.c -- the power is lost: the journal of faulty.h is applied
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "faulty.h"
#include "faulty_power.h"

enum { PATHS = PATH_MAX + 32, DESCRIPTORS = 16 };

/* One record, where it is. */
struct entry {
	struct record r;
	const char *data;
	bool over; /* it was synced since, or it is done with */
};

struct cut {
	const char *journal;
	char *bytes;
	size_t len;
	struct entry *entries;
	size_t count;
	uint64_t state; /* of chance */
	/* Files and directories that were synced later. */
	uint64_t *inodes;
	size_t inode_count;
	const char **dirs;
	size_t dir_count;
	/* Names that something kept depends on. */
	const char **pins;
	size_t pin_count;
};

/* splitmix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number
 * generators", 2014). */
static uint64_t
chance(struct cut *c)
{
	uint64_t z = c->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static int
read_journal(struct cut *c)
{
	size_t at = 0, most = sizeof(struct record);
	struct entry *e;
	struct stat st;
	ssize_t got;
	int fd;

	fd = open(c->journal, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		st.st_size = 0;
	c->bytes = xmalloc((size_t)st.st_size + 1);
	while (c->len < (size_t)st.st_size &&
	    (got = read(fd, c->bytes + c->len, (size_t)st.st_size - c->len)) >
		0)
		c->len += (size_t)got;
	close(fd);
	c->entries = xcalloc(c->len / most + 1, sizeof(c->entries[0]));
	while (c->len - at >= most) {
		e = &c->entries[c->count];
		memcpy(&e->r, c->bytes + at, most);
		at += most;
		if (e->r.len > c->len - at)
			break;
		e->data = c->bytes + at;
		at += e->r.len;
		c->count++;
	}
	return 0;
}

static bool
is_synced_file(const struct cut *c, uint64_t inode)
{
	for (size_t i = c->inode_count; i > 0; i--)
		if (c->inodes[i - 1] == inode)
			return true;
	return false;
}

static bool
is_synced_dir(const struct cut *c, const char *dir, size_t len)
{
	for (size_t i = 0; i < c->dir_count; i++)
		if (strlen(c->dirs[i]) == len &&
		    memcmp(c->dirs[i], dir, len) == 0)
			return true;
	return false;
}

/* What is followed by a sync is over. */
static void
end_synced(struct cut *c)
{
	struct entry *e;
	size_t dir;

	c->inodes = xcalloc(c->count + 1, sizeof(c->inodes[0]));
	c->dirs = xcalloc(c->count + 1, sizeof(c->dirs[0]));
	for (size_t i = c->count; i > 0; i--) {
		e = &c->entries[i - 1];
		if (e->r.kind == AS_SYNCED) {
			if (!is_synced_file(c, e->r.inode))
				c->inodes[c->inode_count++] = e->r.inode;
		} else if (e->r.kind == AS_SYNCED_DIR) {
			if (!is_synced_dir(c, e->data, strlen(e->data)))
				c->dirs[c->dir_count++] = e->data;
		} else if (e->r.kind == AS_PAGE || e->r.kind == AS_SIZE) {
			e->over = is_synced_file(c, e->r.inode);
		} else {
			dir = (size_t)(strrchr(e->data, '/') - e->data);
			e->over = is_synced_dir(c, e->data, dir);
		}
	}
}

static void
kept_path(const struct cut *c, uint64_t inode, char path_r[PATHS])
{
	snprintf(path_r, PATHS, "%s.d/%" PRIu64, c->journal, inode);
}

/* A length between the old and the new one, or one of them. */
static uint64_t
any_size(struct cut *c, uint64_t old, uint64_t now)
{
	uint64_t least = old < now ? old : now;
	uint64_t most = old < now ? now : old;

	switch (chance(c) % 3) {
	case 0:
		return old;
	case 1:
		return now;
	default:
		return least + chance(c) % (most - least + 1);
	}
}

/* A page as it was: what it had not is zero. */
static void
put_page(int fd, const struct entry *e)
{
	char page[RECORD_PAGE] = { 0 };

	memcpy(page, e->data, e->r.len);
	if (pwrite(fd, page, sizeof(page), (off_t)e->r.at) < 0)
		perror("pwrite");
}

/* Some of its pages, all or none, and its length. */
static void
cut_file(struct cut *c, size_t from)
{
	uint64_t inode = c->entries[from].r.inode, size;
	unsigned odds = (unsigned)(chance(c) % 3);
	char path[PATHS];
	struct entry *e;
	struct stat st;
	int fd;

	kept_path(c, inode, path);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		st.st_size = 0;
	size = (uint64_t)st.st_size;
	for (e = &c->entries[from]; e < c->entries + c->count; e++) {
		if (e->over || e->r.inode != inode ||
		    (e->r.kind != AS_PAGE && e->r.kind != AS_SIZE))
			continue;
		e->over = true;
		if (fd < 0)
			continue;
		if (e->r.kind == AS_SIZE)
			size = any_size(c, e->r.at, (uint64_t)st.st_size);
		else if (odds == 2 || (odds == 1 && chance(c) % 2))
			put_page(fd, e);
	}
	if (fd >= 0 && ftruncate(fd, (off_t)size) < 0)
		perror("ftruncate");
	if (fd >= 0)
		close(fd);
}

static bool
is_pinned(const struct cut *c, const char *name)
{
	for (size_t i = 0; i < c->pin_count; i++)
		if (strcmp(c->pins[i], name) == 0)
			return true;
	return false;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)type, (void)at;
	return remove(path);
}

static void
link_back(const struct cut *c, uint64_t inode, const char *to)
{
	char kept[PATHS];

	kept_path(c, inode, kept);
	if (inode != 0 && link(kept, to) < 0 && errno != EEXIST &&
	    errno != ENOENT)
		perror(to);
}

static void
undo_name(const struct cut *c, const struct entry *e)
{
	const char *second = e->data + strlen(e->data) + 1;

	switch (e->r.kind) {
	case AS_CREATE:
		unlink(e->data);
		break;
	case AS_MKDIR:
		nftw(e->data, remove_one, DESCRIPTORS, FTW_DEPTH | FTW_PHYS);
		break;
	case AS_RENAME:
		if (rename(second, e->data) == 0)
			link_back(c, e->r.inode, second);
		break;
	case AS_UNLINK:
		link_back(c, e->r.inode, e->data);
		break;
	}
}

/* Keeps or undoes one change of names; what something kept came after is kept
 * too. */
static void
cut_name(struct cut *c, struct entry *e)
{
	const char *second =
	    e->r.kind == AS_RENAME ? e->data + strlen(e->data) + 1 : e->data;

	if (!is_pinned(c, e->data) && !is_pinned(c, second) && chance(c) % 2) {
		undo_name(c, e);
		return;
	}
	c->pins[c->pin_count++] = e->data;
	if (second != e->data)
		c->pins[c->pin_count++] = second;
}

static void
apply(struct cut *c)
{
	struct entry *e;

	end_synced(c);
	for (size_t i = 0; i < c->count; i++) {
		e = &c->entries[i];
		if (!e->over && (e->r.kind == AS_PAGE || e->r.kind == AS_SIZE))
			cut_file(c, i);
	}
	c->pins = xcalloc(2 * c->count + 1, sizeof(c->pins[0]));
	for (size_t i = c->count; i > 0; i--) {
		e = &c->entries[i - 1];
		if (!e->over && e->r.kind != AS_SYNCED &&
		    e->r.kind != AS_SYNCED_DIR)
			cut_name(c, e);
	}
}

int
faulty_cut(const char *journal, uint64_t seed)
{
	struct cut c = { .journal = journal, .state = seed };
	char dir[PATHS];
	int rc;

	rc = read_journal(&c);
	if (rc == 0)
		apply(&c);
	snprintf(dir, sizeof(dir), "%s.d", journal);
	nftw(dir, remove_one, DESCRIPTORS, FTW_DEPTH | FTW_PHYS);
	if (rc == 0 && truncate(journal, 0) < 0)
		rc = -errno;
	power_reset();
	free(c.bytes);
	free(c.entries);
	free(c.inodes);
	free(c.dirs);
	free(c.pins);
	return rc;
}
