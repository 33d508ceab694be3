/* faulty.c -- the calls of base/disk.h, on a disk that fails
 *
 * SPDX-License-Identifier: MIT */
#define disk_open real_open
#define disk_close real_close
#define disk_write real_write
#define disk_writev real_writev
#define disk_read real_read
#define disk_size real_size
#define disk_size_at real_size_at
#define disk_truncate real_truncate
#define disk_sync real_sync
#define disk_sync_dir real_sync_dir
#define disk_mkdir real_mkdir
#define disk_rename real_rename
#define disk_unlink real_unlink
#define disk_list real_list
#define disk_replace real_replace

#include "base/disk.c"

#undef BASE_DISK_H
#undef disk_open
#undef disk_close
#undef disk_write
#undef disk_writev
#undef disk_read
#undef disk_size
#undef disk_size_at
#undef disk_truncate
#undef disk_sync
#undef disk_sync_dir
#undef disk_mkdir
#undef disk_rename
#undef disk_unlink
#undef disk_list
#undef disk_replace

#include "base/disk.h"

#include <sys/mman.h>

#include "faulty_power.h"
#include "faulty_rules.h"

/* The path of what a descriptor is of, or of what is below it. */
static void
full_path(int dir, const char *path, char full_r[PATH_MAX])
{
	char link[64], at[PATH_MAX / 2] = "";
	ssize_t len;

	if (dir == AT_FDCWD || path[0] == '/') {
		snprintf(full_r, PATH_MAX, "%s", path);
		return;
	}
	snprintf(link, sizeof(link), "/proc/self/fd/%d", dir);
	len = readlink(link, at, sizeof(at) - 1);
	at[len > 0 ? len : 0] = '\0';
	if (strcmp(path, ".") == 0 || path[0] == '\0')
		snprintf(full_r, PATH_MAX, "%s", at);
	else
		snprintf(full_r, PATH_MAX, "%s/%.2000s", at, path);
}

/* Does a call of this kind fail? */
static int
fails(enum call call, int fd, const char *path, size_t *short_r)
{
	char full[PATH_MAX];

	full_path(fd, path, full);
	return rules_fail(call, full, short_r);
}

static int
open_boot(const char *id)
{
	int fd = memfd_create("boot_id", MFD_CLOEXEC);

	if (fd >= 0 && write(fd, id, strlen(id)) < 0)
		return -errno;
	return fd < 0 ? -errno : fd;
}

