/* disk.h -- files: every call that reads or changes the data directory
 *
 * SPDX-License-Identifier: MIT
 *
 * Nothing but these functions touches the logs, so that a program can be
 * linked with others in their place that fail, run out of space or forget
 * what was not synced (tests/faulty.c).
 *
 * Paths are relative to `dir`, a directory's descriptor; symbolic links are
 * not followed, pipes not waited for, descriptors are closed on exec.
 * Interrupted calls are repeated. Each returns -errno if it fails.
 *
 * Threads: any. All may block.
 * Locks:   none, and none may be held.
 * Memory:  none. */
#ifndef BASE_DISK_H
#define BASE_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

/* A descriptor. flags as open(2)'s; a new file's mode is 0600. */
int disk_open(int dir, const char *path, int flags);
void disk_close(int fd);
/* All of it or -errno; then any part of it may have been written. */
int disk_write(int fd, const void *, size_t len, uint64_t at);
/* The same of many pieces, `count` of them, which it may alter. */
int disk_writev(int fd, struct iovec *, unsigned count, uint64_t at);
/* How many bytes there were, less than len only at the end of the file. */
ssize_t disk_read(int fd, void *, size_t len, uint64_t at);
int64_t disk_size(int fd);
/* The same by name; -ELOOP of a symbolic link. */
int64_t disk_size_at(int dir, const char *path);
int disk_truncate(int fd, uint64_t len);
/* The file's bytes, and its length, are on the disk (fdatasync). */
int disk_sync(int fd);
/* The names in a directory are on the disk; path "." is `dir` itself. */
int disk_sync_dir(int dir, const char *path);
int disk_mkdir(int dir, const char *path);
int disk_rename(int dir, const char *from, const char *to);
int disk_unlink(int dir, const char *path);
/* Calls fn with each name but "." and "..", in any order. */
int disk_list(int dir, const char *path,
    void (*fn)(const char *name, void *arg), void *arg);
/* A small file as a whole, replaced in one step and synced, or left as it
 * was (PATH.new, rename). */
int disk_replace(int dir, const char *path, const void *, size_t len);

#endif
