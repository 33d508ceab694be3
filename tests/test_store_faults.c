/* test_store_faults.c -- the store's file is locked, full, gone, or not good
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "stored.h"
#include "suite.h"

enum { NOBODY = 65534, ANSWER_MS = 2000, GUESTS = 1000, LEFT = 500 };

static struct stored *
running(void)
{
	struct stored *s = stored_new();

	CU_ASSERT_FATAL(stored_open(s));
	stored_start(s);
	return s;
}

static bool
leaves(struct stored *s, const char *rows)
{
	const char *text;

	if (s->store != NULL)
		stored_close(s);
	text = stored_rows(s);
	if (strcmp(text, rows) != 0)
		printf("\n    there is:\n%s    not:\n%s", text, rows);
	return strcmp(text, rows) == 0;
}

static bool
run(sqlite3 *db, const char *sql)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

/* Whole, to be compared; its length in len_r. */
static char *
bytes(const char *path, size_t *len_r)
{
	FILE *f = fopen(path, "re");
	char *all;
	long len;

	assert(f != NULL);
	fseek(f, 0, SEEK_END);
	len = ftell(f);
	rewind(f);
	all = xmalloc((size_t)len + 1);
	*len_r = fread(all, 1, (size_t)len, f);
	assert(*len_r == (size_t)len);
	fclose(f);
	return all;
}

/* It does not open, the reason names the file and holds `why`, and nothing in
 * it is changed. */
static bool
is_refused(struct stored *s, const char *why)
{
	size_t len, after;
	char *old = bytes(s->path, &len), *now;
	bool good = !stored_open(s) && strstr(s->why, s->path) != NULL &&
	    strstr(s->why, why) != NULL;

	if (!good)
		printf("\n    %s\n", s->why);
	now = bytes(s->path, &after);
	good = good && after == len && memcmp(old, now, len) == 0;
	free(old);
	free(now);
	return good;
}

/* Mail about so many guests; more than a page of rows. */
static void
reserve_many(struct stored *s, unsigned from, unsigned to)
{
	char nick[40];

	for (unsigned i = from; i < to; i++) {
		snprintf(nick, sizeof(nick), "somebody.with.a.name.%04u", i);
		stored_reserve(s, nick, i + 1, 'x');
	}
	for (unsigned i = from; i < to; i++) {
		snprintf(nick, sizeof(nick), "~somebody.with.a.name.%04u", i);
		CU_ASSERT(stored_done(s, nick, true));
	}
}

static void
forget_many(struct stored *s, unsigned from, unsigned to)
{
	char nick[40];

	for (unsigned i = from; i < to; i++) {
		snprintf(nick, sizeof(nick), "somebody.with.a.name.%04u", i);
		stored_forget(s, nick, i + 1);
	}
}

/* A closed one with something in it. */
static struct stored *
filled(void)
{
	struct stored *s = running();

	reserve_many(s, 0, GUESTS);
	stored_close(s);
	return s;
}

static void
locked_by_another_nobody_waits_long(void)
{
	struct stored *s = running();
	sqlite3 *other = stored_other(s);
	uint64_t begin;

	CU_ASSERT(run(other, "BEGIN IMMEDIATE"));
	stored_topic(s, "a", "first");
	begin = clock_ms();
	stored_reserve(s, "bob", 1000, 'b');
	CU_ASSERT(stored_done(s, "~bob", false));
	CU_ASSERT(clock_ms() - begin < ANSWER_MS);
	CU_ASSERT(stored_silent(s));
	CU_ASSERT(run(other, "ROLLBACK"));
	/* In their order, however often it was tried. */
	stored_topic(s, "a", "second");
	stored_reserve(s, "carol", 1000, 'c');
	CU_ASSERT(stored_done(s, "a", true));
	CU_ASSERT(stored_done(s, "a", true));
	CU_ASSERT(stored_done(s, "~carol", true));
	sqlite3_close(other);
	CU_ASSERT(leaves(s, "room a a second\nguest carol 1000 c\n"));
	stored_free(&s);
}