/* Before a file may be made, or emptied. */
static int
open_noted(int dir, const char *path, int flags)
{
	char full[PATH_MAX];
	int fd;

	full_path(dir, path, full);
	if ((flags & O_CREAT) &&
	    faccessat(dir, path, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		power_create(full);
	fd = real_open(dir, path, flags & ~O_TRUNC);
	if (fd >= 0 && (flags & O_TRUNC)) {
		power_truncate(fd, 0);
		real_truncate(fd, 0);
	}
	return fd;
}

int
disk_open(int dir, const char *path, int flags)
{
	int rc = fails(CALL_OPEN, dir, path, NULL);

	if (rc < 0)
		return rc;
	if (rules_boot() != NULL && strstr(path, "boot_id") != NULL)
		return open_boot(rules_boot());
	if ((flags & (O_CREAT | O_TRUNC)) && rules_dead())
		return -EIO;
	if (!(flags & (O_CREAT | O_TRUNC)) || !power_begin())
		return real_open(dir, path, flags);
	rc = open_noted(dir, path, flags);
	power_end();
	return rc;
}

void
disk_close(int fd)
{
	real_close(fd);
}

int
disk_write(int fd, const void *data, size_t len, uint64_t at)
{
	struct iovec piece = { (void *)data, len };

	return disk_writev(fd, &piece, 1, at);
}

/* Leaves so many bytes of the pieces. */
static void
shorten(struct iovec *pieces, unsigned count, size_t len)
{
	for (unsigned i = 0; i < count; i++) {
		if (pieces[i].iov_len > len)
			pieces[i].iov_len = len;
		len -= pieces[i].iov_len;
	}
}

int
disk_writev(int fd, struct iovec *pieces, unsigned count, uint64_t at)
{
	size_t len = 0, some = 0, space;
	int fault, rc;

	if (rules_dead())
		return -EIO;
	for (unsigned i = 0; i < count; i++)
		len += pieces[i].iov_len;
	fault = fails(CALL_WRITE, fd, "", &some);
	space = rules_space(fault < 0 ? 0 : len);
	if (fault == 0 && space < len) {
		fault = -ENOSPC;
		some = space;
	}
	if (fault < 0) {
		len = some < len ? some : len;
		shorten(pieces, count, len);
	}
	if (power_begin()) {
		power_write(fd, at, len);
		rc = real_writev(fd, pieces, count, at);
		power_end();
	} else {
		rc = real_writev(fd, pieces, count, at);
	}
	return fault < 0 ? fault : rc;
}

ssize_t
disk_read(int fd, void *data, size_t len, uint64_t at)
{
	int rc = fails(CALL_READ, fd, "", NULL);

	return rc < 0 ? rc : real_read(fd, data, len, at);
}

int64_t
disk_size(int fd)
{
	int rc = fails(CALL_SIZE, fd, "", NULL);

	return rc < 0 ? rc : real_size(fd);
}

int64_t
disk_size_at(int dir, const char *path)
{
	int rc = fails(CALL_SIZE, dir, path, NULL);

	return rc < 0 ? rc : real_size_at(dir, path);
}

int
disk_truncate(int fd, uint64_t len)
{
	int rc = rules_dead() ? -EIO : fails(CALL_TRUNCATE, fd, "", NULL);

	if (rc < 0 || !power_begin())
		return rc < 0 ? rc : real_truncate(fd, len);
	power_truncate(fd, len);
	rc = real_truncate(fd, len);
	power_end();
	return rc;
}

int
disk_sync(int fd)
{
	int rc = rules_dead() ? -EIO : fails(CALL_SYNC, fd, "", NULL);

	if (rc == 0 && power_begin()) {
		power_synced(fd);
		power_end();
	}
	return rc;
}

int
disk_sync_dir(int dir, const char *path)
{
	int rc = rules_dead() ? -EIO : fails(CALL_SYNC, dir, path, NULL);
	char full[PATH_MAX];

	if (rc == 0 && faccessat(dir, path, F_OK, 0) < 0)
		rc = -errno;
	if (rc == 0 && power_begin()) {
		full_path(dir, path, full);
		power_synced_dir(full);
		power_end();
	}
	return rc;
}

int
disk_mkdir(int dir, const char *path)
{
	int rc = rules_dead() ? -EIO : fails(CALL_MKDIR, dir, path, NULL);
	char full[PATH_MAX];

	if (rc < 0 || !power_begin())
		return rc < 0 ? rc : real_mkdir(dir, path);
	rc = real_mkdir(dir, path);
	full_path(dir, path, full);
	if (rc == 0)
		power_mkdir(full);
	power_end();
	return rc;
}

int
disk_rename(int dir, const char *from, const char *to)
{
	int rc = rules_dead() ? -EIO : fails(CALL_RENAME, dir, from, NULL);
	char full_from[PATH_MAX], full_to[PATH_MAX];

	if (rc < 0 || !power_begin())
		return rc < 0 ? rc : real_rename(dir, from, to);
	full_path(dir, from, full_from);
	full_path(dir, to, full_to);
	power_rename(full_from, full_to);
	rc = real_rename(dir, from, to);
	power_end();
	return rc;
}

int
disk_unlink(int dir, const char *path)
{
	int rc = rules_dead() ? -EIO : fails(CALL_UNLINK, dir, path, NULL);
	char full[PATH_MAX];

	if (rc < 0 || !power_begin())
		return rc < 0 ? rc : real_unlink(dir, path);
	full_path(dir, path, full);
	if (faccessat(dir, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		power_unlink(full);
	rc = real_unlink(dir, path);
	power_end();
	return rc;
}

int
disk_list(int dir, const char *path, void (*fn)(const char *name, void *arg),
    void *arg)
{
	int rc = fails(CALL_LIST, dir, path, NULL);

	return rc < 0 ? rc : real_list(dir, path, fn, arg);
}

/* As disk.c does it, of the calls above. */
int
disk_replace(int dir, const char *path, const void *data, size_t len)
{
	const char *slash = strrchr(path, '/');
	char fresh[PATH_MAX], parent[PATH_MAX] = ".";
	int fd, rc;

	snprintf(fresh, sizeof(fresh), "%s.new", path);
	if (slash != NULL)
		snprintf(
		    parent, sizeof(parent), "%.*s", (int)(slash - path), path);
	fd = disk_open(dir, fresh, O_WRONLY | O_CREAT | O_TRUNC);
	if (fd < 0)
		return fd;
	rc = disk_write(fd, data, len, 0);
	if (rc == 0)
		rc = disk_sync(fd);
	disk_close(fd);
	if (rc == 0)
		rc = disk_rename(dir, fresh, path);
	if (rc < 0) {
		disk_unlink(dir, fresh);
		return rc;
	}
	return disk_sync_dir(dir, parent);
}
