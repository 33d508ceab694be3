/* vault.c -- the data directory: what all ledgers have in common
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>

#include <sodium.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/disk.h"
#include "base/log.h"
#include "ledger/ceiling.h"
#include "ledger/parts.h"

/* A step lasts for a million numbers a room in a second, or 17 minutes. */
#define STEP (UINT64_C(1) << 30)
/* No clock is believed that says more than the year 2109, since numbers end
 * at 2^53. */
#define WALL_MAX (UINT64_C(1) << 42)

enum { TIME_AHEAD = 10000, FILES_LEAST = 8, FILES_MOST = 512 };

static uint64_t
larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t
number_at(uint64_t wall)
{
	return (wall < WALL_MAX ? wall : WALL_MAX) * 1024;
}

bool
vault_syncs(const struct vault *v)
{
	return config_get(&v->config->storage_fsync) != SYNC_NEVER;
}

void
vault_used(struct vault *v, int64_t bytes)
{
	uint64_t old = atomic_load(&v->bytes), now;

	do
		now = bytes < 0 && (uint64_t)-bytes > old
		    ? 0
		    : old + (uint64_t)bytes;
	while (!atomic_compare_exchange_weak(&v->bytes, &old, now));
}

static void
raise_to(_Atomic uint64_t *value, uint64_t least)
{
	uint64_t old = atomic_load(value);

	while (old < least && !atomic_compare_exchange_weak(value, &old, least))
		;
}

void
vault_note(struct vault *v, uint64_t number, uint64_t time)
{
	raise_to(&v->high, number);
	raise_to(&v->time, time);
}

static int
write_ceiling(
    struct vault *v, const char *state, uint64_t number, uint64_t time)
{
	char text[VAULT_CEILING_MAX];
	struct ceiling c = { .number = number, .time = time };
	size_t len;
	int rc;

	/* All that was given is below this ceiling, and above it all that
	 * will be given to who goes on. */
	c.doubt = atomic_load(&v->unsure) ? number : v->doubt;
	memcpy(c.life, v->life, sizeof(c.life));
	memcpy(c.boot, v->boot, sizeof(c.boot));
	snprintf(c.state, sizeof(c.state), "%s", state);
	len = ceiling_print(&c, text);
	rc = disk_replace(v->data, "ceiling", text, len);
	if (rc < 0)
		atomic_fetch_add(&v->counters.failures, 1);
	return rc;
}

size_t
vault_ceiling_text(const struct vault *v, char text_r[VAULT_CEILING_MAX])
{
	struct ceiling c = { .boot = "backup", .state = "backup" };

	memcpy(c.life, v->life, sizeof(c.life));
	c.number = atomic_load(&v->ceiling);
	c.time = larger(atomic_load(&v->time), clock_wall_ms()) + TIME_AHEAD;
	return ceiling_print(&c, text_r);
}

int
vault_raise(struct vault *v, uint64_t wall)
{
	uint64_t high = larger(atomic_load(&v->high), number_at(wall));
	uint64_t time = larger(atomic_load(&v->time), wall);
	uint64_t ceiling = atomic_load(&v->ceiling);
	bool unsure = atomic_load(&v->unsure);
	int rc;

	if (ceiling >= high + STEP / 2 &&
	    v->promised >= time + TIME_AHEAD / 2 && v->told == unsure)
		return 0;
	if (ceiling < high + STEP / 2)
		ceiling = high + STEP;
	time = larger(v->promised, time + TIME_AHEAD);
	rc = write_ceiling(v, "open", ceiling, time);
	if (rc < 0)
		return rc;
	v->promised = time;
	v->told = unsure;
	atomic_store(&v->ceiling, ceiling);
	return 0;
}

void
vault_doubt(struct vault *v)
{
	atomic_store(&v->unsure, true);
}

/* 0, -ENOENT, -EINVAL (damaged), -ENOTSUP or what reading gives. */
static int
read_ceiling(struct vault *v, struct ceiling *c)
{
	char text[VAULT_CEILING_MAX];
	ssize_t got;
	int fd;

	fd = disk_open(v->data, "ceiling", O_RDONLY);
	if (fd < 0)
		return fd;
	got = disk_read(fd, text, sizeof(text), 0);
	disk_close(fd);
	return got < 0 ? (int)got
		       : ceiling_parse((struct slice){ text, (size_t)got }, c);
}

static void
read_boot(struct vault *v)
{
	ssize_t got = 0;
	int fd;

	fd = disk_open(AT_FDCWD, "/proc/sys/kernel/random/boot_id", O_RDONLY);
	if (fd >= 0) {
		got = disk_read(fd, v->boot, sizeof(v->boot) - 1, 0);
		disk_close(fd);
	}
	v->boot[got > 0 ? got : 0] = '\0';
	v->boot[strcspn(v->boot, "\n")] = '\0';
	if (v->boot[0] == '\0')
		memcpy(v->boot, "unknown", sizeof("unknown"));
}

static void
make_life(struct vault *v)
{
	unsigned char secret[LIFE_BYTES / 2];

	randombytes_buf(secret, sizeof(secret));
	sodium_bin2hex(v->life, sizeof(v->life), secret, sizeof(secret));
}