/* A limit for files is a disk that is full: it fails at once. */
static void
when_there_is_space_again_it_goes_on_by_itself(void)
{
	struct stored *s = running();
	struct store_counts counts;
	struct rlimit old, none;

	getrlimit(RLIMIT_FSIZE, &old);
	none = (struct rlimit){ 0, old.rlim_max };
	signal(SIGXFSZ, SIG_IGN);
	fflush(NULL);
	setrlimit(RLIMIT_FSIZE, &none);
	stored_topic(s, "a", "topic");
	stored_reserve(s, "bob", 1000, 'b');
	CU_ASSERT(stored_done(s, "~bob", false));
	setrlimit(RLIMIT_FSIZE, &old);
	CU_ASSERT(stored_done(s, "a", true));
	store_counts(s->store, &counts);
	CU_ASSERT(counts.failures >= 1);
	CU_ASSERT_EQUAL(counts.waiting, 0);
	CU_ASSERT(leaves(s, "room a a topic\n"));
	stored_free(&s);
}

static void
at_the_end_what_cannot_be_written_comes_back(void)
{
	struct stored *s = running();
	struct rlimit old, none;

	stored_reserve(s, "alice", 1000, 'a');
	CU_ASSERT(stored_done(s, "~alice", true));
	getrlimit(RLIMIT_FSIZE, &old);
	none = (struct rlimit){ 0, old.rlim_max };
	signal(SIGXFSZ, SIG_IGN);
	fflush(NULL);
	setrlimit(RLIMIT_FSIZE, &none);
	stored_topic(s, "a", "topic");
	stored_forget(s, "alice", 1000);
	stored_reserve(s, "bob", 1000, 'b');
	CU_ASSERT(stored_done(s, "~bob", false));
	store_drain(s->store);
	CU_ASSERT(stored_done(s, "a", false));
	/* And from then on at once. */
	stored_topic(s, "b", "topic");
	CU_ASSERT(stored_done(s, "b", false));
	setrlimit(RLIMIT_FSIZE, &old);
	stored_topic(s, "c", "topic");
	CU_ASSERT(stored_done(s, "c", true));
	CU_ASSERT(leaves(s, "room c c topic\nguest alice 1000 a\n"));
	stored_free(&s);
}

static void
what_is_refused_takes_nothing_with_it(void)
{
	struct stored *s = running();
	sqlite3 *other = stored_other(s);

	CU_ASSERT(run(other, "CREATE TRIGGER no BEFORE INSERT ON guests WHEN"
	    " new.name = 'bob' BEGIN SELECT RAISE(ABORT, 'not bob'); END"));
	sqlite3_close(other);
	stored_reserve(s, "alice", 1000, 'a');
	CU_ASSERT(stored_done(s, "~alice", true));
	stored_reserve(s, "bob", 1000, 'b');
	CU_ASSERT(stored_done(s, "~bob", false));
	stored_reserve(s, "carol", 1000, 'c');
	CU_ASSERT(stored_done(s, "~carol", true));
	CU_ASSERT(leaves(s, "guest alice 1000 a\nguest carol 1000 c\n"));
	stored_free(&s);
}

static void
remove_beside(const struct stored *s, const char *end)
{
	char path[128];

	snprintf(path, sizeof(path), "%s%s", s->path, end);
	CU_ASSERT_EQUAL(unlink(path), 0);
}

