/* test_roster.c -- connections, and the people they belong to
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "abort.h"
#include "fake.h"
#include "suite.h"

static void
a_person_comes_with_the_first_and_goes_with_the_last(void)
{
	struct fake *f = fake_new();
	struct person *p = fake_account(f, "bob")->contact.person;
	struct member one = { .conn_id = 1 }, two = { .conn_id = 2 };
	struct occupant *o;
	struct roster r;

	roster_init(&r);
	CU_ASSERT(roster_add(&r, &one, p));
	CU_ASSERT_FALSE(roster_add(&r, &two, p));
	o = roster_find(&r, person_key(p));
	CU_ASSERT_PTR_NOT_NULL_FATAL(o);
	CU_ASSERT_PTR_EQUAL(one.occupant, o);
	CU_ASSERT_PTR_EQUAL(two.occupant, o);
	CU_ASSERT_EQUAL(o->connections, 2);
	CU_ASSERT_EQUAL(r.connections, 2);
	CU_ASSERT_EQUAL(roster_people(&r), 1);
	CU_ASSERT_PTR_EQUAL(roster_by_conn(&r, 2), &two);
	CU_ASSERT_PTR_NULL(roster_by_conn(&r, 3));
	CU_ASSERT_FALSE(roster_remove(&r, &one));
	CU_ASSERT_PTR_NULL(one.occupant);
	CU_ASSERT_PTR_NULL(roster_by_conn(&r, 1));
	CU_ASSERT(roster_remove(&r, &two));
	CU_ASSERT_PTR_NULL(roster_find(&r, person_key(p)));
	CU_ASSERT_EQUAL(roster_people(&r), 0);
	roster_fini(&r);
	fake_free(&f);
}

static void
names_fill_lines_and_no_more(void)
{
	enum { MANY = 300 };
	struct member *m = calloc(MANY, sizeof(*m));
	struct fake *f = fake_new();
	struct blob *names;
	struct roster r;
	unsigned seen = 0, lines = 0;
	char nick[40];

	roster_init(&r);
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(nick, sizeof(nick), "n%031u", i);
		roster_add(&r, &m[i],
		    fake_guest(f, nick, NULL)->contact.person);
	}
	names = roster_names(&r, slice_of("lobby"));
	for (char *at = names->data, *lf; at < names->data + names->len;
	    at = lf + 1) {
		lf = memchr(at, '\n',
		    (size_t)(names->data + names->len - at));
		CU_ASSERT_FATAL(lf != NULL);
		CU_ASSERT(lf + 1 - at <= LINE_MAX_BYTES);
		/* All lines but the last are as full as they can be. */
		CU_ASSERT(lf + 1 == names->data + names->len ||
		    lf + 1 - at > LINE_MAX_BYTES - 34);
		CU_ASSERT_EQUAL(memcmp(at, "NAMES lobby ~n", 14), 0);
		for (char *c = at; c < lf; c++)
			seen += *c == '~';
		lines++;
	}
	CU_ASSERT_EQUAL(seen, MANY);
	CU_ASSERT_EQUAL(lines, 3);
	blob_unref(&names);
	for (unsigned i = 0; i < MANY; i++)
		roster_remove(&r, &m[i]);
	roster_fini(&r);
	free(m);
	fake_free(&f);
}

static void
nobody_has_no_line(void)
{
	struct roster r;
	struct blob *names;

	roster_init(&r);
	names = roster_names(&r, slice_of("lobby"));
	CU_ASSERT_EQUAL(names->len, 0);
	blob_unref(&names);
	roster_fini(&r);
}

static void
end_roster(void *arg)
{
	roster_fini(arg);
}

static void
it_does_not_end_with_somebody_inside(void)
{
	struct fake *f = fake_new();
	struct person *p = fake_account(f, "bob")->contact.person;
	struct member m = { .conn_id = 1 };
	struct roster r;

	roster_init(&r);
	roster_add(&r, &m, p);
	CU_ASSERT(aborts(end_roster, &r));
	roster_remove(&r, &m);
	roster_fini(&r);
	fake_free(&f);
}

static CU_TestInfo tests[] = {
	{ "a person comes with the first and goes with the last",
	    a_person_comes_with_the_first_and_goes_with_the_last },
	{ "names fill lines, and no more", names_fill_lines_and_no_more },
	{ "nobody has no line", nobody_has_no_line },
	{ "it does not end with somebody inside",
	    it_does_not_end_with_somebody_inside },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "roster", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
