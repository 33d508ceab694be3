/* test_backup.c -- a copy of all data, made while it changes
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>
#include <sqlite3.h>

#include "account/backup.h"
#include "proto/mail.h"
#include "site.h"
#include "suite.h"
#include "sync/thread.h"

enum { STACK = 256 * 1024 };

/* Is the copy of this segment the beginning of what it is now, in whole lines
 * and with sums that agree? Its length, or 0. */
static size_t
good_copy(struct site *p, uint64_t first)
{
	size_t len, now_len, sums_len, good;
	char *copy = site_file(p->backup, first, ".log", &len);
	char *now = site_file(p->s->dir, first, ".log", &now_len);
	char *sums = site_file(p->backup, first, ".sum", &sums_len);

	assert(copy != NULL && now != NULL);
	good = len > 0 && len <= now_len && memcmp(copy, now, len) == 0 &&
	    copy[len - 1] == '\n' && sums != NULL &&
	    sums_len == (len + SUM_BLOCK - 1) / SUM_BLOCK * SUM_ENTRY;
	for (size_t at = 0; good && at < len; at += SUM_BLOCK) {
		uint32_t some = (uint32_t)(len - at < SUM_BLOCK ? len - at :
		    SUM_BLOCK);
		char entry[SUM_ENTRY + 1];

		snprintf(entry, sizeof(entry), "%08x %06u\n",
		    sum_of(copy + at, some).crc, some);
		good = memcmp(sums + at / SUM_BLOCK * SUM_ENTRY, entry,
		    SUM_ENTRY) == 0;
	}
	free(copy);
	free(now);
	free(sums);
	return good ? len : 0;
}

static void
holds_what_was_said(void)
{
	struct site p;
	struct ledger *l;
	struct segment g;
	struct stat st;
	uint64_t bytes = 0;

	site_open(&p);
	l = scribe_ledger(p.s, "lobby");
	scribe_until(l, 3);
	scribe_settle(p.s);
	scribe_fill(l, 200);	/* not summed yet */
	ledger_note(l, slice_of("DELETE lobby 7 1 ~alice 3\n"));
	/* Being written right now. */
	g = scribe_segment(l, 2);
	scribe_write(p.s, "lobby", g.first, ".log", g.size, "MSG lo", 6);
	CU_ASSERT_EQUAL(site_back_up(&p, l, NULL), 0);
	CU_ASSERT(site_is_good(&p));
	for (unsigned i = 0; i < 3; i++) {
		g = scribe_segment(l, i);
		CU_ASSERT_EQUAL(good_copy(&p, g.first), g.size);
		bytes += g.size;
	}
	CU_ASSERT_EQUAL(p.totals.files, 3 * 2 + 3);	/* and todo, ... */
	CU_ASSERT(p.totals.bytes > bytes);
	CU_ASSERT(stat(p.backup, &st) == 0 && (st.st_mode & 0777) == 0700);
	CU_ASSERT(site_has(p.backup, "rooms/lobby/todo"));
	CU_ASSERT(site_has(p.backup, "ceiling"));
	site_run("grep -q ' state=backup ' %s/ceiling", p.backup);
	site_run("grep -q '^vcrp-backup 1 vcrpd/[^ ]* 20..-..-..T..:..:..Z$' "
	    "%s/BACKUP", p.backup);
	site_run("cd %s && sha256sum --quiet -c MANIFEST", p.backup);
	site_run("test -z \"$(find %s/* ! -perm 0600 ! -type d)\"", p.backup);
	site_run("test -z \"$(find %s -type d ! -perm 0700)\"", p.backup);
	ledger_unref(&l);
	scribe_free(&p.s);
}

/* Of a room that nobody has entered since the start. */
static void
holds_rooms_that_sleep(void)
{
	struct site p;
	struct ledger *l;
	struct segment g;

	site_open(&p);
	l = scribe_ledger(p.s, "lobby");
	scribe_until(l, 2);
	scribe_settle(p.s);
	g = scribe_segment(l, 1);
	ledger_unref(&l);
	l = ledger_new(p.s->vault, "lobby");
	CU_ASSERT_EQUAL(site_back_up(&p, l, NULL), 0);
	CU_ASSERT(site_is_good(&p));
	CU_ASSERT_EQUAL(good_copy(&p, g.first), g.size);
	CU_ASSERT_EQUAL(p.totals.files, 2 * 2 + 2);
	ledger_unref(&l);
	/* And of one that never said anything. */
	site_run("rm -r %s", p.backup);
	l = ledger_new(p.s->vault, "silent");
	CU_ASSERT_EQUAL(site_back_up(&p, l, NULL), 0);
	CU_ASSERT_EQUAL(p.totals.files, 2);
	CU_ASSERT_FALSE(site_has(p.backup, "rooms/silent"));
	ledger_unref(&l);
	scribe_free(&p.s);
}

