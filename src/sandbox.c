/* sandbox.c -- as whom the server runs, and what is in its reach
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/confine.h"
#include "base/log.h"
#include "sandbox.h"

enum { PATHS_MAX = 16 };

struct paths {
	struct confine_path at[PATHS_MAX];
	char                text[PATHS_MAX][PATH_MAX];
	size_t              count;
};

static const char *
data_directory(const struct config *c)
{
	const char *state = getenv("STATE_DIRECTORY");

	if (*c->server_data != '\0')
		return c->server_data;
	if (state != NULL)
		return state;
	return getenv("NOTIFY_SOCKET") != NULL ?
	    LOCALSTATEDIR "/lib/vcrpd" : "vcrpd-data";
}

static int
find_user(struct sandbox *s, const struct config *c, char *why,
    size_t size)
{
	struct stat st;

	user_by_id(geteuid(), getegid(), &s->user);
	if (*c->server_user != '\0') {
		if (user_by_name(c->server_user, &s->user))
			return 0;
		snprintf(why, size, "server.user: there is no user %s here",
		    c->server_user);
		return -1;
	}
	if (geteuid() == 0 && stat(s->data, &st) == 0 && st.st_uid != 0)
		user_by_id(st.st_uid, st.st_gid, &s->user);
	return 0;
}

static int
give(const char *path, const struct user *u)
{
	int rc, fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC);

	if (fd < 0)
		return -1;
	rc = fchown(fd, u->uid, u->gid);
	close(fd);
	return rc;
}

static int
make_directory(const struct sandbox *s, char *why, size_t size)
{
	struct stat st;

	if (mkdir(s->data, 0700) == 0) {
		if (geteuid() != 0 || give(s->data, &s->user) == 0)
			return 0;
	} else if (errno == EEXIST && stat(s->data, &st) == 0) {
		if (S_ISDIR(st.st_mode))
			return 0;
		errno = ENOTDIR;
	}
	snprintf(why, size, "data directory %s: %s", s->data,
	    strerror(errno));
	return -1;
}

int
sandbox_prepare(struct sandbox *s, const struct config *c, char *why,
    size_t size)
{
	s->data = data_directory(c);
	if (find_user(s, c, why, size) < 0)
		return -1;
	return make_directory(s, why, size);
}

/* It is the user's own, so there is nothing to lose by that. */
static void
close_to_others(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && (st.st_mode & 077) != 0) {
		if (fchmod(fd, st.st_mode & 07700) == 0)
			log_warn("data directory %s was open to others (mode "
			    "%o); it is closed to them now", path,
			    (unsigned)st.st_mode & 07777);
		else
			log_warn("data directory %s is open to others (mode "
			    "%o), and another user's", path,
			    (unsigned)st.st_mode & 07777);
	}
	close(fd);
}

/* 0 or -1 and errno. */
static int
check_directory(const char *path, int access)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -1;
	if (!S_ISDIR(st.st_mode)) {
		errno = ENOTDIR;
		return -1;
	}
	return faccessat(AT_FDCWD, path, access, AT_EACCESS);
}

static int
check_data(const struct sandbox *s, char *why, size_t size)
{
	const char *name = s->user.name;

	if (check_directory(s->data, R_OK | W_OK | X_OK) == 0)
		return 0;
	snprintf(why, size, "data directory %s: %s for user %s; chown -R %s "
	    "makes it that user's", s->data, strerror(errno), name, name);
	return -1;
}

static int
check_backups(const struct sandbox *s, const struct config *c, char *why,
    size_t size)
{
	if (*c->storage_backups == '\0' ||
	    check_directory(c->storage_backups, W_OK | X_OK) == 0)
		return 0;
	snprintf(why, size, "storage.backups: %s: %s for user %s",
	    c->storage_backups, strerror(errno), s->user.name);
	return -1;
}

