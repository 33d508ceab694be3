/* faulty_power.h -- what a lost power takes: the journal of faulty.h
 *
 * SPDX-License-Identifier: MIT
 *
 * Each function is called before the change, but power_synced(), and holds the
 * journal until power_end().
 *
 * Threads: any.
 * Locks:   one mutex, from power_begin() to power_end().
 * Memory:  static. */
#ifndef TESTS_FAULTY_POWER_H
#define TESTS_FAULTY_POWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum record_kind {
	AS_PAGE,	/* inode, where: what was there */
	AS_SIZE,	/* inode, size */
	AS_SYNCED,	/* inode */
	AS_CREATE,	/* path */
	AS_MKDIR,	/* path */
	AS_RENAME,	/* inode that was replaced, or 0; both paths */
	AS_UNLINK,	/* inode; path */
	AS_SYNCED_DIR	/* path */
};

/* In the journal; `len` bytes follow, paths with their NUL. */
struct record {
	uint32_t kind;
	uint32_t len;
	uint64_t inode;
	uint64_t at;
};

enum { RECORD_PAGE = 4096 };

/* Is there a journal? If so it is held. */
bool power_begin(void);
void power_end(void);

/* A journal begins anew. */
void power_reset(void);

void power_write(int fd, uint64_t at, size_t len);
void power_truncate(int fd, uint64_t len);
void power_synced(int fd);
/* Names: absolute. */
void power_create(const char *path);
void power_mkdir(const char *path);
void power_rename(const char *from, const char *to);
void power_unlink(const char *path);
void power_synced_dir(const char *path);

#endif