static void
a_deleted_file_is_made_again(bool all)
{
	struct stored *s = running();
	sqlite3 *other;
	struct stat st;
	const char *rows, *at;
	int left = 0;

	/* What is left is not where it would be in a new file: a -wal that
	 * does not belong to that would spoil it. */
	reserve_many(s, 0, GUESTS);
	other = stored_other(s);
	CU_ASSERT(run(other, "PRAGMA wal_checkpoint(TRUNCATE)"));
	sqlite3_close(other);
	forget_many(s, 0, GUESTS - LEFT);
	stored_topic(s, "a", "topic");
	stored_role(s, "a", "bob", ROLE_VOICE, UINT64_MAX);
	CU_ASSERT(stored_done(s, "a", true));
	CU_ASSERT(stored_done(s, "bob", true));
	remove_beside(s, "");
	if (all) {
		remove_beside(s, "-wal");
		remove_beside(s, "-shm");
	}
	stored_reserve(s, "alice", 1500, 'a');
	CU_ASSERT(stored_done(s, "~alice", true));
	CU_ASSERT_EQUAL(stat(s->path, &st), 0);
	CU_ASSERT_EQUAL(st.st_mode & 0777, 0600);
	stored_reserve(s, "carol", 2000, 'c');
	CU_ASSERT(stored_done(s, "~carol", true));
	stored_close(s);
	rows = stored_rows(s);
	CU_ASSERT(strstr(rows, "room a a topic\nrole a bob voice\n"
	    "guest carol 2000 c\nguest alice 1500 a\n"
	    "guest somebody.with.a.name.0999 1000 x\n") == rows);
	for (at = rows; (at = strstr(at, "guest s")) != NULL; at++)
		left++;
	CU_ASSERT_EQUAL(left, LEFT);
	stored_free(&s);
}

static void
a_deleted_file_is_made_again_whole(void)
{
	a_deleted_file_is_made_again(false);
	a_deleted_file_is_made_again(true);
}

static void
a_file_put_in_its_place_is_used(void)
{
	struct stored *s = running(), *copy = running();

	stored_topic(copy, "copy", "topic");
	CU_ASSERT(stored_done(copy, "copy", true));
	stored_close(copy);
	stored_topic(s, "a", "topic");
	CU_ASSERT(stored_done(s, "a", true));
	CU_ASSERT_EQUAL(rename(copy->path, s->path), 0);
	stored_reserve(s, "alice", 1000, 'a');
	CU_ASSERT(stored_done(s, "~alice", true));
	CU_ASSERT(leaves(s, "room copy copy topic\nguest alice 1000 a\n"));
	stored_free(&s);
	stored_free(&copy);
}

static void
rubbish_put_in_its_place_is_not(void)
{
	struct stored *s = running();
	char other[128];
	FILE *f;

	snprintf(other, sizeof(other), "%s/other", s->dir);
	f = fopen(other, "we");
	assert(f != NULL);
	for (int i = 0; i < 1000; i++)
		fprintf(f, "this is no database\n");
	fclose(f);
	CU_ASSERT_EQUAL(rename(other, s->path), 0);
	stored_reserve(s, "alice", 1000, 'a');
	CU_ASSERT(stored_done(s, "~alice", false));
	stored_reserve(s, "alice", 1000, 'a');
	CU_ASSERT(stored_done(s, "~alice", false));
	stored_close(s);
	CU_ASSERT(is_refused(s, "is damaged"));
	stored_free(&s);
}

static void
a_damaged_one_is_refused(void)
{
	struct stored *s = filled();
	size_t len;
	char *all = bytes(s->path, &len);
	int fd = open(s->path, O_WRONLY | O_CLOEXEC);

	CU_ASSERT(len >= 12 * 4096);
	/* Guests, of whom a start reads nothing before they are asked for. */
	for (size_t at = 8 * 4096; at < len; at += 4096) {
		memset(all + at, 0xa5, 2048);
		CU_ASSERT_EQUAL(pwrite(fd, all + at, 2048, (off_t)at), 2048);
	}
	free(all);
	CU_ASSERT(is_refused(s, "is damaged"));
	CU_ASSERT(strstr(s->why, "backup") != NULL);
	/* The head of the file. */
	CU_ASSERT_EQUAL(pwrite(fd, "rubbish, rubbish", 16, 0), 16);
	CU_ASSERT(is_refused(s, "is damaged"));
	close(fd);
	stored_free(&s);
}

