/* manifest.c -- what a backup is made of, with its sums
 *
 * SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "account/manifest.h"

enum { AT_ONCE = 65536, SUM_BYTES = MANIFEST_HEX / 2 };

_Static_assert(SUM_BYTES == crypto_hash_sha256_BYTES, "SHA-256");

struct telling {
	manifest_fault_fn *fault;
	void              *arg;
	unsigned           faults;
};

static void
tell(struct telling *t, const char *path, const char *what)
{
	t->fault(path, what, t->arg);
	t->faults++;
}

bool
manifest_is_path(const char *path)
{
	unsigned names = 0;
	size_t len;

	if (strlen(path) >= MANIFEST_PATH)
		return false;
	do {
		len = strcspn(path, "/");
		if (len == 0 || (len == 1 && path[0] == '.') ||
		    (len == 2 && strncmp(path, "..", 2) == 0) ||
		    ++names > MANIFEST_DEPTH)
			return false;
		path += len;
	} while (*path++ == '/');
	return true;
}

/* The descriptor of what `name` is in `dir`; closes `dir` unless it is the
 * one that the path began in. */
static int
step(int dir, int begin, const char *name, int flags)
{
	int fd = openat(dir, name, flags | O_NOFOLLOW | O_CLOEXEC);
	int error = errno;

	if (dir != begin)
		close(dir);
	return fd < 0 ? -error : fd;
}

int
manifest_open(int dir, const char *path)
{
	char copy[MANIFEST_PATH], *at = copy, *slash;
	struct stat st;
	int fd = dir;

	if (!manifest_is_path(path))
		return -EINVAL;
	strcpy(copy, path);
	for (; (slash = strchr(at, '/')) != NULL; at = slash + 1) {
		*slash = '\0';
		fd = step(fd, dir, at, O_RDONLY | O_DIRECTORY);
		if (fd < 0)
			return fd;
	}
	/* What is opened may be a pipe, which nobody will ever write to. */
	fd = step(fd, dir, at, O_RDONLY | O_NONBLOCK);
	if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))) {
		close(fd);
		return -EINVAL;
	}
	return fd;
}

void
manifest_hex(const unsigned char sum[MANIFEST_HEX / 2],
    char hex_r[MANIFEST_HEX + 1])
{
	sodium_bin2hex(hex_r, MANIFEST_HEX + 1, sum, SUM_BYTES);
}

int
manifest_sum(int fd, char hex_r[MANIFEST_HEX + 1], uint64_t *bytes_r)
{
	crypto_hash_sha256_state state;
	unsigned char sum[SUM_BYTES];
	char *bytes = malloc(AT_ONCE);
	uint64_t at = 0;
	ssize_t got = 0;

	if (bytes == NULL)
		return -ENOMEM;
	crypto_hash_sha256_init(&state);
	do {
		at += (uint64_t)got;
		crypto_hash_sha256_update(&state, (unsigned char *)bytes,
		    (size_t)got);
		do
			got = pread(fd, bytes, AT_ONCE, (off_t)at);
		while (got < 0 && errno == EINTR);
	} while (got > 0);
	free(bytes);
	if (got < 0)
		return -errno;
	crypto_hash_sha256_final(&state, sum);
	manifest_hex(sum, hex_r);
	*bytes_r = at;
	return 0;
}

static int
by_path(const void *a, const void *b)
{
	const struct manifest_entry *x = a, *y = b;

	return strcmp(x->path, y->path);
}

static bool
parse_line(struct manifest *m, char *line)
{
	static const char digits[] = "0123456789abcdef";
	struct manifest_entry *e = &m->entries[m->count];

	if (strspn(line, digits) != MANIFEST_HEX ||
	    strncmp(line + MANIFEST_HEX, "  ", 2) != 0 ||
	    !manifest_is_path(line + MANIFEST_HEX + 2))
		return false;
	e->path = strdup(line + MANIFEST_HEX + 2);
	if (e->path == NULL)
		return false;
	memcpy(e->hex, line, MANIFEST_HEX);
	e->hex[MANIFEST_HEX] = '\0';
	m->count++;
	return true;
}

static void
parse(struct manifest *m, char *text, struct telling *t)
{
	char what[64], *line = text, *end;
	size_t lines = 0, number = 0;

	for (end = text; (end = strchr(end, '\n')) != NULL; end++)
		lines++;
	m->entries = calloc(lines + 1, sizeof(*m->entries));
	if (m->entries == NULL) {
		tell(t, MANIFEST_NAME, strerror(ENOMEM));
		return;
	}
	for (; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		number++;
		*end = '\0';
		if (parse_line(m, line))
			continue;
		snprintf(what, sizeof(what), "line %zu is none", number);
		tell(t, MANIFEST_NAME, what);
	}
	if (*line != '\0' || lines == 0)
		tell(t, MANIFEST_NAME, "its end is missing");
	qsort(m->entries, m->count, sizeof(*m->entries), by_path);
	for (size_t i = 1; i < m->count; i++)
		if (strcmp(m->entries[i - 1].path, m->entries[i].path) == 0)
			tell(t, m->entries[i].path, "is listed twice");
}

