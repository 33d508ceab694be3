/* test_vault.c -- what all numbers are below
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "datadir.h"
#include "faulty.h"
#include "ledger/ceiling.h"
#include "ledger/parts.h"
#include "suite.h"

#define STEP (UINT64_C(1) << 30)
#define COPY (UINT64_C(1) << 32)
#define YEAR UINT64_C(31536000000)

static struct ceiling
now(void)
{
	char text[VAULT_CEILING_MAX], path[64];
	struct ceiling c = { .number = 0 };
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "%s/ceiling", datadir.path);
	f = fopen(path, "r");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	len = fread(text, 1, sizeof(text), f);
	fclose(f);
	CU_ASSERT_EQUAL(ceiling_parse((struct slice){ text, len }, &c), 0);
	return c;
}

/* Nothing can be given twice: the file is above all that may be given. */
static void
is_ahead(struct vault *v, uint64_t floor)
{
	CU_ASSERT_EQUAL(v->floor, floor);
	CU_ASSERT(v->ceiling > floor);
	CU_ASSERT_STRING_EQUAL(now().state, "open");
	CU_ASSERT_EQUAL(now().number, v->ceiling);
	CU_ASSERT_STRING_EQUAL(now().life, v->life);
	CU_ASSERT_STRING_EQUAL(now().boot, "boot-1");
	CU_ASSERT(now().time > v->begun);
}

static void
begins_in_an_empty_directory(void)
{
	uint64_t wall = clock_wall_ms();
	struct vault *v;

	datadir_clear();
	v = datadir_open("");
	CU_ASSERT(v->trusted);
	CU_ASSERT_EQUAL(strspn(v->life, "0123456789abcdef"), LIFE_BYTES);
	CU_ASSERT(v->floor >= wall * 1024 && v->floor < (wall + 5000) * 1024);
	CU_ASSERT(v->begun >= wall && v->begun < wall + 5000);
	is_ahead(v, v->floor);
	vault_close(&v);
	CU_ASSERT_PTR_NULL(v);
}

static void
is_for_one_server(void)
{
	struct vault *v;

	datadir_clear();
	v = datadir_open("");
	CU_ASSERT_PTR_NULL(vault_open(datadir.config, datadir.path, "",
	    datadir.why, sizeof(datadir.why)));
	CU_ASSERT_PTR_NOT_NULL(strstr(datadir.why, "another server"));
	vault_close(&v);
	v = datadir_open("");
	vault_close(&v);
}

static void
goes_on_after_an_orderly_stop(void)
{
	uint64_t high, time = clock_wall_ms() + 5000;
	char life[LIFE_BYTES + 1];
	struct vault *v;

	datadir_clear();
	v = datadir_open("");
	high = v->floor + 1000000;
	vault_note(v, high, time);
	vault_note(v, high - 1, time - 1);
	memcpy(life, v->life, sizeof(life));
	vault_close(&v);
	CU_ASSERT_STRING_EQUAL(now().state, "closed");
	CU_ASSERT_EQUAL(now().time, time);
	v = datadir_open(life);
	CU_ASSERT(v->trusted);
	CU_ASSERT_EQUAL(v->floor, high + 1);
	CU_ASSERT_EQUAL(v->begun, time);
	CU_ASSERT_STRING_EQUAL(v->life, life);
	vault_close(&v);
}

static void
trusts_what_a_kill_left(void)
{
	uint64_t number = clock_wall_ms() * 1024 + STEP;
	struct vault *v;

	datadir_leave("open", "boot-1", number, 1000);
	v = datadir_open(DATADIR_LIFE);
	CU_ASSERT(v->trusted);
	CU_ASSERT_STRING_EQUAL(v->life, DATADIR_LIFE);
	is_ahead(v, number);
	vault_close(&v);
}

static void
trusts_nothing_after_another_boot(void)
{
	uint64_t number = clock_wall_ms() * 1024 + STEP;
	struct vault *v;

	datadir_leave("open", "boot-0", number, 1000);
	v = datadir_open(DATADIR_LIFE);
	CU_ASSERT_FALSE(v->trusted);
	CU_ASSERT_STRING_EQUAL(v->life, DATADIR_LIFE);
	is_ahead(v, number);
	vault_close(&v);
	datadir_leave("closed", "boot-0", number, 1000);
	v = datadir_open(DATADIR_LIFE);
	CU_ASSERT(v->trusted);
	is_ahead(v, number);
	vault_close(&v);
	datadir_leave("open", "unknown", number, 1000);
	v = datadir_open(DATADIR_LIFE);
	CU_ASSERT_FALSE(v->trusted);
	vault_close(&v);
}

/* A kill and an orderly stop later there are rooms that nobody entered. */
static void
doubt_stays(void)
{
	uint64_t number = clock_wall_ms() * 1024 + STEP;
	struct vault *v;

	datadir_leave("open", "boot-0", number, 1000);
	v = datadir_open(DATADIR_LIFE);
	CU_ASSERT_EQUAL(v->doubt, number);
	vault_close(&v);
	v = datadir_open(DATADIR_LIFE);
	CU_ASSERT(v->trusted);
	CU_ASSERT_EQUAL(v->doubt, number);
	CU_ASSERT(v->floor > number);
	vault_close(&v);
	datadir_leave("open", "boot-1", number, 1000);
	v = datadir_open(DATADIR_LIFE);
	CU_ASSERT_EQUAL(v->doubt, 0);
	vault_close(&v);
}

