/* test_restore.c -- is it a whole backup, and is what is made of it the same?
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include <sodium.h>

#include "account/restore.h"
#include "site.h"
#include "suite.h"

/* With a backup of a room that has some segments. */
static void
fill_site(struct site *site, uint64_t *last_r)
{
	struct ledger *l;

	site_open(site);
	l = scribe_ledger(site->s, "lobby");
	scribe_until(l, 2);
	scribe_settle(site->s);
	*last_r = ledger_last(l);
	if (site_back_up(site, l, NULL) < 0)
		abort();
	ledger_unref(&l);
}

/* Is it refused by both, with this fault among others, and nothing left? */
static bool
refused(struct site *site, const char *fault)
{
	char text[1024];
	bool good;

	good = site_verify(site, text, sizeof(text)) > 0 &&
	    strstr(text, fault) != NULL;
	if (!good)
		fprintf(stderr, "not %s but: %s\n", fault, text);
	return !restore(site->backup, site->data) &&
	    !site_has(site->s->dir, "data") && good;
}

static void
restores_what_was_said(void)
{
	struct scribe made = { .dir = "" };
	struct site site;
	struct ledger *l;
	uint64_t last, after;
	size_t len, more;
	char *before, *now;

	fill_site(&site, &last);
	CU_ASSERT(site_is_good(&site));
	CU_ASSERT_FATAL(restore(site.backup, site.data));
	site_run("test -z \"$(find %s -type f ! -perm 0600)\"", site.data);
	site_run("test -z \"$(find %s -type d ! -perm 0700)\"", site.data);
	site_run("test ! -e %s/BACKUP -a ! -e %s/MANIFEST", site.data, site.data);
	site_run("diff -r %s/rooms %s/rooms", site.data, site.backup);
	/* It begins higher than all that the original may have said since. */
	made = *site.s;
	snprintf(made.dir, sizeof(made.dir), "%.60s", site.data);
	scribe_start(&made);
	l = scribe_ledger(&made, "lobby");
	CU_ASSERT_EQUAL(ledger_last(l), last);
	CU_ASSERT(made.vault->floor > last + (UINT64_C(1) << 32));
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
	scribe_free(&site.s);
}

static void
refuses_what_is_not_as_it_was(void)
{
	const char *log = "rooms/lobby/0000000000000001.log";
	struct site site;
	uint64_t last;

	fill_site(&site, &last);
	site_run("cd %s && cp %s kept && printf X | dd of=%s bs=1 seek=70 "
	    "conv=notrunc status=none && mv kept ..", site.backup, log, log);
	CU_ASSERT(refused(&site, "its sum is wrong"));
	site_run("cd %s && rm %s", site.backup, log);
	CU_ASSERT(refused(&site, ".log is missing"));
	site_run("cd %s && ln -s ../../../kept %s", site.backup, log);
	CU_ASSERT(refused(&site, "is a symbolic link"));
	site_run("cd %s && rm %s && mkfifo %s", site.backup, log, log);
	CU_ASSERT(refused(&site, "is no file"));
	site_run("cd %s && rm %s && cp ../kept %s", site.backup, log, log);
	site_run("cd %s && echo x >rooms/lobby/more", site.backup);
	CU_ASSERT(refused(&site, "rooms/lobby/more is not in the MANIFEST"));
	site_run("cd %s && rm rooms/lobby/more && mkdir rooms/lobby/more",
	    site.backup);
	CU_ASSERT(refused(&site, "rooms/lobby/more is not in the MANIFEST"));
	site_run("cd %s && rmdir rooms/lobby/more", site.backup);
	/* The directory is elsewhere. */
	site_run("cd %s && mv rooms ../away && ln -s ../away rooms", site.backup);
	CU_ASSERT(refused(&site, "rooms"));
	site_run("cd %s && rm rooms && mv ../away rooms", site.backup);
	CU_ASSERT(restore(site.backup, site.data));
	scribe_free(&site.s);
}

/* `change` alters "MANIFEST". */
static bool
refused_with(struct site *site, const char *change, const char *fault)
{
	bool good;

	site_run("cd %s && cp MANIFEST ../kept && %s", site->backup, change);
	good = refused(site, fault);
	site_run("cd %s && rm -f evil && cp ../kept MANIFEST", site->backup);
	return good;
}

static void
refuses_a_list_that_is_none(void)
{
	struct site site;
	uint64_t last;

	fill_site(&site, &last);
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
	site_run("cd %s && sed -i 's/backup 1/backup 2/' BACKUP", site.backup);
	CU_ASSERT(refused(&site, "BACKUP is not of a version known here"));
	scribe_free(&site.s);
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
	uint64_t last;

	fill_site(&site, &last);
	site_run("mkdir %s && touch %s/mine", site.data, site.data);
	CU_ASSERT_FALSE(restore(site.backup, site.data));
	site_run("test \"$(ls -A %s)\" = mine && rm %s/mine", site.data, site.data);
	CU_ASSERT(restore(site.backup, site.data));
	CU_ASSERT_FALSE(restore(site.backup, site.data));
	CU_ASSERT_FALSE(restore("none/such", site.data));
	scribe_free(&site.s);
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