static void
note_any(const char *name, void *arg)
{
	(void)name;
	*(bool *)arg = true;
}

/* What the last run left, and so where this one begins. */
static void
begin(struct vault *v, const struct ceiling *c, int rc, const char *life)
{
	uint64_t wall = clock_wall_ms();
	bool rooms = false, copy;

	disk_list(v->rooms, ".", note_any, &rooms);
	copy = rc < 0
	    ? rooms
	    : strcmp(c->state, "backup") == 0 || strcmp(c->life, life) != 0;
	v->trusted = !copy &&
	    (rc < 0 || strcmp(c->state, "closed") == 0 ||
		(strcmp(c->boot, v->boot) == 0 &&
		    strcmp(v->boot, "unknown") != 0));
	v->floor =
	    larger(c->number, number_at(wall)) + (copy ? VAULT_COPY_STEP : 0);
	v->doubt = v->trusted ? c->doubt : v->floor;
	v->begun = larger(c->time, wall);
	if (copy || rc < 0)
		make_life(v);
	else
		memcpy(v->life, c->life, sizeof(v->life));
	if (copy)
		log_warn("the data directory is a copy, or was %s: every room "
			 "goes on above number %" PRIu64,
		    rc < 0 ? "without its ceiling" : "another's", v->floor);
	else if (!v->trusted)
		log_warn("the system went down under the server: every room "
			 "goes on above number %" PRIu64,
		    v->floor);
}

unsigned
vault_files(const struct config *config)
{
	int64_t files = config_get(&config->storage_files);
	struct rlimit limit;

	if (files > 0)
		return (unsigned)files;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		files = limit.rlim_cur / 4 < FILES_MOST
		    ? (int64_t)limit.rlim_cur / 4
		    : FILES_MOST;
	return files > FILES_LEAST ? (unsigned)files : FILES_LEAST;
}

/* Descriptors and directories; 0, or -errno and what it is about. */
static int
open_files(struct vault *v, const char *data, const char **what_r)
{
	char path[4096];
	int rc;

	*what_r = "";
	if (snprintf(path, sizeof(path), "%s/.", data) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	/* The directory itself may be a link; what is in it may not. */
	v->data = disk_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY);
	if (v->data < 0)
		return v->data;
	*what_r = "/lock";
	v->locked = disk_open(v->data, "lock", O_RDWR | O_CREAT);
	if (v->locked < 0)
		return v->locked;
	if (flock(v->locked, LOCK_EX | LOCK_NB) < 0)
		return -errno;
	*what_r = "/rooms";
	rc = disk_mkdir(v->data, "rooms");
	if (rc < 0 && rc != -EEXIST)
		return rc;
	v->rooms = disk_open(v->data, "rooms", O_RDONLY | O_DIRECTORY);
	return v->rooms < 0 ? v->rooms : 0;
}

static void
vault_free(struct vault **vp)
{
	struct vault *v = *vp;

	*vp = NULL;
	if (v->rooms >= 0)
		disk_close(v->rooms);
	if (v->locked >= 0)
		disk_close(v->locked);
	if (v->data >= 0)
		disk_close(v->data);
	lock_fini(&v->lock);
	free(v);
}

/* The ceiling of the last run, and one for this; 0 or -errno. */
static int
turn_ceiling(struct vault *v, const char *life)
{
	struct ceiling c = { .number = 0 };
	int rc;

	rc = read_ceiling(v, &c);
	if (rc < 0 && rc != -ENOENT && rc != -EINVAL)
		return rc;
	if (rc == -EINVAL)
		log_warn("ceiling: it is damaged");
	if (rc < 0)
		memset(&c, 0, sizeof(c));
	begin(v, &c, rc, life);
	v->promised = v->begun + TIME_AHEAD;
	atomic_store(&v->ceiling, v->floor + STEP);
	atomic_store(&v->high, v->floor);
	atomic_store(&v->time, c.time);
	return write_ceiling(v, "open", v->floor + STEP, v->promised);
}

struct vault *
vault_open(const struct config *config, const char *data, const char *life,
    char *why_r, size_t size)
{
	struct vault *v = xcalloc(1, sizeof(*v));
	const char *what;
	int rc;

	v->config = config;
	v->data = v->rooms = v->locked = -1;
	v->open_most = vault_files(config);
	lock_init(&v->lock, LOCK_VAULT);
	list_init(&v->open);
	rc = open_files(v, data, &what);
	if (rc == 0) {
		what = "/ceiling";
		read_boot(v);
		rc = turn_ceiling(v, life);
	}
	if (rc == 0)
		return v;
	if (rc == -EWOULDBLOCK)
		snprintf(why_r, size, "%s: another server uses this directory",
		    data);
	else
		snprintf(why_r, size, "%s%s: %s", data, what,
		    rc == -ENOTSUP ? "it is of a later version of this server"
				   : strerror(-rc));
	vault_free(&v);
	return NULL;
}

void
vault_close(struct vault **vp)
{
	struct vault *v = *vp;
	int rc;

	assert(v->open_count == 0);
	rc = write_ceiling(
	    v, "closed", atomic_load(&v->high) + 1, atomic_load(&v->time));
	if (rc < 0)
		log_warn("ceiling: %s", strerror(-rc));
	vault_free(vp);
}