static void
a_failed_sync_is_a_doubt(void)
{
	uint64_t wall = clock_wall_ms(), high;
	struct vault *v;

	datadir_leave("open", "boot-1", wall * 1024 + STEP, 1000);
	v = datadir_open(DATADIR_LIFE);
	high = v->ceiling - 1;
	vault_note(v, high, wall);
	vault_doubt(v);
	CU_ASSERT_EQUAL(vault_raise(v, wall), 0);
	CU_ASSERT(now().doubt > high);
	vault_close(&v);
	v = datadir_open(DATADIR_LIFE);
	CU_ASSERT(v->doubt > high);
	CU_ASSERT(v->floor >= v->doubt);
	vault_close(&v);
}

static void
is_copy(const char *life, uint64_t least)
{
	struct vault *v = datadir_open(life);

	CU_ASSERT_FALSE(v->trusted);
	CU_ASSERT(v->floor >= least + COPY);
	CU_ASSERT_STRING_NOT_EQUAL(v->life, DATADIR_LIFE);
	is_ahead(v, v->floor);
	vault_close(&v);
}

static void
goes_far_up_in_a_copy(void)
{
	uint64_t wall = clock_wall_ms() * 1024, number = wall + 7 * STEP;
	struct vault *v;
	char text[VAULT_CEILING_MAX];
	size_t len;

	datadir_leave("backup", "backup", number, 1000);
	is_copy(DATADIR_LIFE, number);
	datadir_leave("closed", "boot-1", number, 1000);
	is_copy("fedcba9876543210fedcba9876543210", number);
	datadir_leave("closed", "boot-1", number, 1000);
	is_copy("", number);
	/* What a backup gets is one. */
	datadir_clear();
	v = datadir_open("");
	len = vault_ceiling_text(v, text);
	number = v->ceiling;
	vault_close(&v);
	datadir_clear();
	datadir_fill("ceiling", text, len);
	is_copy(DATADIR_LIFE, number);
}

static void
without_a_ceiling_rooms_are_a_copy(void)
{
	uint64_t wall = clock_wall_ms() * 1024;
	struct vault *v;

	datadir_clear();
	datadir_room("lobby");
	is_copy(DATADIR_LIFE, wall);
	datadir_leave("open", "boot-1", 1000, 1000);
	datadir_fill("ceiling", "", 0);
	is_copy(DATADIR_LIFE, wall);
	datadir_clear();
	v = datadir_open(DATADIR_LIFE);
	CU_ASSERT(v->trusted);
	vault_close(&v);
}

static void
any_damage_to_the_ceiling_is_seen(void)
{
	struct ceiling c = { .life = DATADIR_LIFE,
		.boot = "boot-1",
		.state = "closed",
		.number = 123456789,
		.time = 98765 },
		       got;
	char text[VAULT_CEILING_MAX], bad[VAULT_CEILING_MAX];
	size_t len = ceiling_print(&c, text);
	int rc;

	CU_ASSERT_EQUAL(ceiling_parse((struct slice){ text, len }, &got), 0);
	CU_ASSERT_EQUAL(got.number, 123456789);
	CU_ASSERT_EQUAL(got.time, 98765);
	CU_ASSERT_STRING_EQUAL(got.state, "closed");
	for (size_t i = 0; i < len * 8; i++) {
		memcpy(bad, text, len);
		bad[i / 8] ^= (char)(1 << i % 8);
		rc = ceiling_parse((struct slice){ bad, len }, &got);
		CU_ASSERT(rc == -EINVAL || rc == -ENOTSUP);
		CU_ASSERT(rc == -EINVAL || i / 8 == strlen("vcrp-ceiling "));
	}
	for (size_t i = 0; i < len; i++)
		CU_ASSERT_EQUAL(
		    ceiling_parse((struct slice){ text, i }, &got), -EINVAL);
	memcpy(text + len, "x", 1);
	CU_ASSERT_EQUAL(
	    ceiling_parse((struct slice){ text, len + 1 }, &got), -EINVAL);
}

static void
refuses_what_a_later_version_wrote(void)
{
	const char *text = "vcrp-ceiling 2 something=else\n";

	datadir_clear();
	datadir_fill("ceiling", text, strlen(text));
	CU_ASSERT_PTR_NULL(vault_open(datadir.config, datadir.path, "",
	    datadir.why, sizeof(datadir.why)));
	CU_ASSERT_PTR_NOT_NULL(strstr(datadir.why, "later version"));
	CU_ASSERT_PTR_NOT_NULL(strstr(datadir.why, "ceiling"));
	text = "vcrp-ceiling 1 something=else\n";
	datadir_room("lobby");
	datadir_fill("ceiling", text, strlen(text));
	is_copy("", 0);
}

