/* directory.c -- where a user's programs keep what
 *
 * SPDX-License-Identifier: MIT */
#include "client/directory.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Makes every directory that path names, up to its last '/'. */
static bool
make_directories(char *path)
{
	char *slash;

	for (slash = strchr(path + 1, '/'); slash != NULL;
	    slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0700) < 0 && errno != EEXIST)
			return false;
		*slash = '/';
	}
	return true;
}

bool
directory_find(const char *variable, const char *usual, char *path_r,
    const char *name)
{
	const char *own = getenv(variable), *home = getenv("HOME");
	int len;

	if (own != NULL && own[0] == '/')
		len = snprintf(path_r, PATH_MAX, "%s/vcrp/%s", own, name);
	else if (home != NULL && home[0] == '/')
		len = snprintf(path_r, PATH_MAX, "%s/%s/vcrp/%s", home, usual,
		    name);
	else
		return false;
	return len < PATH_MAX && make_directories(path_r);
}
