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
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "cuts.h"
#include "ledger/sums.h"

enum { FLIPS = 1000 };

enum how { KILLED, DAMAGED, POWERLESS };

/* No line of the log is to be suppressed: each is in another second. */
static int64_t
lines_as_seconds(void)
{
	static int64_t now;

	return ++now;
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