static void
clocks_may_jump(void)
{
	uint64_t wall = clock_wall_ms(), ahead = (wall + YEAR) * 1024;
	struct vault *v;

	/* The clock was a year ahead, and is right again. */
	datadir_leave("closed", "boot-1", ahead, wall + YEAR);
	v = datadir_open(DATADIR_LIFE);
	is_ahead(v, ahead);
	CU_ASSERT_EQUAL(v->begun, wall + YEAR);
	vault_close(&v);
	CU_ASSERT(now().number > ahead);
	CU_ASSERT(now().time >= wall + YEAR);
	/* It was a year behind. */
	datadir_leave("closed", "boot-1", (wall - YEAR) * 1024, wall - YEAR);
	v = datadir_open(DATADIR_LIFE);
	CU_ASSERT(v->floor >= wall * 1024);
	CU_ASSERT(v->begun >= wall);
	/* It jumps while the server runs. */
	CU_ASSERT_EQUAL(vault_raise(v, wall + YEAR), 0);
	CU_ASSERT(v->ceiling >= ahead + STEP / 2);
	ahead = v->ceiling;
	CU_ASSERT_EQUAL(vault_raise(v, wall), 0);
	CU_ASSERT_EQUAL(v->ceiling, ahead);
	CU_ASSERT(now().time >= wall + YEAR);
	vault_close(&v);
}

static void
the_ceiling_is_raised_in_time(void)
{
	uint64_t wall = clock_wall_ms(), old;
	struct vault *v;

	datadir_clear();
	v = datadir_open("");
	old = v->ceiling;
	CU_ASSERT_EQUAL(vault_raise(v, wall), 0);
	CU_ASSERT_EQUAL(v->ceiling, old);
	vault_note(v, v->floor + STEP / 2 + 1, 0);
	faulty_set("any:ENOSPC:path=ceiling");
	CU_ASSERT_EQUAL(vault_raise(v, wall), -ENOSPC);
	CU_ASSERT_EQUAL(v->ceiling, old);
	CU_ASSERT_EQUAL(v->counters.failures, 1);
	CU_ASSERT_EQUAL(now().number, old);
	faulty_set(NULL);
	CU_ASSERT_EQUAL(vault_raise(v, wall), 0);
	CU_ASSERT(v->ceiling >= old + STEP / 2);
	CU_ASSERT_EQUAL(now().number, v->ceiling);
	/* Its time is never near that of an event. */
	vault_note(v, 0, now().time - 1000);
	CU_ASSERT_EQUAL(vault_raise(v, wall), 0);
	CU_ASSERT(now().time >= v->time + 5000);
	vault_close(&v);
}

static void
cannot_begin_without_a_ceiling_on_disk(void)
{
	static const char *const calls[] = { "write", "sync", "rename" };
	char rule[64];

	for (unsigned i = 0; i < 3; i++) {
		datadir_clear();
		snprintf(rule, sizeof(rule), "%s:EIO", calls[i]);
		faulty_set(rule);
		CU_ASSERT_PTR_NULL(vault_open(datadir.config, datadir.path, "",
		    datadir.why, sizeof(datadir.why)));
		CU_ASSERT_PTR_NOT_NULL(
		    strstr(datadir.why, "Input/output error"));
		faulty_set(NULL);
	}
	faulty_set("mkdir:EROFS");
	datadir_clear();
	CU_ASSERT_PTR_NULL(vault_open(datadir.config, datadir.path, "",
	    datadir.why, sizeof(datadir.why)));
	faulty_set(NULL);
	CU_ASSERT_PTR_NULL(vault_open(
	    datadir.config, "not-there", "", datadir.why, sizeof(datadir.why)));
	CU_ASSERT_PTR_NOT_NULL(strstr(datadir.why, "not-there"));
}

static CU_TestInfo tests[] = { { "begins in an empty directory",
				   begins_in_an_empty_directory },
	{ "is for one server", is_for_one_server },
	{ "goes on after an orderly stop", goes_on_after_an_orderly_stop },
	{ "trusts what a kill left", trusts_what_a_kill_left },
	{ "trusts nothing after another boot",
	    trusts_nothing_after_another_boot },
	{ "doubt stays", doubt_stays },
	{ "a failed sync is a doubt", a_failed_sync_is_a_doubt },
	{ "goes far up in a copy", goes_far_up_in_a_copy },
	{ "without a ceiling rooms are a copy",
	    without_a_ceiling_rooms_are_a_copy },
	{ "any damage to the ceiling is seen",
	    any_damage_to_the_ceiling_is_seen },
	{ "refuses what a later version wrote",
	    refuses_what_a_later_version_wrote },
	{ "clocks may jump", clocks_may_jump },
	{ "the ceiling is raised in time", the_ceiling_is_raised_in_time },
	{ "cannot begin without a ceiling on disk",
	    cannot_begin_without_a_ceiling_on_disk },
	CU_TEST_INFO_NULL };

static CU_SuiteInfo suites[] = { { "vault", datadir_start, datadir_finish, NULL,
				     NULL, tests },
	CU_SUITE_INFO_NULL };

int
main(void)
{
	return suite_run(suites);
}
