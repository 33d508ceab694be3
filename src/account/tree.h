/* tree.h -- a directory that is filled as a whole, or removed again
 *
 * SPDX-License-Identifier: MIT
 *
 * What a backup is written to, and what it is restored to. Directories are of
 * mode 0700, files of 0600; each file's sum is kept for a MANIFEST. Functions
 * that return int return -errno when they fail, and keep the path concerned in
 * `fault`: then tree_undo() is due.
 *
 * Threads: any that may wait for a disk, one at a time.
 * Locks:   none.
 * Memory:  tree_fini() frees what it knows. */
#ifndef ACCOUNT_TREE_H
#define ACCOUNT_TREE_H

#include "account/manifest.h"
#include "base/slice.h"

struct tree_entry {
	char *path;
	char  hex[MANIFEST_HEX + 1];	/* "": a directory, or not done */
	bool  is_directory;
};

struct tree {
	int                    dir;
	bool                   made;	/* it was not there */
	char                  *path;
	struct tree_entry     *entries;	/* in the order they were made */
	size_t                 count;
	size_t                 space;	/* allocated */
	struct manifest_totals totals;
	char                   fault[MANIFEST_PATH];
};

/* The directory must not be there, or be empty. If this fails nothing is to
 * be undone but tree_fini() is due. */
int tree_begin(struct tree *, const char *path);
/* Is it, or is it in, that directory? */
bool tree_is_inside(const struct tree *, int dir);
int tree_mkdir(struct tree *, const char *path);
/* A new file to be written: a descriptor. */
int tree_open(struct tree *, const char *path);
/* That file is whole, and has this sum, or, if hex is NULL, whichever it has;
 * closes it. */
int tree_done(struct tree *, const char *path, int fd, const char *hex);
/* A whole file: a small one; a copy of another, which shares its blocks where
 * the file system can do that. */
int tree_put(struct tree *, const char *path, struct slice);
int tree_copy(struct tree *, const char *path, int from);
/* Makes `to`, which is empty, share the blocks of `from`; false: it cannot. */
bool tree_clone(int from, int to);
/* The sum of a file that is done; NULL if there is none. */
const char *tree_sum(const struct tree *, const char *path);
/* Everything is on the disk. */
int tree_sync(struct tree *);
/* MANIFEST, synced. Nothing is added any more. */
int tree_list(struct tree *);
/* Removes all that was made. */
void tree_undo(struct tree *);
void tree_fini(struct tree *);

#endif
