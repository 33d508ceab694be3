/* test_table.c -- what is put in is found, until it is taken out
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "abort.h"
#include "base/table.h"
#include "suite.h"

enum { COUNT = 5000 };

struct entry {
	struct table_node node;
	char              name[8];
	unsigned          seen;
};

static struct slice
key_of(const struct table_node *n)
{
	return slice_of(table_entry(n, const struct entry, node)->name);
}

static struct entry *
find(const struct table *t, const char *name)
{
	struct table_node *n = table_find(t, slice_of(name));

	return n == NULL ? NULL : table_entry(n, struct entry, node);
}

static void
finds_all_that_is_in_and_nothing_else(void)
{
	struct entry *e = calloc(COUNT, sizeof(*e));
	struct table t;

	table_init(&t, key_of);
	CU_ASSERT_PTR_NULL(find(&t, "0"));
	CU_ASSERT_PTR_NULL(table_next(&t, NULL));
	for (unsigned i = 0; i < COUNT; i++) {
		snprintf(e[i].name, sizeof(e[i].name), "%u", i);
		table_add(&t, &e[i].node);
	}
	CU_ASSERT_EQUAL(t.count, COUNT);
	for (unsigned i = 0; i < COUNT; i += 2)
		table_remove(&t, &e[i].node);
	CU_ASSERT_EQUAL(t.count, COUNT / 2);
	for (unsigned i = 0; i < COUNT; i++)
		CU_ASSERT_PTR_EQUAL(find(&t, e[i].name),
		    i % 2 == 0 ? NULL : &e[i]);
	CU_ASSERT_PTR_NULL(table_find(&t, (struct slice){ "1", 0 }));
	table_fini(&t);
	free(e);
}

static void
walks_every_one_once_and_lets_them_go_behind(void)
{
	struct entry *e = calloc(COUNT, sizeof(*e));
	struct table_node *n, *next;
	struct table t;

	table_init(&t, key_of);
	for (unsigned i = 0; i < COUNT; i++) {
		snprintf(e[i].name, sizeof(e[i].name), "%u", i);
		table_add(&t, &e[i].node);
	}
	for (n = table_next(&t, NULL); n != NULL; n = next) {
		next = table_next(&t, n);
		table_entry(n, struct entry, node)->seen++;
		table_remove(&t, n);
	}
	for (unsigned i = 0; i < COUNT; i++)
		CU_ASSERT_EQUAL(e[i].seen, 1);
	CU_ASSERT_EQUAL(t.count, 0);
	table_fini(&t);
	free(e);
}

static void
two_tables_hash_differently(void)
{
	struct entry a = { .name = "a" }, b = { .name = "a" };
	struct table one, two;

	table_init(&one, key_of);
	table_init(&two, key_of);
	table_add(&one, &a.node);
	table_add(&two, &b.node);
	CU_ASSERT_NOT_EQUAL(a.node.hash, b.node.hash);
	table_fini(&one);
	table_fini(&two);
}

static void
add_twice(void *arg)
{
	struct entry again = { .name = "a" };

	table_add(arg, &again.node);
}

static void
a_key_is_in_once(void)
{
	struct entry a = { .name = "a" };
	struct table t;

	table_init(&t, key_of);
	table_add(&t, &a.node);
	CU_ASSERT(aborts(add_twice, &t));
	table_fini(&t);
}

static CU_TestInfo tests[] = {
	{ "finds all that is in, and nothing else",
	    finds_all_that_is_in_and_nothing_else },
	{ "walks every one once, and lets them go behind",
	    walks_every_one_once_and_lets_them_go_behind },
	{ "two tables hash differently", two_tables_hash_differently },
	{ "a key is in once", a_key_is_in_once },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "table", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
