/* sandbox.h -- as whom the server runs, and what is in its reach
 *
 * SPDX-License-Identifier: MIT
 *
 * In this order, with what is between:
 *
 *   sandbox_prepare()  as who started it: the user, the data directory
 *   -                  ports are bound
 *   sandbox_become()   that user, without any capability, for good
 *   -                  the local socket, limits of resources
 *   sandbox_close()    its own files and its own system calls only
 *   -                  data and keys are read, threads start
 *
 * So nothing in the data directory is touched as root, and nothing that is in
 * it is read, and no byte of a peer, but by a process that is confined.
 *
 * Threads: main.
 * Locks:   none.
 * Memory:  `data` is the configuration's or the environment's. */
#ifndef SANDBOX_H
#define SANDBOX_H

#include "base/privileges.h"
#include "conf/config.h"

struct sandbox {
	const char *data;	/* the directory */
	struct user user;	/* as whom it will run */
};

/* Root becomes server.user, or else who owns the data directory. That is made
 * if it is not there, for that user. Each returns 0, or -1 and why_r. */
int sandbox_prepare(struct sandbox *, const struct config *, char *why_r,
    size_t size);
/* Also makes sure that the data directory is this user's to use, and nobody
 * else's. */
int sandbox_become(const struct sandbox *, const struct config *,
    char *why_r, size_t size);
/* Root becomes whose the data directory is, or is to be: server.user, if one
 * is named, or who owns it already. It is made then, empty; else nothing is
 * done. For who writes it in the server's place. */
int sandbox_own(const struct config *, char *why_r, size_t size);
/* What these two would say, with nothing made or changed but as whom the
 * process runs: that is as above. */
int sandbox_test(const struct config *, char *why_r, size_t size);
/* file: the configuration's, which is read again; or NULL. What the kernel
 * cannot do is logged, and done without. */
void sandbox_close(const struct sandbox *, const struct config *,
    const char *file);

#endif
