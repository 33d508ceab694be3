/* test_blob.c -- bytes on their way, shared by counting
 *
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "abort.h"
#include "suite.h"
#include "sync/blob.h"

static void
grows_by_what_is_added(void)
{
	char expected[20000];
	struct blob *b = NULL;
	size_t len = 0;

	for (int i = 0; i < 2000; i++) {
		blob_printf(&b, "%d,%s;", i % 10, "x");
		expected[len++] = (char)('0' + i % 10);
		memcpy(expected + len, ",x;", 3);
		len += 3;
		blob_add(&b, (struct slice){ "\0y", 2 });
		memcpy(expected + len, "\0y", 2);
		len += 2;
	}
	CU_ASSERT_EQUAL(b->len, len);
	CU_ASSERT_EQUAL(memcmp(b->data, expected, len), 0);
	blob_unref(&b);
	CU_ASSERT_PTR_NULL(b);
}

static void
an_empty_text_makes_one_too(void)
{
	struct blob *b = NULL;

	blob_printf(&b, "%s", "");
	CU_ASSERT_PTR_NOT_NULL_FATAL(b);
	CU_ASSERT_EQUAL(b->len, 0);
	blob_unref(&b);
	blob_unref(&b);
}

static void
lives_as_long_as_it_is_held(void)
{
	struct blob *b = NULL, *held;

	blob_add(&b, slice_of("text"));
	held = blob_ref(b);
	CU_ASSERT_PTR_EQUAL(held, b);
	blob_unref(&b);
	CU_ASSERT(slice_is((struct slice){ held->data, held->len }, "text"));
	blob_unref(&held);
}

static void
grow_shared(void *arg)
{
	struct blob *b = arg;
	char much[4096] = { 0 };

	blob_add(&b, (struct slice){ much, sizeof(much) });
}

static void
what_is_shared_does_not_move(void)
{
	struct blob *b = NULL, *held;

	blob_add(&b, slice_of("text"));
	held = blob_ref(b);
	CU_ASSERT(aborts(grow_shared, b));
	blob_unref(&held);
	CU_ASSERT_FALSE(aborts(grow_shared, b));
	blob_unref(&b);
}

static CU_TestInfo tests[] = {
	{ "grows by what is added", grows_by_what_is_added },
	{ "an empty text makes one too", an_empty_text_makes_one_too },
	{ "lives as long as it is held", lives_as_long_as_it_is_held },
	{ "what is shared does not move", what_is_shared_does_not_move },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "blob", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
