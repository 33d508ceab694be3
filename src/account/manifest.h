/* manifest.h -- what a backup is made of, with its sums
 *
 * SPDX-License-Identifier: MIT
 *
 *     DIR/BACKUP       "vcrp-backup 1 VERSION TIME": what this is
 *     DIR/MANIFEST     "SHA256  PATH" for every other file, as sha256sum(1)
 *                      writes it; it is written last, so without it there is
 *                      no backup
 *     DIR/ceiling, DIR/vcrpd.db, DIR/rooms/ROOM/...   as in a data directory
 *
 * A path is relative, of at most MANIFEST_DEPTH names, none of which is "." or
 * "..", and no symbolic link is followed on the way to what it names.
 *
 * vcrpctl verifies backups with this file too, so it stands on libc and
 * libsodium alone; sodium_init() comes first.
 *
 * Threads: any, one at a time for one struct manifest.
 * Locks:   none.
 * Memory:  manifest_free() frees the entries. */
#ifndef ACCOUNT_MANIFEST_H
#define ACCOUNT_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MANIFEST_NAME	"MANIFEST"
#define MANIFEST_LABEL	"BACKUP"
#define MANIFEST_MAGIC	"vcrp-backup 1 "

enum {
	MANIFEST_HEX = 64,	/* digits of a sum */
	MANIFEST_DEPTH = 3,
	MANIFEST_PATH = 512	/* bytes of a path, with its NUL */
};

struct manifest_entry {
	char *path;
	char  hex[MANIFEST_HEX + 1];
};

struct manifest {
	struct manifest_entry *entries;	/* by path */
	size_t                 count;
	char                   label[128];	/* BACKUP without the magic */
};

struct manifest_totals {
	uint64_t files;		/* MANIFEST is none of them */
	uint64_t bytes;
};

/* Is told of one fault: what is wrong with which file. */
typedef void manifest_fault_fn(const char *path, const char *what, void *arg);

/* May such a path stand in a MANIFEST? */
bool manifest_is_path(const char *path);
/* Opens it below the directory, for reading; -errno, -ELOOP for a symbolic
 * link, -EINVAL if it is no regular file or no such path. */
int manifest_open(int dir, const char *path);
/* Of all of a file's bytes, from its beginning: 0 or -errno. */
int manifest_sum(int fd, char hex_r[MANIFEST_HEX + 1], uint64_t *bytes_r);
void manifest_hex(const unsigned char sum[MANIFEST_HEX / 2],
    char hex_r[MANIFEST_HEX + 1]);

/* Reads MANIFEST and BACKUP. Returns the number of faults, each told; there
 * is nothing to free unless it is 0. */
unsigned manifest_read(int dir, struct manifest *, manifest_fault_fn *,
    void *arg);
/* Every file is there, with its sum, and no other. The same. */
unsigned manifest_verify(int dir, const struct manifest *,
    struct manifest_totals *, manifest_fault_fn *, void *arg);
void manifest_free(struct manifest *);

#endif