struct writer {
	struct site   *site;
	struct scribe *s;
	struct ledger *ledger;
	atomic_bool    stop;
	atomic_uint    said;
};

static void
write_on(void *arg)
{
	struct writer *w = arg;

	while (!atomic_load(&w->stop) && atomic_load(&w->said) < 3000) {
		scribe_fill(w->ledger, 300);
		atomic_fetch_add(&w->said, 1);
	}
}

/* Each time some more. */
static void
is_a_prefix_while_somebody_talks(void)
{
	struct writer w = { .s = NULL };
	struct thread t;
	struct site p;
	uint64_t first;

	site_open(&p);
	atomic_store(&p.s->config->storage_segment, 65536);
	w.ledger = scribe_ledger(p.s, "lobby");
	scribe_fill(w.ledger, 300);
	first = scribe_segment(w.ledger, 0).first;
	if (thread_start(&t, "writer", STACK, false, write_on, &w) < 0)
		abort();
	for (unsigned i = 0; i < 8; i++) {
		CU_ASSERT_EQUAL(site_back_up(&p, w.ledger, NULL), 0);
		CU_ASSERT(site_is_good(&p));
		CU_ASSERT(good_copy(&p, first) > 0);
		CU_ASSERT_EQUAL(good_copy(&p, first) % 300, 0);
		site_run("rm -r %s", p.backup);
	}
	atomic_store(&w.stop, true);
	thread_join(&t);
	ledger_unref(&w.ledger);
	scribe_free(&p.s);
}

static void
erase_on(void *arg)
{
	struct writer *w = arg;
	uint64_t first = scribe_segment(w->ledger, 0).first;
	struct mailbox box;

	mailbox_init(&box, 0);
	for (uint64_t i = 0; i < 300 && !atomic_load(&w->stop); i++) {
		struct erasure e = {
			.mail.kind = MAIL_ERASE, .back = &box,
			.ledger = w->ledger, .target = first + i,
			.by = ledger_last(w->ledger)
		};
		struct mail *waiters;

		mailbox_send(w->s->vault->keeper, &e.mail);
		while (mailbox_take(&box, &waiters) == NULL)
			keeper_round(w->s->keeper, 0, SCRIBE_WALL, true);
	}
	mailbox_fini(&box);
}

/* The one block that there is has a sum that agrees with it. */
static bool
agrees(struct site *p, uint64_t first)
{
	char entry[SUM_ENTRY + 1], *copy, *sums;
	size_t len, sums_len;
	bool good;

	copy = site_file(p->backup, first, ".log", &len);
	sums = site_file(p->backup, first, ".sum", &sums_len);
	assert(copy != NULL && sums != NULL);
	snprintf(entry, sizeof(entry), "%08x %06u\n",
	    sum_of(copy, (uint32_t)len).crc, (unsigned)len);
	good = len == 200 * 300 && strcmp(sums, entry) == 0;
	free(copy);
	free(sums);
	return good;
}

/* No block of the copy may look damaged by that. */
static void
is_whole_while_something_is_erased(void)
{
	struct writer w = { .s = NULL };
	struct thread t;
	struct site p;

	site_open(&p);
	w.s = p.s;
	w.ledger = scribe_ledger(p.s, "lobby");
	for (unsigned i = 0; i < 200; i++)
		scribe_fill(w.ledger, 300);
	scribe_settle(p.s);
	if (thread_start(&t, "eraser", STACK, false, erase_on, &w) < 0)
		abort();
	for (unsigned i = 0; i < 8; i++) {
		CU_ASSERT_EQUAL(site_back_up(&p, w.ledger, NULL), 0);
		CU_ASSERT(agrees(&p, scribe_segment(w.ledger, 0).first));
		site_run("rm -r %s", p.backup);
	}
	atomic_store(&w.stop, true);
	thread_join(&t);
	ledger_unref(&w.ledger);
	scribe_free(&p.s);
}