/* A whole file as text, to be freed; NULL after a fault. */
static char *
slurp(int dir, const char *path, struct telling *t)
{
	struct stat st = { .st_size = 0 };
	int fd = manifest_open(dir, path);
	size_t len = 0;
	ssize_t got = -1;
	char *text;

	if (fd < 0 || fstat(fd, &st) < 0) {
		tell(t, path, fd == -ENOENT ? "is missing: this is no whole "
		    "backup" : strerror(fd < 0 ? -fd : errno));
		return NULL;
	}
	text = malloc((size_t)st.st_size + 1);
	while (text != NULL && (got = read(fd, text + len,
	    (size_t)st.st_size - len)) > 0)
		len += (size_t)got;
	close(fd);
	if (text == NULL || got < 0 || memchr(text, '\0', len) != NULL) {
		tell(t, path, "cannot be read");
		free(text);
		return NULL;
	}
	text[len] = '\0';
	return text;
}

static const struct manifest_entry *
find(const struct manifest *m, const char *path)
{
	struct manifest_entry key = { .path = (char *)(uintptr_t)path };

	return bsearch(&key, m->entries, m->count, sizeof(key), by_path);
}

unsigned
manifest_read(int dir, struct manifest *m, manifest_fault_fn *fault, void *arg)
{
	struct telling t = { .fault = fault, .arg = arg };
	char *label, *text = slurp(dir, MANIFEST_NAME, &t);

	*m = (struct manifest){ .count = 0 };
	if (text == NULL)
		return t.faults;
	parse(m, text, &t);
	free(text);
	label = slurp(dir, MANIFEST_LABEL, &t);
	if (label != NULL && strncmp(label, MANIFEST_MAGIC,
	    strlen(MANIFEST_MAGIC)) != 0)
		tell(&t, MANIFEST_LABEL, "is not of a version known here");
	else if (label != NULL)
		snprintf(m->label, sizeof(m->label), "%.*s",
		    (int)strcspn(label + strlen(MANIFEST_MAGIC), "\n"),
		    label + strlen(MANIFEST_MAGIC));
	free(label);
	if (t.faults == 0 && (find(m, MANIFEST_LABEL) == NULL ||
	    find(m, "ceiling") == NULL))
		tell(&t, MANIFEST_NAME, "lists no BACKUP or no ceiling");
	if (t.faults > 0)
		manifest_free(m);
	return t.faults;
}

void
manifest_free(struct manifest *m)
{
	for (size_t i = 0; i < m->count; i++)
		free(m->entries[i].path);
	free(m->entries);
	*m = (struct manifest){ .count = 0 };
}

static void
look_at(int dir, const struct manifest_entry *e, struct manifest_totals *sum,
    struct telling *t)
{
	int rc, fd = manifest_open(dir, e->path);
	char hex[MANIFEST_HEX + 1];
	uint64_t bytes = 0;

	if (fd < 0) {
		tell(t, e->path, fd == -ENOENT ? "is missing" :
		    fd == -EINVAL ? "is no file" :
		    fd == -ELOOP ? "is a symbolic link" : strerror(-fd));
		return;
	}
	rc = manifest_sum(fd, hex, &bytes);
	close(fd);
	if (rc < 0)
		tell(t, e->path, strerror(-rc));
	else if (strcmp(hex, e->hex) != 0)
		tell(t, e->path, "is not what was written: its sum is wrong");
	sum->files++;
	sum->bytes += bytes;
}

/* Whatever is there and not listed: of a MANIFEST that lost its end, above
 * all. `path` is that of the directory `fd`, which is closed. */
static void
look_for_more(int fd, const char *path, const struct manifest *m,
    struct telling *t, unsigned depth)
{
	char name[MANIFEST_PATH];
	struct dirent *e;
	DIR *d = fdopendir(fd);
	int sub;

	if (d == NULL) {
		tell(t, path, strerror(errno));
		close(fd);
		return;
	}
	while ((e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 ||
		    strcmp(e->d_name, "..") == 0 ||
		    (depth == 0 && strcmp(e->d_name, MANIFEST_NAME) == 0))
			continue;
		if (snprintf(name, sizeof(name), "%s%s%s", path, depth > 0 ?
		    "/" : "", e->d_name) >= (int)sizeof(name))
			tell(t, name, "is not in the MANIFEST");
		sub = openat(fd, e->d_name,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (sub >= 0 && depth + 1 < MANIFEST_DEPTH)
			look_for_more(sub, name, m, t, depth + 1);
		else if (find(m, name) == NULL)
			tell(t, name, "is not in the MANIFEST");
		if (sub >= 0 && depth + 1 >= MANIFEST_DEPTH)
			close(sub);
	}
	closedir(d);
}

unsigned
manifest_verify(int dir, const struct manifest *m, struct manifest_totals *sum,
    manifest_fault_fn *fault, void *arg)
{
	struct telling t = { .fault = fault, .arg = arg };
	int again;

	*sum = (struct manifest_totals){ 0 };
	for (size_t i = 0; i < m->count; i++)
		look_at(dir, &m->entries[i], sum, &t);
	again = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (again < 0)
		tell(&t, ".", strerror(errno));
	else
		look_for_more(again, "", m, &t, 0);
	return t.faults;
}
