/* privileges.h -- as whom the process runs, and what that may
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: main, before it starts any: user ids are a process's here only
 *          while there is one thread.
 * Locks:   none.
 * Memory:  none. */
#ifndef BASE_PRIVILEGES_H
#define BASE_PRIVILEGES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct user {
	uid_t uid;
	gid_t gid;
	char  name[33];		/* "uid1234" if it has none */
};

/* False: there is no user of that name, or it has more than 32 bytes. */
bool user_by_name(const char *name, struct user *user_r);
/* gid: the group of one that the system does not know. */
void user_by_id(uid_t, gid_t gid, struct user *user_r);

/* Root becomes that user for good, with its groups, and makes sure that there
 * is no way back; who is that user already stays it. 0, or -errno and what
 * failed in why_r: then the process is to end. */
int privileges_become(const struct user *, char *why_r, size_t size);
/* No capability is left, for a user id of 0 neither, and no program that is
 * executed can bring any. 0 or -errno, as above. */
int privileges_drop(char *why_r, size_t size);

#endif
