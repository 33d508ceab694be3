/* known.c -- the servers one has trusted, in a file
 *
 * SPDX-License-Identifier: MIT */
#include "client/known.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/directory.h"

#define LINE_SIZE	1024

bool
known_path(char *path_r)
{
	return directory_find("XDG_CONFIG_HOME", ".config", path_r,
	    "known_servers");
}

int
known_find(const char *address, char *what_r)
{
	char path[PATH_MAX], line[LINE_SIZE], name[LINE_SIZE];
	int number = 0, found = 0;
	FILE *file = known_path(path) ? fopen(path, "re") : NULL;

	while (file != NULL && found == 0 &&
	    fgets(line, sizeof(line), file) != NULL) {
		number++;
		if (sscanf(line, "%1023s %79s", name, what_r) == 2 &&
		    strcasecmp(name, address) == 0 &&
		    (strcmp(what_r, KNOWN_CA) == 0 ||
		    strncmp(what_r, "sha256:", 7) == 0))
			found = number;
	}
	if (file != NULL)
		fclose(file);
	return found;
}

/* Behind what is there, in one piece: who reads meanwhile reads all or
 * nothing. */
static bool
append(int fd, const char *line)
{
	char last = '\n', whole[LINE_SIZE];
	off_t end;
	int len;

	if (flock(fd, LOCK_EX) < 0)
		return false;
	end = lseek(fd, 0, SEEK_END);
	if (end > 0 && pread(fd, &last, 1, end - 1) != 1)
		return false;
	/* Somebody's editor may have left the last line without an end. */
	len = snprintf(whole, sizeof(whole), "%s%s", last != '\n' ? "\n" : "",
	    line);
	return write(fd, whole, (size_t)len) == len;
}

bool
known_add(const char *address, const char *what)
{
	char path[PATH_MAX], line[LINE_SIZE];
	bool good;
	int fd;

	errno = ENOENT;
	if (snprintf(line, sizeof(line) - 1, "%s %s\n", address, what) >=
	    (int)sizeof(line) - 1 || !known_path(path))
		return false;
	fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	good = append(fd, line);
	close(fd);
	return good;
}
