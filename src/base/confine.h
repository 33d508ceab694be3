/* confine.h -- what the process gives up once it has what it needs
 *
 * SPDX-License-Identifier: MIT
 *
 * Code of a stranger that gets to run in the server is to find nothing to run
 * with. All of this is for good, and for every thread that is started later.
 *
 * confine_memory(), confine_files(): by the kernel alone, confine.c; not in
 * programs that are built with sanitizers, which read their own files and
 * trace their own threads (confine_none.c).
 * confine_calls(): by libseccomp, confine_calls.c, or not at all
 * (confine_nocalls.c).
 *
 * A kernel, or a container, that cannot do it does not keep the server from
 * starting: each says what it did, and the caller tells.
 *
 * Threads: main, before it starts any.
 * Locks:   none.
 * Memory:  none. */
#ifndef BASE_CONFINE_H
#define BASE_CONFINE_H

#include <stddef.h>

/* What may be done with a file, or with all that is in a directory. */
enum {
	CONFINE_READ = 1,
	CONFINE_WRITE = 2,	/* also make, rename and remove; no devices */
	CONFINE_REMOVE = 4
};

struct confine_path {
	const char *path;
	unsigned    access;
};

/* Processes of the same user cannot read or change this one's memory, and no
 * core is written. */
void confine_memory(void);

/* Of the file system these paths only (one that is not there is left out),
 * and descriptors that are open; nothing is executed. No connection is made by
 * TCP, and no port bound. No signal gets out, and no abstract socket is
 * connected to unless `abstract`. Returns the version of landlock, which says
 * how much of that the kernel can, or -errno. */
int confine_files(const struct confine_path *, size_t count, int abstract);

/* The server's own system calls only, where it matters with their arguments:
 * the process that makes another one is killed by SIGSYS. It starts threads,
 * but no process and no program, and gets no memory that can be executed. 0 or
 * -errno. */
int confine_calls(void);

#endif