/* What erases in the middle of a block, and goes on when the copy has begun. */
static void
finish_erasing(void *arg)
{
	struct site *p = ((struct writer *)arg)->site;
	struct ledger *l = ((struct writer *)arg)->ledger;
	uint64_t first = scribe_segment(l, 0).first;
	char path[128], entry[SUM_ENTRY + 1], *now;
	size_t len;

	snprintf(path, sizeof(path), "rooms/lobby/%016llu.log",
	    (unsigned long long)first);
	while (!site_has(p->backup, path))
		sched_yield();
	usleep(2000);
	scribe_write(p->s, "lobby", first, ".log", 201, " ", 1);
	now = site_file(p->s->dir, first, ".log", &len);
	snprintf(entry, sizeof(entry), "%08x %06u\n",
	    sum_of(now, (uint32_t)len).crc, (unsigned)len);
	free(now);
	scribe_write(p->s, "lobby", first, ".sum", 0, entry, SUM_ENTRY);
	atomic_fetch_add(&l->erasing, 1);
}

static void
waits_for_a_block_that_changes(void)
{
	struct writer w = { .s = NULL };
	struct thread t;
	struct site p;
	uint64_t first;

	site_open(&p);
	w.site = &p;
	w.ledger = scribe_ledger(p.s, "lobby");
	for (unsigned i = 0; i < 200; i++)
		scribe_fill(w.ledger, 300);
	scribe_settle(p.s);
	first = scribe_segment(w.ledger, 0).first;
	atomic_fetch_add(&w.ledger->erasing, 1);
	scribe_write(p.s, "lobby", first, ".log", 200, " ", 1);
	if (thread_start(&t, "eraser", STACK, false, finish_erasing, &w) < 0)
		abort();
	CU_ASSERT_EQUAL(site_back_up(&p, w.ledger, NULL), 0);
	thread_join(&t);
	CU_ASSERT(agrees(&p, first));
	CU_ASSERT_EQUAL(good_copy(&p, first), 200 * 300);
	ledger_unref(&w.ledger);
	scribe_free(&p.s);
}

static void
leaves_damage_to_be_seen(void)
{
	char before[2 * SUM_ENTRY + 1], *sums;
	struct site p;
	struct ledger *l;
	uint64_t first;
	size_t len;

	site_open(&p);
	atomic_store(&p.s->config->storage_segment, 1024);
	l = scribe_ledger(p.s, "lobby");
	for (unsigned i = 0; i < 40; i++)
		scribe_fill(l, 3000);
	scribe_settle(p.s);
	first = scribe_segment(l, 0).first;
	sums = site_file(p.s->dir, first, ".sum", &len);
	snprintf(before, sizeof(before), "%s", sums);
	free(sums);
	scribe_write(p.s, "lobby", first, ".log", 70000, "?", 1);
	CU_ASSERT_EQUAL(site_back_up(&p, l, NULL), 0);
	CU_ASSERT(site_is_good(&p));
	sums = site_file(p.backup, first, ".sum", &len);
	CU_ASSERT_STRING_EQUAL(sums, before);
	free(sums);
	ledger_unref(&l);
	scribe_free(&p.s);
}

/* What `keep` lets go of meanwhile is not there, nor is what is before it. */
static void
begins_later_where_the_room_does(void)
{
	struct site p;
	struct ledger *l;
	char path[128];

	site_open(&p);
	l = scribe_ledger(p.s, "lobby");
	scribe_until(l, 4);
	scribe_settle(p.s);
	scribe_remove(p.s, "lobby", scribe_segment(l, 1).first, ".log");
	CU_ASSERT_EQUAL(site_back_up(&p, l, NULL), 0);
	CU_ASSERT(site_is_good(&p));
	for (unsigned i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "rooms/lobby/%016llu.log",
		    (unsigned long long)scribe_segment(l, i).first);
		CU_ASSERT_EQUAL(site_has(p.backup, path), i >= 2);
	}
	ledger_unref(&l);
	scribe_free(&p.s);
}

static void
execute(sqlite3 *db, const char *sql)
{
	char *why = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
		fprintf(stderr, "%s: %s\n", sql, why);
	sqlite3_free(why);
}

static int
sum_of_table(const char *path)
{
	sqlite3_stmt *st = NULL;
	sqlite3 *db = NULL;
	int sum = -1;

	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) ==
	    SQLITE_OK && sqlite3_prepare_v2(db, "SELECT sum(x) FROM t", -1,
	    &st, NULL) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW)
		sum = sqlite3_column_int(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return sum;
}