int
sandbox_become(const struct sandbox *s, const struct config *c, char *why,
    size_t size)
{
	if (privileges_become(&s->user, why, size) < 0 ||
	    privileges_drop(why, size) < 0)
		return -1;
	confine_memory();
	if (s->user.uid == 0 && *c->server_user == '\0')
		log_warn("runs as root, though without its capabilities: name "
		    "another user with server.user");
	if (check_data(s, why, size) < 0)
		return -1;
	close_to_others(s->data);
	return check_backups(s, c, why, size);
}

int
sandbox_own(const struct config *c, char *why, size_t size)
{
	struct sandbox s;

	if (geteuid() != 0 || (*c->server_user == '\0' &&
	    access(data_directory(c), F_OK) < 0))
		return 0;
	return sandbox_prepare(&s, c, why, size) < 0 ||
	    privileges_become(&s.user, why, size) < 0 ||
	    check_data(&s, why, size) < 0 ? -1 : 0;
}

int
sandbox_test(const struct config *c, char *why, size_t size)
{
	struct sandbox s = { .data = data_directory(c) };

	if (find_user(&s, c, why, size) < 0 ||
	    privileges_become(&s.user, why, size) < 0 ||
	    privileges_drop(why, size) < 0)
		return -1;
	if (access(s.data, F_OK) == 0 && check_data(&s, why, size) < 0)
		return -1;
	return check_backups(&s, c, why, size);
}

static void
allow(struct paths *p, const char *path, unsigned access)
{
	char *text = p->text[p->count];

	if (p->count == PATHS_MAX || *path == '\0')
		return;
	snprintf(text, PATH_MAX, "%s", path);
	p->at[p->count++] = (struct confine_path){ text, access };
}

/* Where a file is, since one that replaces it is another file. */
static void
allow_around(struct paths *p, const char *file, unsigned access)
{
	char path[PATH_MAX], real[PATH_MAX];

	if (file == NULL || *file == '\0')
		return;
	snprintf(path, sizeof(path), "%s", file);
	allow(p, dirname(path), access);
	if (realpath(file, real) != NULL)
		allow(p, dirname(real), access);
}

static void
list_paths(struct paths *p, const struct sandbox *s,
    const struct config *c, const char *file)
{
	allow(p, s->data, CONFINE_READ | CONFINE_WRITE);
	allow(p, c->storage_backups, CONFINE_READ | CONFINE_WRITE);
	allow(p, "/dev/null", CONFINE_READ | CONFINE_WRITE);
	allow(p, "/dev/urandom", CONFINE_READ);
	allow(p, "/proc/sys/kernel/random/boot_id", CONFINE_READ);
	allow_around(p, file, CONFINE_READ);
	allow_around(p, c->tls_certificate, CONFINE_READ);
	allow_around(p, c->tls_key, CONFINE_READ);
	allow_around(p, c->tls_client_ca, CONFINE_READ);
	if (strcmp(c->server_socket, "none") != 0)
		allow_around(p, c->server_socket, CONFINE_REMOVE);
}

void
sandbox_close(const struct sandbox *s, const struct config *c,
    const char *file)
{
	const char *notify = getenv("NOTIFY_SOCKET");
	struct paths *p = calloc(1, sizeof(*p));
	int version = -ENOMEM, rc;

	/* syslog(3) has local times, whose file is not read later. */
	tzset();
	if (p != NULL) {
		list_paths(p, s, c, file);
		version = confine_files(p->at, p->count,
		    notify != NULL && notify[0] == '@');
	}
	free(p);
	rc = confine_calls();
	if (version < 0)
		log_warn("files and connections are not confined: %s",
		    strerror(-version));
	if (rc < 0)
		log_warn("system calls are not confined: %s", strerror(-rc));
	log_info("runs as %s; files are %sconfined, system calls are %s"
	    "confined", s->user.name, version < 0 ? "not " : "",
	    rc < 0 ? "not " : "");
}
