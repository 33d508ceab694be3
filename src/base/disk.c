/* disk.c -- files: every call that reads or changes the data directory
 *
 * SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/disk.h"

/* Repeats an interrupted call. */
#define REPEAT(rc, call)                                                       \
	do                                                                     \
		(rc) = (call);                                                 \
	while ((rc) < 0 && errno == EINTR)

int
disk_open(int dir, const char *path, int flags)
{
	int fd;

	/* A pipe by that name would be waited for, for ever. */
	flags |= O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	REPEAT(fd, openat(dir, path, flags, 0600));
	return fd < 0 ? -errno : fd;
}

void
disk_close(int fd)
{
	close(fd);
}

int
disk_write(int fd, const void *data, size_t len, uint64_t at)
{
	struct iovec piece = { (void *)data, len };

	return disk_writev(fd, &piece, 1, at);
}

/* Takes n bytes off the beginning. */
static void
advance(struct iovec **pieces, unsigned *count, size_t n)
{
	while (*count > 0 && n >= (*pieces)->iov_len) {
		n -= (*pieces)->iov_len;
		++*pieces;
		--*count;
	}
	if (*count > 0) {
		(*pieces)->iov_base = (char *)(*pieces)->iov_base + n;
		(*pieces)->iov_len -= n;
	}
}

int
disk_writev(int fd, struct iovec *pieces, unsigned count, uint64_t at)
{
	ssize_t n;

	advance(&pieces, &count, 0);
	while (count > 0) {
		REPEAT(n,
		    pwritev(fd, pieces, count < IOV_MAX ? (int)count : IOV_MAX,
			(off_t)at));
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EIO;
		at += (uint64_t)n;
		advance(&pieces, &count, (size_t)n);
	}
	return 0;
}

ssize_t
disk_read(int fd, void *data, size_t len, uint64_t at)
{
	size_t got = 0;
	ssize_t n;

	while (got < len) {
		REPEAT(n,
		    pread(
			fd, (char *)data + got, len - got, (off_t)(at + got)));
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

int64_t
disk_size(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 ? -errno : (int64_t)st.st_size;
}

int64_t
disk_size_at(int dir, const char *path)
{
	struct stat st;

	if (fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return S_ISLNK(st.st_mode) ? -ELOOP : (int64_t)st.st_size;
}

int
disk_truncate(int fd, uint64_t len)
{
	int rc;

	REPEAT(rc, ftruncate(fd, (off_t)len));
	return rc < 0 ? -errno : 0;
}

int
disk_sync(int fd)
{
	int rc;

	REPEAT(rc, fdatasync(fd));
	return rc < 0 ? -errno : 0;
}

int
disk_sync_dir(int dir, const char *path)
{
	int fd, rc;

	fd = disk_open(dir, path, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return fd;
	REPEAT(rc, fsync(fd));
	rc = rc < 0 ? -errno : 0;
	disk_close(fd);
	return rc;
}

int
disk_mkdir(int dir, const char *path)
{
	return mkdirat(dir, path, 0700) < 0 ? -errno : 0;
}

int
disk_rename(int dir, const char *from, const char *to)
{
	return renameat(dir, from, dir, to) < 0 ? -errno : 0;
}

int
disk_unlink(int dir, const char *path)
{
	return unlinkat(dir, path, 0) < 0 ? -errno : 0;
}

int
disk_list(int dir, const char *path, void (*fn)(const char *name, void *arg),
    void *arg)
{
	struct dirent *entry;
	int fd, rc;
	DIR *d;

	fd = disk_open(dir, path, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return fd;
	d = fdopendir(fd);
	if (d == NULL) {
		rc = -errno;
		disk_close(fd);
		return rc;
	}
	while (errno = 0, (entry = readdir(d)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			fn(entry->d_name, arg);
	rc = -errno;
	closedir(d);
	return rc;
}

/* The new file, whole, under its other name. */
static int
write_fresh(int dir, const char *path, const void *data, size_t len)
{
	int fd, rc;

	fd = disk_open(dir, path, O_WRONLY | O_CREAT | O_TRUNC);
	if (fd < 0)
		return fd;
	rc = disk_write(fd, data, len, 0);
	if (rc == 0)
		rc = disk_sync(fd);
	disk_close(fd);
	return rc;
}

int
disk_replace(int dir, const char *path, const void *data, size_t len)
{
	const char *slash = strrchr(path, '/');
	char fresh[PATH_MAX], parent[PATH_MAX] = ".";
	int rc;

	if (strlen(path) + sizeof(".new") > sizeof(fresh))
		return -ENAMETOOLONG;
	snprintf(fresh, sizeof(fresh), "%s.new", path);
	if (slash != NULL)
		snprintf(
		    parent, sizeof(parent), "%.*s", (int)(slash - path), path);
	rc = write_fresh(dir, fresh, data, len);
	if (rc == 0)
		rc = disk_rename(dir, fresh, path);
	if (rc < 0) {
		disk_unlink(dir, fresh);
		return rc;
	}
	return disk_sync_dir(dir, parent);
}
