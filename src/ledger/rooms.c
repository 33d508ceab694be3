/* rooms.c -- what is in DATA/rooms, and what its directories are called
 *
 * SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include <sodium.h>

#include "base/clock.h"
#include "base/disk.h"
#include "base/log.h"
#include "ledger/listing.h"
#include "proto/words.h"

enum { DIR_HEAD = 160, DIR_HASH = 16, LOOK_AT = 2 * LINE_MAX_BYTES };

static bool
stands_for_itself(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
	    c == '-';
}

/* Appends some of what is left of it after DIR_HEAD bytes. */
static void
add_hash(struct slice key, char dir_r[VAULT_DIR_MAX + 1])
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	char *at = dir_r + DIR_HEAD;

	crypto_hash_sha256(hash, (const unsigned char *)key.at, key.len);
	*at++ = '%';
	*at++ = '%';
	for (int i = 0; i < DIR_HASH; i++, at += 2)
		snprintf(at, 3, "%02x", hash[i]);
}

void
vault_dir(struct slice key, char dir_r[VAULT_DIR_MAX + 1])
{
	size_t len = 0, i;
	unsigned char c;

	for (i = 0; i < key.len; i++) {
		c = (unsigned char)key.at[i];
		if (len + 3 > VAULT_DIR_MAX &&
		    len + (stands_for_itself(c) ? 1 : 3) > VAULT_DIR_MAX) {
			add_hash(key, dir_r);
			return;
		}
		if (stands_for_itself(c))
			dir_r[len++] = (char)c;
		else
			len += (size_t)snprintf(dir_r + len, 4, "%%%02X", c);
	}
	dir_r[len] = '\0';
}

static int
hex_digit(char c)
{
	const char *digits = "0123456789ABCDEF";
	const char *found = c != '\0' ? strchr(digits, c) : NULL;

	return found != NULL ? (int)(found - digits) : -1;
}

/* One byte of a key; how many of the name stand for it, or 0. */
static size_t
key_byte(const char *at, unsigned char *c_r)
{
	int high, low;

	*c_r = (unsigned char)*at;
	if (stands_for_itself(*c_r))
		return 1;
	if (*at != '%' || (high = hex_digit(at[1])) < 0 ||
	    (low = hex_digit(at[2])) < 0)
		return 0;
	*c_r = (unsigned char)(high << 4 | low);
	return stands_for_itself(*c_r) ? 0 : 3;
}

bool
vault_key(const char *dir, char *key_r, size_t size, size_t *len_r)
{
	unsigned char c;
	size_t n;

	*len_r = 0;
	if (*dir == '\0' || strlen(dir) > VAULT_DIR_MAX)
		return false;
	for (; *dir != '\0'; dir += n) {
		n = key_byte(dir, &c);
		if (n == 0 || *len_r == size)
			return false;
		key_r[(*len_r)++] = (char)c;
	}
	return true;
}

/* Could it be the name of a room's directory? */
static bool
is_room(const char *name)
{
	const char *cut = strstr(name, "%%");
	char key[VAULT_DIR_MAX];
	size_t len;

	if (cut == NULL)
		return vault_key(name, key, sizeof(key), &len);
	return cut - name == DIR_HEAD && strlen(cut + 2) == 2 * DIR_HASH &&
	    strspn(cut + 2, "0123456789abcdef") == 2 * DIR_HASH;
}

/* The newest readable line among these bytes, which end where the log does;
 * the first of them begins at no line unless `whole`. */
static bool
newest_in(const char *at, size_t len, bool whole, struct log_line *line_r)
{
	const char *end = at + len, *start;

	while (end > at) {
		start = memrchr(at, '\n', (size_t)(end - at) - 1);
		start = start != NULL ? start + 1 : at;
		if ((start > at || whole) &&
		    log_line_parse(
			(struct slice){ start, (size_t)(end - start) }, line_r))
			return true;
		end = start;
	}
	return false;
}

/* The same of one log. */
static bool
newest_of(struct vault *v, const char *path, char buffer[LOOK_AT],
    struct log_line *line_r)
{
	uint64_t from;
	int64_t size;
	ssize_t got;
	int fd;

	fd = disk_open(v->rooms, path, O_RDONLY);
	if (fd < 0) {
		log_warn("rooms/%s: %s", path, strerror(-fd));
		return false;
	}
	size = disk_size(fd);
	from = size > LOOK_AT ? (uint64_t)size - LOOK_AT : 0;
	got = size < 0 ? (ssize_t)size : disk_read(fd, buffer, LOOK_AT, from);
	disk_close(fd);
	if (got < 0)
		log_warn("rooms/%s: %s", path, strerror((int)-got));
	return got > 0 && newest_in(buffer, (size_t)got, from == 0, line_r);
}

struct tour {
	struct vault *vault;
	vault_found_fn *fn;
	void *arg;
	uint64_t bytes;
};

static uint64_t
size_of(const struct tour *s, const char *dir, const struct firsts *f,
    const char *suffix)
{
	char path[LEDGER_PATH];
	uint64_t sum = 0;
	int64_t size;

	for (unsigned i = 0; i < f->count; i++) {
		listing_path(dir, f->at[i], suffix, path);
		size = disk_size_at(s->vault->rooms, path);
		if (size > 0)
			sum += (uint64_t)size;
	}
	return sum;
}

static void
look_at(const char *dir, void *arg)
{
	char buffer[LOOK_AT], path[LEDGER_PATH];
	struct log_line line = { 0 };
	struct tour *s = arg;
	struct listing l;
	bool found = false;
	uint64_t size;
	unsigned i;
	int rc;

	if (!is_room(dir)) {
		log_info("rooms/%s is not of this server, left alone", dir);
		return;
	}
	rc = listing_init(&l, s->vault, dir);
	if (rc < 0)
		log_warn("rooms/%s: %s", dir, strerror(-rc));
	if (rc == -ENOTDIR || rc == -ELOOP) {
		listing_fini(&l);
		return;
	}
	for (i = l.logs.count; i > 0 && !found; i--) {
		listing_path(dir, l.logs.at[i - 1], ".log", path);
		found = newest_of(s->vault, path, buffer, &line);
	}
	size = LEDGER_DIR_BYTES + size_of(s, dir, &l.logs, ".log") +
	    size_of(s, dir, &l.sums, ".sum");
	s->bytes += size;
	listing_fini(&l);
	if (found)
		vault_note(s->vault, line.to, line.time);
	s->fn(dir, found ? line.room : slice_of(""), found ? line.to : 0, size,
	    s->arg);
}

void
vault_each(struct vault *v, vault_found_fn *fn, void *arg)
{
	struct tour s = { v, fn, arg, 0 };
	int rc;

	rc = disk_list(v->rooms, ".", look_at, &s);
	if (rc < 0)
		log_warn("rooms: %s", strerror(-rc));
	/* What was said after a copy was made may be above what is in it. */
	if (!v->trusted && atomic_load(&v->high) > v->floor)
		v->floor = v->doubt =
		    atomic_load(&v->high) + VAULT_COPY_STEP;
	vault_note(v, v->floor, 0);
	vault_raise(v, clock_wall_ms());
	atomic_store(&v->bytes, s.bytes);
}
