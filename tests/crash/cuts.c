/* cuts.c -- a log that is cut or damaged anywhere: what is left is served
 *
 * SPDX-License-Identifier: MIT
 *
 *     cuts [all]
 *
 * A log of two segments is written and summed. Then, at every place of the
 * last 65,536 bytes (without `all`: at some), it is cut off
 *
 *   as a kill does it: nothing behind the cut was synced or summed;
 *   as damage does it: the sums speak of more than there is;
 *   as a lost power does it: its end is not to be trusted;
 *
 * and 1000 times one bit of it, or of its sums, is another. Each time it is
 * loaded, read from the beginning, and appended to: no line is another than it
 * was, all that are in no damaged block are there, no number is given twice,
 * no byte is gone from the disk, and the log says what was found. */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "ledger/keeper.h"
#include "ledger/read.h"
#include "ledger/sums.h"

enum {
	LINES = 3000, BATCH = 10, FILES = 4, PLACES = 65536, FLIPS = 1000,
	SEGMENT_KIB = 160
};

#define FIRST UINT64_C(1000000)
#define ROOM slice_of("lobby")

enum how { KILLED, DAMAGED, POWERLESS };

struct file {
	char   name[64];
	char  *data;
	size_t len;
};

struct test {
	struct vault  *vault;
	struct keeper *keeper;
	char           data[64];
	char           dir[128];
	char          *lines[LINES];
	size_t         at[LINES + 1];	/* in all segments, end to end */
	struct file    files[FILES];	/* as written, segments first */
	unsigned       file_count;
	unsigned       segments;
	bool           got[LINES];
	/* Of the present round */
	const char    *what;
	size_t         where;
	uint64_t       later;	/* number of what is appended */
	unsigned       faults;
};

static void
fault(struct test *t, const char *text, uint64_t number)
{
	char said[4096];
	ssize_t len = pread(STDERR_FILENO, said, sizeof(said), 0);

	printf("FAIL %s at %zu: %s %" PRIu64 "\n%.*s", t->what, t->where, text,
	    number, len < 0 ? 0 : (int)len, said);
	if (++t->faults >= 10)
		exit(1);
}

static void
must(bool good, const char *what)
{
	if (good)
		return;
	printf("FAIL %s\n", what);
	exit(1);
}

/* No line of the log is to be suppressed: each is in another second. */
static int64_t
lines_as_seconds(void)
{
	static int64_t now;

	return ++now;
}

/* Files, without what is tested. */

static char *
path_of(const struct test *t, const char *name, char path_r[512])
{
	snprintf(path_r, 512, "%s/%s", t->dir, name);
	return path_r;
}

static bool
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

