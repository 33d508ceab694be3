/* key.c -- the secret that keeps a guest's name between two logins
 *
 * SPDX-License-Identifier: MIT */
#include "client/key.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_MIN		22
#define KEY_LENGTH	32
#define MARKS		"abcdefghijklmnopqrstuvwxyz234567"

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

/* The name of the file: "address nick", with other marks for '/'. */
static bool
find_file(const char *address, const char *nick, char *path_r)
{
	const char *state = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");
	size_t begin;
	int len;

	if (state != NULL && state[0] == '/')
		len = snprintf(path_r, PATH_MAX, "%s/vcrp/", state);
	else if (home != NULL && home[0] == '/')
		len = snprintf(path_r, PATH_MAX, "%s/.local/state/vcrp/",
		    home);
	else
		return false;
	if (len >= PATH_MAX || !make_directories(path_r))
		return false;
	begin = (size_t)len;
	len = snprintf(path_r + begin, PATH_MAX - begin, "%s %s", address,
	    nick);
	if ((size_t)len >= PATH_MAX - begin)
		return false;
	for (path_r += begin; *path_r != '\0'; path_r++) {
		if (*path_r == '/')
			*path_r = '%';
	}
	return true;
}

static bool
make_up(struct key *key)
{
	unsigned char bytes[KEY_LENGTH];
	size_t i;

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return false;
	for (i = 0; i < KEY_LENGTH; i++)
		key->text[i] = MARKS[bytes[i] % strlen(MARKS)];
	key->text[KEY_LENGTH] = '\0';
	return ftruncate(key->fd, 0) == 0 &&
	    pwrite(key->fd, key->text, KEY_LENGTH, 0) == KEY_LENGTH;
}

static bool
read_key(struct key *key)
{
	ssize_t n = pread(key->fd, key->text, KEY_SIZE - 1, 0);

	key->text[n > 0 ? n : 0] = '\0';
	return n >= KEY_MIN && key->text[strspn(key->text, MARKS)] == '\0';
}

bool
key_open(struct key *key, const char *address, const char *nick)
{
	char path[PATH_MAX];

	key->fd = -1;
	if (!find_file(address, nick, path))
		return false;
	key->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (key->fd < 0)
		return false;
	if (flock(key->fd, LOCK_EX | LOCK_NB) == 0 &&
	    (read_key(key) || make_up(key)))
		return true;
	key_close(key);
	return false;
}

void
key_close(struct key *key)
{
	if (key->fd >= 0)
		close(key->fd);
	key->fd = -1;
	explicit_bzero(key->text, sizeof(key->text));
}
