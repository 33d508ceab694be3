/* test_restore.c -- is it a whole backup, and is what is made of it the same?
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "account/backup.h"
#include "account/restore.h"
#include "scribe.h"
#include "suite.h"

/* A data directory with a backup of it, in which a room has some segments. */
struct site {
	struct scribe *s;
	char           backup[128];
	char           data[128];	/* to be restored to */
	uint64_t       first, last;	/* of the segment first[0]; said */
};

struct told {
	unsigned count;
	char     text[1024];
};

static void
on_fault(const char *path, const char *what, void *arg)
{
	struct told *t = arg;
	size_t len = strlen(t->text);

	t->count++;
	snprintf(t->text + len, sizeof(t->text) - len, "%s %s\n", path, what);
}

static unsigned
verify(const char *backup, struct told *t)
{
	int dir = open(backup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct manifest_totals totals;
	struct manifest m;
	unsigned faults;

	*t = (struct told){ .count = 0 };
	assert(dir >= 0);
	faults = manifest_read(dir, &m, on_fault, t);
	if (faults == 0) {
		faults = manifest_verify(dir, &m, &totals, on_fault, t);
		manifest_free(&m);
	}
	close(dir);
	CU_ASSERT_EQUAL(faults, t->count);
	return faults;
}

__attribute__((format(printf, 1, 2))) static void
run(const char *format, ...)
{
	char command[512];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	if (system(command) != 0) {
		fprintf(stderr, "%s: failed\n", command);
		abort();
	}
}

static void
open_site(struct site *site)
{
	struct manifest_totals totals;
	struct ledger *l;
	char why[512];

	site->s = scribe_new(SYNC_INTERVAL);
	snprintf(site->backup, sizeof(site->backup), "%s/backup",
	    site->s->dir);
	snprintf(site->data, sizeof(site->data), "%s/data", site->s->dir);
	l = scribe_ledger(site->s, "lobby");
	scribe_until(l, 2);
	scribe_settle(site->s);
	site->first = scribe_segment(l, 0).first;
	site->last = ledger_last(l);
	if (backup_make(site->s->vault, &l, 1, NULL, site->backup, NULL,
	    &totals, why, sizeof(why)) < 0)
		abort();
	ledger_unref(&l);
}

static void
close_site(struct site *site)
{
	scribe_free(&site->s);
}

static bool
is_there(const char *path)
{
	return access(path, F_OK) == 0;
}

/* Is it refused by both, with this fault among others, and nothing left? */
static bool
refused(struct site *site, const char *fault)
{
	struct told t;
	bool good;

	good = verify(site->backup, &t) > 0 && strstr(t.text, fault) != NULL;
	if (!good)
		fprintf(stderr, "not %s but: %s\n", fault, t.text);
	return !restore(site->backup, site->data) && !is_there(site->data) &&
	    good;
}

static void
restores_what_was_said(void)
{
	struct scribe made = { .dir = "" };
	struct site site;
	struct told t;
	struct ledger *l;
	uint64_t after;
	size_t len, more;
	char *before, *now;

	open_site(&site);
	CU_ASSERT_EQUAL(verify(site.backup, &t), 0);
	CU_ASSERT_FATAL(restore(site.backup, site.data));
	run("test -z \"$(find %s -type f ! -perm 0600)\"", site.data);
	run("test -z \"$(find %s -type d ! -perm 0700)\"", site.data);
	run("test ! -e %s/BACKUP -a ! -e %s/MANIFEST", site.data, site.data);
	run("diff -r %s/rooms %s/rooms", site.data, site.backup);
	/* It begins higher than all that the original may have said since. */
	made = *site.s;
	snprintf(made.dir, sizeof(made.dir), "%.60s", site.data);
	scribe_start(&made);
	l = scribe_ledger(&made, "lobby");
	CU_ASSERT_EQUAL(ledger_last(l), site.last);
	CU_ASSERT(made.vault->floor > site.last + (UINT64_C(1) << 32));
	after = made.vault->floor;
	scribe_add(l, after + 1, "MSG", "again");
	before = scribe_read(site.s, "lobby", scribe_segment(l, 0).first,
	    ".log", &len);
	now = scribe_read(&made, "lobby", scribe_segment(l, 0).first, ".log",
	    &more);
	CU_ASSERT(len == more && memcmp(before, now, len) == 0);
	CU_ASSERT_EQUAL(scribe_count(&made, l, "GAP lobby "), 1);
	CU_ASSERT_EQUAL(scribe_count(&made, l, "again"), 1);
	free(before);
	free(now);
	ledger_unref(&l);
	scribe_kill(&made);
	close_site(&site);
}

static void
refuses_what_is_not_as_it_was(void)
{
	char log[256];
	struct site site;

	open_site(&site);
	snprintf(log, sizeof(log), "rooms/lobby/%016llu.log",
	    (unsigned long long)site.first);
	run("cd %s && cp %s kept && printf X | dd of=%s bs=1 seek=70 "
	    "conv=notrunc status=none && mv kept ..", site.backup, log, log);
	CU_ASSERT(refused(&site, "its sum is wrong"));
	run("cd %s && rm %s", site.backup, log);
	CU_ASSERT(refused(&site, ".log is missing"));
	run("cd %s && ln -s ../../../kept %s", site.backup, log);
	CU_ASSERT(refused(&site, "is a symbolic link"));
	run("cd %s && rm %s && mkfifo %s", site.backup, log, log);
	CU_ASSERT(refused(&site, "is no file"));
	run("cd %s && rm %s && cp ../kept %s", site.backup, log, log);
	run("cd %s && echo x >rooms/lobby/more", site.backup);
	CU_ASSERT(refused(&site, "rooms/lobby/more is not in the MANIFEST"));
	run("cd %s && rm rooms/lobby/more && mkdir rooms/lobby/more",
	    site.backup);
	CU_ASSERT(refused(&site, "rooms/lobby/more is not in the MANIFEST"));
	run("cd %s && rmdir rooms/lobby/more", site.backup);
	/* The directory is elsewhere. */
	run("cd %s && mv rooms ../away && ln -s ../away rooms", site.backup);
	CU_ASSERT(refused(&site, "rooms"));
	run("cd %s && rm rooms && mv ../away rooms", site.backup);
	CU_ASSERT(restore(site.backup, site.data));
	close_site(&site);
}

/* `change` alters "MANIFEST". */
static bool
refused_with(struct site *site, const char *change, const char *fault)
{
	bool good;

	run("cd %s && cp MANIFEST ../kept && %s", site->backup, change);
	good = refused(site, fault);
	run("cd %s && rm -f evil && cp ../kept MANIFEST", site->backup);
	return good;
}

static void
refuses_a_list_that_is_none(void)
{
	struct site site;

	open_site(&site);
	CU_ASSERT(refused_with(&site, "sed -i 1d MANIFEST",
	    "is not in the MANIFEST"));
	CU_ASSERT(refused_with(&site, "truncate -s -3 MANIFEST",
	    "its end is missing"));
	CU_ASSERT(refused_with(&site, ": >MANIFEST", "its end is missing"));
	CU_ASSERT(refused_with(&site, "rm MANIFEST", "MANIFEST is missing"));
	CU_ASSERT(refused_with(&site, "sed -i '1s/^./g/' MANIFEST",
	    "line 1 is none"));
	CU_ASSERT(refused_with(&site, "sed -i '1s/  / /' MANIFEST",
	    "line 1 is none"));
	CU_ASSERT(refused_with(&site, "sed -i p MANIFEST", "listed twice"));
	CU_ASSERT(refused_with(&site, "sed -i /ceiling/d MANIFEST",
	    "no BACKUP or no ceiling"));
	CU_ASSERT(refused_with(&site, "echo x >../evil && "
	    "sha256sum ../evil >>MANIFEST", "is none"));
	CU_ASSERT(refused_with(&site, "sha256sum /etc/hostname >>MANIFEST",
	    "is none"));
	CU_ASSERT(refused_with(&site, "sha256sum rooms/../ceiling >>MANIFEST",
	    "is none"));
	CU_ASSERT(refused_with(&site, "sha256sum ./ceiling >>MANIFEST",
	    "is none"));
	CU_ASSERT(refused_with(&site, "printf 'a\\000b\\n' >>MANIFEST",
	    "cannot be read"));
	CU_ASSERT(refused_with(&site, "ln -s /etc/hostname evil && "
	    "sha256sum evil >>MANIFEST", "is a symbolic link"));
	run("cd %s && sed -i 's/backup 1/backup 2/' BACKUP", site.backup);
	CU_ASSERT(refused(&site, "BACKUP is not of a version known here"));
	close_site(&site);
}

static void
knows_which_paths_are_some(void)
{
	char name[MANIFEST_PATH + 2];

	CU_ASSERT(manifest_is_path("a"));
	CU_ASSERT(manifest_is_path("rooms/%41/0000000000000001.log"));
	CU_ASSERT(manifest_is_path("rooms/..a/.b"));
	CU_ASSERT_FALSE(manifest_is_path(""));
	CU_ASSERT_FALSE(manifest_is_path("/"));
	CU_ASSERT_FALSE(manifest_is_path("/a"));
	CU_ASSERT_FALSE(manifest_is_path("a/"));
	CU_ASSERT_FALSE(manifest_is_path("a//b"));
	CU_ASSERT_FALSE(manifest_is_path("."));
	CU_ASSERT_FALSE(manifest_is_path(".."));
	CU_ASSERT_FALSE(manifest_is_path("a/.."));
	CU_ASSERT_FALSE(manifest_is_path("a/../b"));
	CU_ASSERT_FALSE(manifest_is_path("a/./b"));
	CU_ASSERT_FALSE(manifest_is_path("a/b/c/d"));
	memset(name, 'a', sizeof(name));
	name[MANIFEST_PATH] = '\0';
	CU_ASSERT_FALSE(manifest_is_path(name));
	name[MANIFEST_PATH - 1] = '\0';
	CU_ASSERT(manifest_is_path(name));
}

static void
fills_only_an_empty_directory(void)
{
	struct site site;

	open_site(&site);
	run("mkdir %s && touch %s/mine", site.data, site.data);
	CU_ASSERT_FALSE(restore(site.backup, site.data));
	run("test \"$(ls -A %s)\" = mine && rm %s/mine", site.data, site.data);
	CU_ASSERT(restore(site.backup, site.data));
	CU_ASSERT_FALSE(restore(site.backup, site.data));
	CU_ASSERT_FALSE(restore("none/such", site.data));
	close_site(&site);
}

static CU_TestInfo tests[] = {
	{ "restores what was said", restores_what_was_said },
	{ "refuses what is not as it was", refuses_what_is_not_as_it_was },
	{ "refuses a list that is none", refuses_a_list_that_is_none },
	{ "knows which paths are some", knows_which_paths_are_some },
	{ "fills only an empty directory", fills_only_an_empty_directory },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "restore", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	if (sodium_init() < 0)
		return EXIT_FAILURE;
	return suite_run(suites);
}
