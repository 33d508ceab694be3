/* tree.c -- a directory that is filled as a whole, or removed again
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "account/tree.h"
#include "base/alloc.h"
#include "base/disk.h"

enum { AT_ONCE = 65536 };

static int
failed(struct tree *t, const char *path, int rc)
{
	snprintf(t->fault, sizeof(t->fault), "%s", path);
	return rc;
}

static void
count_name(const char *name, void *arg)
{
	(void)name;
	++*(unsigned *)arg;
}

int
tree_begin(struct tree *t, const char *path)
{
	unsigned names = 0;
	int rc;

	*t = (struct tree){ .dir = -1, .path = xmemdup(path, strlen(path)) };
	if (mkdir(path, 0700) == 0)
		t->made = true;
	else if (errno != EEXIST)
		return -errno;
	t->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (t->dir < 0)
		return -errno;
	rc = disk_list(t->dir, ".", count_name, &names);
	if (rc == 0 && names > 0)
		rc = -ENOTEMPTY;
	return rc;
}

bool
tree_is_inside(const struct tree *t, int dir)
{
	int fd = openat(t->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat wanted, here, above;
	bool found = false;
	int up;

	if (fd < 0 || fstat(dir, &wanted) < 0 || fstat(fd, &above) < 0)
		goto out;
	do {
		here = above;
		found = here.st_dev == wanted.st_dev &&
		    here.st_ino == wanted.st_ino;
		up = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		close(fd);
		fd = up;
	} while (!found && fd >= 0 && fstat(fd, &above) == 0 &&
	    (above.st_dev != here.st_dev || above.st_ino != here.st_ino));
out:
	if (fd >= 0)
		close(fd);
	return found;
}

static struct tree_entry *
add(struct tree *t, const char *path, bool is_directory)
{
	struct tree_entry *e;

	if (t->count == t->space) {
		t->space = t->space > 0 ? 2 * t->space : 64;
		t->entries = xrealloc(t->entries,
		    t->space * sizeof(*t->entries));
	}
	e = &t->entries[t->count++];
	*e = (struct tree_entry){
		.path = xmemdup(path, strlen(path)),
		.is_directory = is_directory
	};
	return e;
}

int
tree_mkdir(struct tree *t, const char *path)
{
	int rc = disk_mkdir(t->dir, path);

	if (rc < 0)
		return failed(t, path, rc);
	add(t, path, true);
	return 0;
}

int
tree_open(struct tree *t, const char *path)
{
	int fd = disk_open(t->dir, path, O_RDWR | O_CREAT | O_EXCL);

	if (fd < 0)
		return failed(t, path, fd);
	add(t, path, false);
	return fd;
}

static struct tree_entry *
find(const struct tree *t, const char *path)
{
	size_t i = t->count;

	/* What is asked for is nearly always the last one. */
	while (i-- > 0)
		if (strcmp(t->entries[i].path, path) == 0)
			return &t->entries[i];
	return NULL;
}

const char *
tree_sum(const struct tree *t, const char *path)
{
	const struct tree_entry *e = find(t, path);

	return e != NULL && e->hex[0] != '\0' ? e->hex : NULL;
}

int
tree_done(struct tree *t, const char *path, int fd, const char *hex)
{
	struct tree_entry *e = find(t, path);
	int64_t size = disk_size(fd);
	uint64_t bytes = (uint64_t)size;
	int rc = size < 0 ? (int)size : 0;

	if (hex != NULL)
		memcpy(e->hex, hex, sizeof(e->hex));
	else if (rc == 0)
		rc = manifest_sum(fd, e->hex, &bytes);
	disk_close(fd);
	if (rc < 0)
		return failed(t, path, rc);
	t->totals.files++;
	t->totals.bytes += bytes;
	return 0;
}

int
tree_put(struct tree *t, const char *path, struct slice text)
{
	int rc, fd = tree_open(t, path);

	if (fd < 0)
		return fd;
	rc = disk_write(fd, text.at, text.len, 0);
	if (rc == 0)
		return tree_done(t, path, fd, NULL);
	disk_close(fd);
	return failed(t, path, rc);
}

bool
tree_clone(int from, int to)
{
	return ioctl(to, FICLONE, from) == 0;
}

/* What is read is summed on the way, so that it need not be read again. */
static int
pump(int from, int to, char hex_r[MANIFEST_HEX + 1])
{
	unsigned char sum[crypto_hash_sha256_BYTES];
	crypto_hash_sha256_state state;
	char *bytes = xmalloc(AT_ONCE);
	ssize_t got = 1;
	uint64_t at = 0;
	int rc = 0;

	crypto_hash_sha256_init(&state);
	while (rc == 0 && got > 0) {
		got = disk_read(from, bytes, AT_ONCE, at);
		if (got > 0)
			rc = disk_write(to, bytes, (size_t)got, at);
		if (rc < 0 || got <= 0)
			break;
		crypto_hash_sha256_update(&state, (unsigned char *)bytes,
		    (size_t)got);
		at += (uint64_t)got;
	}
	free(bytes);
	crypto_hash_sha256_final(&state, sum);
	manifest_hex(sum, hex_r);
	return got < 0 ? (int)got : rc;
}

int
tree_copy(struct tree *t, const char *path, int from)
{
	char hex[MANIFEST_HEX + 1];
	int rc, fd = tree_open(t, path);

	if (fd < 0)
		return fd;
	if (tree_clone(from, fd))
		return tree_done(t, path, fd, NULL);
	rc = pump(from, fd, hex);
	if (rc == 0)
		return tree_done(t, path, fd, hex);
	disk_close(fd);
	return failed(t, path, rc);
}

/* One call for the whole file system: a backup of ten thousand rooms would
 * wait for the disk at each of their files. */
int
tree_sync(struct tree *t)
{
	int rc = syncfs(t->dir) < 0 ? -errno : 0;

	if (rc == 0 && t->made)
		rc = disk_sync_dir(t->dir, "..");
	return rc < 0 ? failed(t, ".", rc) : 0;
}

int
tree_list(struct tree *t)
{
	size_t size = 1, len = 0;
	char *text;
	int rc;

	for (size_t i = 0; i < t->count; i++)
		size += MANIFEST_HEX + 3 + strlen(t->entries[i].path);
	text = xmalloc(size);
	for (size_t i = 0; i < t->count; i++)
		if (!t->entries[i].is_directory)
			len += (size_t)sprintf(text + len, "%s  %s\n",
			    t->entries[i].hex, t->entries[i].path);
	rc = disk_replace(t->dir, MANIFEST_NAME, text, len);
	free(text);
	return rc < 0 ? failed(t, MANIFEST_NAME, rc) : 0;
}

void
tree_undo(struct tree *t)
{
	(void)disk_unlink(t->dir, MANIFEST_NAME);
	(void)disk_unlink(t->dir, MANIFEST_NAME ".new");
	for (size_t i = t->count; i-- > 0;)
		(void)unlinkat(t->dir, t->entries[i].path,
		    t->entries[i].is_directory ? AT_REMOVEDIR : 0);
	if (t->made)
		(void)rmdir(t->path);
}

void
tree_fini(struct tree *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->entries[i].path);
	free(t->entries);
	free(t->path);
	if (t->dir >= 0)
		close(t->dir);
	*t = (struct tree){ .dir = -1 };
}
