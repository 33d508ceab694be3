/* privileges.c -- as whom the process runs, and what that may
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/privileges.h"

static int
say(char *why, size_t size, int error, const char *what)
{
	snprintf(why, size, "%s: %s", what, strerror(error));
	return -error;
}

static void
take(const struct passwd *pw, struct user *u)
{
	u->uid = pw->pw_uid;
	u->gid = pw->pw_gid;
	snprintf(u->name, sizeof(u->name), "%s", pw->pw_name);
}

bool
user_by_name(const char *name, struct user *u)
{
	const struct passwd *pw = getpwnam(name);

	if (pw == NULL || strlen(name) >= sizeof(u->name))
		return false;
	take(pw, u);
	return true;
}

void
user_by_id(uid_t uid, gid_t gid, struct user *u)
{
	const struct passwd *pw = getpwuid(uid);

	if (pw != NULL) {
		take(pw, u);
		return;
	}
	u->uid = uid;
	u->gid = gid;
	snprintf(u->name, sizeof(u->name), "uid%u", (unsigned)uid);
}

/* Real, effective and saved ids are this user's, and 0 cannot be had. */
static bool
is_for_good(const struct user *u)
{
	uid_t uid[3];
	gid_t gid[3];

	if (getresuid(&uid[0], &uid[1], &uid[2]) < 0 ||
	    getresgid(&gid[0], &gid[1], &gid[2]) < 0)
		return false;
	for (int i = 0; i < 3; i++)
		if (uid[i] != u->uid || gid[i] != u->gid)
			return false;
	return u->uid == 0 || (setuid(0) < 0 && seteuid(0) < 0);
}

int
privileges_become(const struct user *u, char *why, size_t size)
{
	if (geteuid() != u->uid && geteuid() != 0) {
		snprintf(why, size, "only root can start the server as %s",
		    u->name);
		return -EPERM;
	}
	if (geteuid() != 0)
		return 0;
	/* What a program that is executed might have; root's to change. */
	for (int i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++)
		(void)prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
	if (u->uid == 0)
		return 0;
	if (initgroups(u->name, u->gid) < 0)
		return say(why, size, errno, "initgroups");
	if (setresgid(u->gid, u->gid, u->gid) < 0)
		return say(why, size, errno, "setresgid");
	if (setresuid(u->uid, u->uid, u->uid) < 0)
		return say(why, size, errno, "setresuid");
	return is_for_good(u) ? 0 : say(why, size, EPERM, "setresuid");
}

int
privileges_drop(char *why, size_t size)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct none[2] = { 0 }, now[2];

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return say(why, size, errno, "PR_SET_NO_NEW_PRIVS");
	/* Ambient capabilities go with the permitted ones. */
	if (syscall(SYS_capset, &head, none) < 0)
		return say(why, size, errno, "capset");
	if (syscall(SYS_capget, &head, now) < 0 ||
	    memcmp(now, none, sizeof(none)) != 0)
		return say(why, size, EPERM, "capset");
	return 0;
}
