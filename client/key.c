/* key.c -- the secret that keeps a guest's name between two logins
 *
 * SPDX-License-Identifier: MIT */
#include "client/key.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#include "client/directory.h"

#define KEY_MIN		22
#define KEY_LENGTH	32
#define MARKS		"abcdefghijklmnopqrstuvwxyz234567"

/* The name of the file: "address nick", with other marks for '/'. */
static bool
find_file(const char *address, const char *nick, char *path_r)
{
	char name[NAME_MAX + 1], *at;

	if (snprintf(name, sizeof(name), "%s %s", address, nick) > NAME_MAX)
		return false;
	for (at = name; *at != '\0'; at++) {
		if (*at == '/')
			*at = '%';
	}
	return directory_find("XDG_STATE_HOME", ".local/state", path_r, name);
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