static void
one_of_a_newer_server_is_refused(void)
{
	struct stored *s = filled();
	sqlite3 *other = stored_other(s);

	/* It stays beside the file, in the -wal. */
	sqlite3_db_config(other, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	CU_ASSERT(run(other, "PRAGMA user_version = 99"));
	sqlite3_close(other);
	CU_ASSERT(is_refused(s, "version 99"));
	CU_ASSERT(is_refused(s, "newer"));
	stored_free(&s);
}

static void
one_of_another_program_is_refused(void)
{
	struct stored *s = stored_new();
	sqlite3 *other = stored_other(s);

	CU_ASSERT(run(other, "CREATE TABLE theirs (a)"));
	sqlite3_close(other);
	CU_ASSERT(is_refused(s, "not a database of vcrpd"));
	stored_free(&s);
}

static void
a_link_is_not_followed(void)
{
	struct stored *s = stored_new(), *copy = filled();

	CU_ASSERT_EQUAL(symlink(copy->path, s->path), 0);
	CU_ASSERT(is_refused(s, "no regular file"));
	stored_free(&s);
	stored_free(&copy);
}

/* root may write to any file, so it is somebody else who tries. */
static bool
nobody_is_refused(struct stored *s, const char *why)
{
	int status = 1;
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child == 0) {
		if (geteuid() == 0 && setuid(NOBODY) < 0)
			_exit(2);
		_exit(!stored_open(s) && strstr(s->why, s->path) != NULL &&
		    strstr(s->why, why) != NULL ? 0 : 1);
	}
	return waitpid(child, &status, 0) == child && status == 0;
}

static void
one_that_may_only_be_read_is_refused(void)
{
	struct stored *s = filled();

	CU_ASSERT_EQUAL(chmod(s->dir, 0777), 0);
	CU_ASSERT_EQUAL(chmod(s->path, 0444), 0);
	CU_ASSERT(nobody_is_refused(s, "may only be read"));
	CU_ASSERT_EQUAL(unlink(s->path), 0);
	CU_ASSERT_EQUAL(chmod(s->dir, 0555), 0);
	CU_ASSERT(nobody_is_refused(s, "Permission denied"));
	CU_ASSERT_EQUAL(chmod(s->dir, 0700), 0);
	stored_free(&s);
}

static void
a_directory_that_is_not_there_is_told(void)
{
	struct stored *s = stored_new();

	CU_ASSERT_EQUAL(rmdir(s->dir), 0);
	CU_ASSERT_FALSE(stored_open(s));
	CU_ASSERT(strstr(s->why, s->path) != NULL);
	stored_free(&s);
}

static CU_TestInfo tests[] = {
	{ "locked by another, nobody waits long",
	    locked_by_another_nobody_waits_long },
	{ "when there is space again it goes on by itself",
	    when_there_is_space_again_it_goes_on_by_itself },
	{ "at the end what cannot be written comes back",
	    at_the_end_what_cannot_be_written_comes_back },
	{ "what is refused takes nothing with it",
	    what_is_refused_takes_nothing_with_it },
	{ "a deleted file is made again whole",
	    a_deleted_file_is_made_again_whole },
	{ "a file put in its place is used", a_file_put_in_its_place_is_used },
	{ "rubbish put in its place is not", rubbish_put_in_its_place_is_not },
	{ "a damaged one is refused", a_damaged_one_is_refused },
	{ "one of a newer server is refused",
	    one_of_a_newer_server_is_refused },
	{ "one of another program is refused",
	    one_of_another_program_is_refused },
	{ "a link is not followed", a_link_is_not_followed },
	{ "one that may only be read is refused",
	    one_that_may_only_be_read_is_refused },
	{ "a directory that is not there is told",
	    a_directory_that_is_not_there_is_told },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "store faults", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
