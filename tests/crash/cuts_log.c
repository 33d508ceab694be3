/* cuts_log.c -- a log to be harmed: its files, how it is written and read
 *
 * SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "cuts.h"
#include "ledger/read.h"

enum { BATCH = 10 };

void
fault(struct test *t, const char *text, uint64_t number)
{
	char said[4096];
	ssize_t len = pread(STDERR_FILENO, said, sizeof(said), 0);

	printf("FAIL %s at %zu: %s %" PRIu64 "\n%.*s", t->what, t->where, text,
	    number, len < 0 ? 0 : (int)len, said);
	if (++t->faults >= 10)
		exit(1);
}

void
must(bool good, const char *what)
{
	if (good)
		return;
	printf("FAIL %s\n", what);
	exit(1);
}

/* Files, without what is tested. */

static char *
path_of(const struct test *t, const char *name, char path_r[512])
{
	snprintf(path_r, 512, "%s/%s", t->dir, name);
	return path_r;
}

bool
load_file(const struct test *t, const char *name, struct file *f)
{
	char path[512];
	struct stat st;
	int fd = open(path_of(t, name, path), O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	snprintf(f->name, sizeof(f->name), "%s", name);
	must(fstat(fd, &st) == 0, "fstat");
	f->len = (size_t)st.st_size;
	f->data = xmalloc(f->len + 1);
	must(read(fd, f->data, f->len) == (ssize_t)f->len, "read");
	close(fd);
	return true;
}

void
store_file(const struct test *t, const char *name, const char *data,
    size_t len)
{
	char path[512];
	int fd = open(path_of(t, name, path),
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	must(fd >= 0 && write(fd, data, len) == (ssize_t)len, path);
	close(fd);
}

void
each_file(struct test *t, void (*fn)(struct test *, const char *name))
{
	DIR *d = opendir(t->dir);
	struct dirent *e;

	must(d != NULL, t->dir);
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			fn(t, e->d_name);
	closedir(d);
}

void
remove_one(struct test *t, const char *name)
{
	char path[512];

	unlink(path_of(t, name, path));
}

static void
keep_one(struct test *t, const char *name)
{
	must(t->file_count < FILES, "more files than thought");
	must(load_file(t, name, &t->files[t->file_count]), name);
	t->file_count++;
}

static int
by_name(const void *a, const void *b)
{
	/* *.log before *.sum, each oldest first. */
	const struct file *x = a, *y = b;
	int kind = strcmp(strrchr(x->name, '.'), strrchr(y->name, '.'));

	return kind != 0 ? kind : strcmp(x->name, y->name);
}

static bool
is_first(const struct test *t, const char *name)
{
	return strncmp(name, t->files[0].name, 16) == 0;
}

static void
remove_later(struct test *t, const char *name)
{
	if (!is_first(t, name))
		remove_one(t, name);
}

void
restore(struct test *t, bool all)
{
	each_file(t, all ? remove_one : remove_later);
	for (unsigned i = 0; i < t->file_count; i++)
		if (all || !is_first(t, t->files[i].name))
			store_file(t, t->files[i].name, t->files[i].data,
			    t->files[i].len);
	must(ftruncate(STDERR_FILENO, 0) == 0, "log");
}

/* Writing it */

void
make_lines(struct test *t)
{
	char text[512];

	for (unsigned i = 0; i < LINES; i++) {
		int len = snprintf(text, sizeof(text), "@id=abc.%u MSG lobby "
		    "%" PRIu64 " %u ~alice says %u %.*s\n", i, FIRST + i,
		    1000 + i, i, (int)(i * 7 % 61),
		    "the quick brown fox jumps over the lazy dog and is seen "
		    "no more");

		t->lines[i] = xmemdup(text, (size_t)len);
		t->at[i + 1] = t->at[i] + (size_t)len;
	}
}

void
write_log(struct test *t)
{
	struct ledger *l = ledger_new(t->vault, "lobby");
	struct iovec pieces[BATCH];

	must(ledger_load(l) == 0, "an empty ledger");
	for (unsigned i = 0; i < LINES; i += BATCH) {
		for (unsigned k = 0; k < BATCH; k++)
			pieces[k] = (struct iovec){ t->lines[i + k],
			    strlen(t->lines[i + k]) };
		must(ledger_append(l, ROOM, pieces, BATCH, FIRST + i,
		    FIRST + i + BATCH - 1, 1000 + i) == 0, "append");
	}
	keeper_round(t->keeper, 1000, 1000, true);
	ledger_unref(&l);
	each_file(t, keep_one);
	qsort(t->files, t->file_count, sizeof(t->files[0]), by_name);
	t->segments = t->file_count / 2;
	must(t->segments == 2, "two segments");
	must(t->files[1].len > PLACES, "the last segment is long");
	/* What the first line of a log goes behind may be a GAP. */
	must(strncmp(t->files[0].data, t->lines[0], strlen(t->lines[0])) == 0,
	    "the log begins with its first line");
}

/* Reading it */

/* The number after; got[] says what was there. */
static uint64_t
take_line(struct test *t, struct slice line, uint64_t next)
{
	unsigned long long from, to;
	char text[128];

	snprintf(text, sizeof(text), "%.*s", (int)line.len, line.at);
	if (sscanf(text, "GAP lobby %llu %llu", &from, &to) == 2) {
		if (from > next || to < from)
			fault(t, "a GAP that leaves a hole before", from);
		return to + 1;
	}
	if (next == t->later && strstr(text, " ~later ") != NULL)
		return next + 1;
	if (next < FIRST || next >= FIRST + LINES)
		fault(t, "a line that was never there:", next);
	else if (!slice_is(line, t->lines[next - FIRST]))
		fault(t, "another line than was written:", next);
	else
		t->got[next - FIRST] = true;
	return next + 1;
}

void
read_all(struct test *t, struct ledger *l)
{
	uint64_t next = 1, told = 1, last = ledger_last(l);
	struct spot spot = { 0 };
	struct blob *bytes;

	memset(t->got, 0, sizeof(t->got));
	while (next <= last) {
		bytes = NULL;
		if (ledger_read(l, ROOM, &next, &spot, 65536, &bytes) < 0 ||
		    bytes == NULL) {
			fault(t, "not to be read from", next);
			return;
		}
		for (size_t at = 0; at < bytes->len;) {
			const char *end = memchr(bytes->data + at, '\n',
			    bytes->len - at);
			size_t len = (size_t)(end - bytes->data) + 1 - at;

			told = take_line(t, (struct slice)
			    { bytes->data + at, len }, told);
			at += len;
		}
		blob_unref(&bytes);
		if (told != next)
			fault(t, "read up to", told);
	}
	if (told != last + 1)
		fault(t, "the end is not at", last);
}

void
append_one(struct test *t, struct ledger *l, uint64_t number)
{
	char text[128];
	struct iovec piece = { text, 0 };
	struct blob *line = NULL;

	t->later = number;
	piece.iov_len = (size_t)snprintf(text, sizeof(text),
	    "MSG lobby %" PRIu64 " 9000 ~later more\n", number);
	if (ledger_append(l, ROOM, &piece, 1, number, number, 9000) < 0)
		fault(t, "cannot append", number);
	else if (ledger_line(l, number, &line) != 1 ||
	    strncmp(line->data, text, strlen(text)) != 0)
		fault(t, "not found again:", number);
	blob_unref(&line);
}