static void
holds_the_store_between_two_changes(void)
{
	char store[128], copy[256];
	struct site p;
	struct ledger *l;
	sqlite3 *db;

	site_open(&p);
	l = scribe_ledger(p.s, "lobby");
	snprintf(store, sizeof(store), "%s/vcrpd.db", p.s->dir);
	snprintf(copy, sizeof(copy), "%s/vcrpd.db", p.backup);
	CU_ASSERT_EQUAL(site_back_up(&p, l, store), -ENOENT);
	CU_ASSERT(strstr(p.why, "vcrpd.db") != NULL);
	CU_ASSERT_FALSE(site_has(p.s->dir, "backup"));
	sqlite3_open(store, &db);
	execute(db, "PRAGMA journal_mode = WAL; CREATE TABLE t(x);"
	    "INSERT INTO t VALUES(1); INSERT INTO t VALUES(2);"
	    "BEGIN; INSERT INTO t VALUES(100)");
	CU_ASSERT_EQUAL(site_back_up(&p, l, store), 0);
	CU_ASSERT(site_is_good(&p));
	CU_ASSERT_EQUAL(sum_of_table(copy), 3);
	site_run("rm -r %s", p.backup);
	execute(db, "COMMIT");
	CU_ASSERT_EQUAL(site_back_up(&p, l, store), 0);
	CU_ASSERT_EQUAL(sum_of_table(copy), 103);
	sqlite3_close(db);
	ledger_unref(&l);
	scribe_free(&p.s);
}

static void
takes_only_an_empty_directory(void)
{
	struct site p;
	struct ledger *l;

	site_open(&p);
	l = scribe_ledger(p.s, "lobby");
	scribe_fill(l, 100);
	site_run("mkdir %s", p.backup);
	CU_ASSERT_EQUAL(site_back_up(&p, l, NULL), 0);
	CU_ASSERT_EQUAL(site_back_up(&p, l, NULL), -ENOTEMPTY);
	CU_ASSERT(strstr(p.why, "not empty") != NULL);
	CU_ASSERT(site_is_good(&p));
	snprintf(p.backup, sizeof(p.backup), "%s/none/x", p.s->dir);
	CU_ASSERT_EQUAL(site_back_up(&p, l, NULL), -ENOENT);
	snprintf(p.backup, sizeof(p.backup), "%s/rooms/lobby/x", p.s->dir);
	CU_ASSERT_EQUAL(site_back_up(&p, l, NULL), -EINVAL);
	CU_ASSERT_FALSE(site_has(p.s->dir, "rooms/lobby/x"));
	ledger_unref(&l);
	scribe_free(&p.s);
}

/* As on a full disk. */
static void
leaves_nothing_when_it_fails(void)
{
	struct rlimit before, small;
	const atomic_bool stop = true;
	struct site p;
	struct ledger *l;
	int rc;

	site_open(&p);
	l = scribe_ledger(p.s, "lobby");
	scribe_until(l, 2);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	small = before;
	small.rlim_cur = 40000;
	setrlimit(RLIMIT_FSIZE, &small);
	rc = site_back_up(&p, l, NULL);
	setrlimit(RLIMIT_FSIZE, &before);
	CU_ASSERT_EQUAL(rc, -EFBIG);
	CU_ASSERT(strstr(p.why, "backup/rooms/lobby/0") != NULL);
	CU_ASSERT_FALSE(site_has(p.s->dir, "backup"));
	/* A directory that was there before stays. */
	site_run("mkdir %s", p.backup);
	rc = backup_make(p.s->vault, &l, 1, NULL, p.backup, &stop, &p.totals,
	    p.why, sizeof(p.why));
	CU_ASSERT_EQUAL(rc, -ECANCELED);
	CU_ASSERT_EQUAL(rmdir(p.backup), 0);
	ledger_unref(&l);
	scribe_free(&p.s);
}

static CU_TestInfo tests[] = {
	{ "holds what was said", holds_what_was_said },
	{ "holds rooms that sleep", holds_rooms_that_sleep },
	{ "is a prefix while somebody talks",
	    is_a_prefix_while_somebody_talks },
	{ "is whole while something is erased",
	    is_whole_while_something_is_erased },
	{ "waits for a block that changes", waits_for_a_block_that_changes },
	{ "leaves damage to be seen", leaves_damage_to_be_seen },
	{ "begins later where the room does",
	    begins_later_where_the_room_does },
	{ "holds the store between two changes",
	    holds_the_store_between_two_changes },
	{ "takes only an empty directory", takes_only_an_empty_directory },
	{ "leaves nothing when it fails", leaves_nothing_when_it_fails },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "backup", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	if (sodium_init() < 0)
		return EXIT_FAILURE;
	return suite_run(suites);
}