static void
store_file(const struct test *t, const char *name, const char *data,
    size_t len)
{
	char path[512];
	int fd = open(path_of(t, name, path),
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	must(fd >= 0 && write(fd, data, len) == (ssize_t)len, path);
	close(fd);
}

/* Calls fn with each name in the room's directory. */
static void
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

static void
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

/* The log as it was written; all of it, or but the first segment. */
static void
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

static void
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

static void
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

static void
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

/* One line more, which is then there too. */
static void
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

/* What is judged */

/* No byte of `put`, a segment, is gone: what is not in it is beside it. */
static void
check_kept(struct test *t, const char *name, const char *put, size_t len)
{
	struct file now = { .data = NULL }, cut = { .data = NULL };
	char beside[64];

	if (!load_file(t, name, &now)) {
		fault(t, "the segment is gone", 0);
		return;
	}
	if (now.len > len || memcmp(now.data, put, now.len) != 0) {
		fault(t, "the segment was changed, length", now.len);
	} else if (now.len < len) {
		snprintf(beside, sizeof(beside), "cut-%.16s-%zu", name,
		    now.len);
		if (!load_file(t, beside, &cut))
			fault(t, "not kept aside from", now.len);
		else if (cut.len != len - now.len ||
		    memcmp(cut.data, put + now.len, cut.len) != 0)
			fault(t, "what is kept aside differs, from", now.len);
	}
	free(now.data);
	free(cut.data);
}

static bool
ends_whole(const struct test *t, const char *name)
{
	struct file now = { .data = NULL };
	bool whole = load_file(t, name, &now) &&
	    (now.len == 0 || now.data[now.len - 1] == '\n');

	free(now.data);
	return whole;
}

static bool
was_logged(const char *word)
{
	static char said[65536];
	ssize_t len = pread(STDERR_FILENO, said, sizeof(said) - 1, 0);

	said[len < 0 ? 0 : len] = '\0';
	return strstr(said, word) != NULL;
}

/* Lines from `first` up to but not with `end` have to be there. */
static void
check_got(struct test *t, unsigned first, unsigned end)
{
	for (unsigned i = first; i < end; i++)
		if (!t->got[i]) {
			fault(t, "missing:", FIRST + i);
			return;
		}
}

/* How many lines end at or before that byte of all segments. */
static unsigned
lines_before(const struct test *t, size_t at)
{
	unsigned n = 0;

	while (n < LINES && t->at[n + 1] <= at)
		n++;
	return n;
}

/* Leaves of the last segment's sums what a killed server can have written:
 * they speak of whole lines alone. */
static void
shorten_sums(struct test *t, size_t whole)
{
	const struct file *sums = &t->files[t->file_count - 1];

	store_file(t, sums->name, sums->data, whole / SUM_BLOCK * SUM_ENTRY);
}

static void
cut_once(struct test *t, enum how how, size_t cut)
{
	static const char *const names[] = { "kill", "cut", "lost power" };
	const struct file *last = &t->files[t->segments - 1];
	size_t base = t->files[0].len;
	unsigned sure, all = lines_before(t, base + cut);
	size_t whole = t->at[all] - base;
	struct ledger *l;
	uint64_t after;

	t->what = names[how];
	t->where = cut;
	restore(t, false);
	store_file(t, last->name, last->data, cut);
	if (how != DAMAGED)
		shorten_sums(t, whole);
	t->vault->doubt = how == POWERLESS ? t->vault->floor : 0;
	l = ledger_new(t->vault, "lobby");
	after = ledger_load(l);
	check_kept(t, last->name, last->data, cut);
	if (whole < cut && !was_logged(last->name))
		fault(t, "nothing was logged of", cut - whole);
	sure = how != DAMAGED ? all :
	    lines_before(t, base + cut / SUM_BLOCK * SUM_BLOCK);
	/* Nobody knows whether a torn line was ever told. */
	if (how == KILLED && whole == cut && after != FIRST + all - 1)
		fault(t, "goes on after", after);
	if (after < FIRST + (how == DAMAGED ? LINES : all) - 1)
		fault(t, "gives again what was given:", after);
	if (how != DAMAGED && !ends_whole(t, last->name))
		fault(t, "is not cut off after", whole);
	if (how == POWERLESS && after < t->vault->floor)
		fault(t, "goes on below the floor:", after);
	append_one(t, l, after + 1);
	read_all(t, l);
	check_got(t, 0, sure);
	ledger_unref(&l);
}

static void
cut_each_way(struct test *t, size_t cut)
{
	cut_once(t, KILLED, cut);
	cut_once(t, DAMAGED, cut);
	cut_once(t, POWERLESS, cut);
	keeper_round(t->keeper, 1000, 1000, true);
}

/* Between lines, on both sides of a block's end. */
static void
cut_between_lines(struct test *t, size_t size)
{
	size_t base = t->files[0].len;

	for (unsigned n = 0; n < LINES; n += 37)
		if (t->at[n] > base && t->at[n] < base + size)
			cut_each_way(t, t->at[n] - base);
}

/* One bit of one file is another. */
static void
flip_once(struct test *t)
{
	unsigned which = (unsigned)random() % t->file_count;
	struct file *f = &t->files[which];
	size_t at = (size_t)random() % f->len, base, block;
	char bit = (char)(1 << random() % 8);
	struct ledger *l;
	uint64_t after;

	t->what = f->name;
	t->where = at;
	f->data[at] ^= bit;
	restore(t, true);
	f->data[at] ^= bit;
	t->vault->doubt = 0;
	l = ledger_new(t->vault, "lobby");
	after = ledger_load(l);
	f->data[at] ^= bit;
	if (which < t->segments)
		check_kept(t, f->name, f->data, f->len);
	f->data[at] ^= bit;
	if (after < FIRST + LINES - 1)
		fault(t, "gives again what was given:", after);
	append_one(t, l, after + 1);
	read_all(t, l);
	base = which % t->segments == 0 ? 0 : t->files[0].len;
	block = which < t->segments ? at / SUM_BLOCK : at / SUM_ENTRY;
	check_got(t, 0, lines_before(t, base + block * SUM_BLOCK));
	base += (block + 1) * SUM_BLOCK;
	if (which % t->segments == 0 && base > t->files[0].len)
		base = t->files[0].len;
	if (base < t->at[LINES])
		check_got(t, lines_before(t, base) + 1, LINES);
	if (which < t->segments && !was_logged(f->name))
		fault(t, "nothing was logged of it", 0);
	ledger_unref(&l);
}

/* Starting and ending */

static void
begin(struct test *t, struct config *config)
{
	char why[256] = "", log[128];
	int fd;

	snprintf(t->data, sizeof(t->data), "%s/vcrp-cuts-XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	must(mkdtemp(t->data) != NULL, "mkdtemp");
	snprintf(t->dir, sizeof(t->dir), "%s/rooms/lobby", t->data);
	snprintf(log, sizeof(log), "%s/log", t->data);
	fd = open(log, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	must(fd >= 0 && dup2(fd, STDERR_FILENO) >= 0, log);
	close(fd);
	log_set_clock(lines_as_seconds);
	config->storage_segment = SEGMENT_KIB;
	t->vault = vault_open(config, t->data, "", why, sizeof(why));
	must(t->vault != NULL, why);
	t->keeper = keeper_new(t->vault);
}

static void
end(struct test *t)
{
	char path[512];

	/* Gives back what it has of the ledgers. */
	keeper_round(t->keeper, 2000, 2000, true);
	keeper_free(&t->keeper);
	vault_close(&t->vault);
	each_file(t, remove_one);
	for (unsigned i = 0; i < t->file_count; i++)
		free(t->files[i].data);
	for (unsigned i = 0; i < LINES; i++)
		free(t->lines[i]);
	rmdir(t->dir);
	snprintf(path, sizeof(path), "%s/rooms", t->data);
	rmdir(path);
	snprintf(t->dir, sizeof(t->dir), "%s", t->data);
	each_file(t, remove_one);
	rmdir(t->data);
}

int
main(int argc, char **argv)
{
	static struct test test, *t = &test;
	bool all = argc > 1 && strcmp(argv[1], "all") == 0;
	struct config *config = config_new();
	size_t size, step = all ? 1 : 331;
	unsigned rounds = 0;

	begin(t, config);
	make_lines(t);
	write_log(t);
	t->vault->floor = FIRST * 1000;
	size = t->files[t->segments - 1].len;
	cut_between_lines(t, size);
	for (size_t back = 1; back <= PLACES; back += step) {
		cut_once(t, KILLED, size - back);
		if (rounds % 4 == 0 || !all)
			cut_once(t, DAMAGED, size - back);
		if (rounds % 4 == 2 || !all)
			cut_once(t, POWERLESS, size - back);
		if (++rounds % 64 == 0)
			keeper_round(t->keeper, 1000, 1000, true);
	}
	for (unsigned n = 0; n < (all ? FLIPS : 200); n++) {
		flip_once(t);
		keeper_round(t->keeper, 1000, 1000, true);
	}
	end(t);
	config_free(&config);
	printf("%u cuts, %u faults\n", rounds, t->faults);
	return t->faults > 0;
}
