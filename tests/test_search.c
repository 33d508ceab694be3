/* test_search.c -- the messages that hold some words, however they are written
 *
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/disk.h"
#include "proto/event.h"
#include "proto/words.h"
#include "shelf.h"
#include "suite.h"

/* What people write, and what they look for to find it. */
static const struct {
	const char *text;
	const char *plain;
} texts[] = {
	{ "Hello World", "hello world" },
	{ "see you in Zürich", "see you in zurich" },
	{ "Zu\xcc\x88rich again", "zurich again" },
	{ "ＡＢＣ　abc", "abc abc" },
	{ "die Straße", "die strasse" },
	{ "ﬁnd the ﬂag", "find the flag" },
	{ "ΣΊΣΥΦΟΣ", "σισυφοσ" },
	{ "ÉCOLE élémentaire", "ecole elementaire" },
	{ "Tiếng Việt", "tieng viet" },
	{ "привет МИР", "привет мир" },
	{ "東京タワー", "東京タワー" },
	{ "한국어", "한국어" },
	{ "👍🏽 fine", "👍🏽 fine" },
	{ "x² + ½", "x2 + 1⁄2" },
	{ "WORLD hello", "world hello" },
	{ "                ", "" },
};

enum { TEXTS = sizeof(texts) / sizeof(texts[0]) };

static const struct {
	const char *sought;
	const char *plain[2];
} queries[] = {
	{ "hello", { "hello" } },
	{ "HELLO  world", { "hello", "world" } },
	{ "zurich", { "zurich" } },
	{ "ZÜRICH", { "zurich" } },
	{ "ａｂｃ", { "abc" } },
	{ "strasse", { "strasse" } },
	{ "STRAẞE die", { "strasse", "die" } },
	{ "fin", { "fin" } },
	{ "Σίσυφος", { "σισυφοσ" } },
	{ "ecole", { "ecole" } },
	{ "viê", { "vie" } },
	{ "Мир", { "мир" } },
	{ "京タ", { "京タ" } },
	{ "국", { "국" } },
	{ "👍", { "👍" } },
	{ "x2", { "x2" } },
	{ "nowhere hello", { "nowhere", "hello" } },
	{ "e", { "e" } },
	{ " \xc2\xa0 in\xe3\x80\x80you", { "in", "you" } },
};

enum { QUERIES = sizeof(queries) / sizeof(queries[0]) };

static bool
holds(unsigned text, unsigned query)
{
	for (int i = 0; i < 2; i++)
		if (queries[query].plain[i] != NULL &&
		    strstr(texts[text].plain, queries[query].plain[i]) == NULL)
			return false;
	return true;
}

static void
words_are_found_however_they_are_written(void)
{
	for (unsigned q = 0; q < QUERIES; q++) {
		struct words_sought *w =
		    words_sought_new(slice_of(queries[q].sought));

		CU_ASSERT_FATAL(w != NULL);
		for (unsigned t = 0; t < TEXTS; t++) {
			bool found = words_sought_in(w,
			    slice_of(texts[t].text));

			CU_ASSERT_EQUAL(found, holds(t, q));
			if (found != holds(t, q))
				printf("\n    \"%s\" in \"%s\"",
				    queries[q].sought, texts[t].text);
		}
		words_sought_free(&w);
	}
}

static void
no_word_is_no_search(void)
{
	static const char *const none[] = { "", " ", " \t ", "\xcc\x88",
	    "\xc2\xad", "\xe3\x80\x80", "\xff", "hello \xff" };

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		CU_ASSERT_PTR_NULL(words_sought_new(slice_of(none[i])));
}

static void
malformed_texts_do_not_match(void)
{
	struct words_sought *w = words_sought_new(slice_of("a"));
	char text[TEXT_MAX_BYTES + 1];

	CU_ASSERT_FALSE(words_sought_in(w, slice_of("a\xff")));
	CU_ASSERT_FALSE(words_sought_in(w, slice_of("a\xe2\x82")));
	CU_ASSERT_FALSE(words_sought_in(w, slice_of("")));
	memset(text, 'a', sizeof(text));
	CU_ASSERT(words_sought_in(w,
	    (struct slice){ text, TEXT_MAX_BYTES }));
	CU_ASSERT_FALSE(words_sought_in(w,
	    (struct slice){ text, TEXT_MAX_BYTES + 1 }));
	words_sought_free(&w);
	/* The longest that there is when it is folded. */
	for (size_t i = 0; i < TEXT_MAX_BYTES; i += 3)
		memcpy(text + i, "\xef\xb7\xba", 3);
	w = words_sought_new((struct slice){ text, TEXT_MAX_BYTES });
	CU_ASSERT_FATAL(w != NULL);
	CU_ASSERT(words_sought_in(w,
	    (struct slice){ text, TEXT_MAX_BYTES }));
	words_sought_free(&w);
	memset(text, ' ', sizeof(text));
	for (size_t i = 0; i < TEXT_MAX_BYTES; i += 2)
		text[i] = 'w';
	w = words_sought_new((struct slice){ text, TEXT_MAX_BYTES });
	CU_ASSERT_FATAL(w != NULL);
	CU_ASSERT(words_sought_in(w, slice_of("w")));
	words_sought_free(&w);
}

/* Which text a line has; or -1. */
static int
text_of(struct slice line)
{
	struct slice verb;
	struct event e;

	if (!event_parse(line, &e, &verb) ||
	    !(slice_is(verb, "MSG") || slice_is(verb, "EDIT")))
		return -1;
	for (int t = 0; t < TEXTS; t++)
		if (slice_is(e.text, texts[t].text))
			return t;
	return -1;
}

/* Backwards through all that is to be read. */
static void
expect(const struct blob *all, unsigned query, uint64_t oldest,
    uint64_t before, unsigned count, struct blob **b)
{
	const char *at = all->data + all->len, *lf;
	struct log_line line;
	struct slice text, found[1000];
	unsigned n = 0;

	for (; at > all->data && n < count; at = text.at) {
		lf = memrchr(all->data, '\n', (size_t)(at - 1 - all->data));
		text.at = lf == NULL ? all->data : lf + 1;
		text.len = (size_t)(at - text.at);
		log_line_parse(text, &line);
		if (line.from < before && line.from >= oldest &&
		    text_of(text) >= 0 &&
		    holds((unsigned)text_of(text), query))
			found[n++] = text;
	}
	while (n > 0)
		blob_add(b, found[--n]);
}

static bool
finds(struct shelf *s, unsigned query, uint64_t oldest, uint64_t before,
    unsigned count, size_t work)
{
	struct words_sought *w = words_sought_new(
	    slice_of(queries[query].sought));
	struct blob *all = shelf_from(s, 1), *want = NULL, *got = NULL, *some;
	unsigned n, sum = 0;
	uint64_t from = before;
	bool good = true;

	expect(all, query, oldest, before, count, &want);
	do {
		before = from;
		good = ledger_search(s->ledger, w, oldest, before, count - sum,
		    1 << 20, work, &some, &n, &from) == 0 && from < before;
		if (some != NULL && got != NULL)
			blob_add(&some, (struct slice){ got->data, got->len });
		if (some != NULL)
			blob_unref(&got);
		got = some != NULL ? some : got;
		sum += n;
	} while (good && sum < count && from > oldest);
	good = good && shelf_same(got, (struct slice){
	    want == NULL ? "" : want->data, want == NULL ? 0 : want->len });
	if (!good)
		printf("\n    \"%s\" oldest %" PRIu64 " before %" PRIu64
		    " from %" PRIu64, queries[query].sought, oldest, before,
		    from);
	words_sought_free(&w);
	blob_unref(&all);
	blob_unref(&want);
	blob_unref(&got);
	return good;
}

static bool
finds_all(struct shelf *s)
{
	uint64_t last = s->next - 1;
	bool good = true;

	for (unsigned q = 0; good && q < QUERIES; q += 2)
		good = finds(s, q, 1, UINT64_MAX, 1000, 1 << 30);
	for (unsigned q = 1; good && q < 6; q++)
		good = finds(s, q, 1, UINT64_MAX, 3 + q, 1 << 30) &&
		    finds(s, q, last / 3, last / 3 + last / 2, 50, 1 << 30) &&
		    finds(s, q, last / 2, last / 2 + 400 + q, 1000, 1) &&
		    finds(s, q, 1, UINT64_MAX, 1000, 100000);
	return good;
}

static void
say(struct shelf *s, unsigned i)
{
	static const char *const verbs[] = { "MSG", "MSG", "EDIT", "MSG",
	    "REACT", "MSG", "SET" };
	const char *verb = verbs[i % 7];
	bool target = *verb == 'E' || *verb == 'R';

	if (i % 23 == 0) {
		shelf_fill(s, 500 + i * 37 % 3500);
		return;
	}
	blob_printf(&s->bytes, "%s%s lobby %" PRIu64 " %" PRIu64 " ~hello %s%s\n",
	    i % 5 == 0 ? "@+word=hello " : "", verb, s->next,
	    SHELF_WALL + s->next, target ? "7 " : "",
	    texts[i * 31 % TEXTS].text);
	s->next++;
}

static struct shelf *
talk(void)
{
	struct shelf *s = shelf_new(100);

	for (unsigned segment = 0; segment < 3; segment++) {
		for (unsigned i = 0; s->bytes == NULL ||
		    s->bytes->len < 380000 - segment * 30000; i++)
			say(s, i);
		if (segment == 1)
			shelf_skip(s, 50);
		shelf_put(s, segment == 2 ? 0 : SHELF_SUMMED);
	}
	return s;
}

static void
finds_what_a_plain_look_finds(void)
{
	struct shelf *s = talk();

	CU_ASSERT(finds_all(s));
	CU_ASSERT(finds(s, 0, 1, s->segments[1].first, 1000, 1 << 30));
	CU_ASSERT(finds(s, 0, s->segments[1].first, UINT64_MAX, 1000, 9));
	shelf_free(&s);
}

static void
damage_is_passed_over(void)
{
	struct shelf *s = talk();
	char path[LEDGER_PATH];

	shelf_flip(s, 1, 2 * SUM_BLOCK + 7);
	CU_ASSERT(finds_all(s));
	shelf_flip(s, 1, 3 * SUM_BLOCK + 7);
	shelf_flip(s, 0, 100);
	shelf_flip(s, 0, 5 * SUM_BLOCK + 100);
	CU_ASSERT(finds_all(s));
	shelf_path(s, 1, ".log", path);
	disk_unlink(s->vault->rooms, path);
	s->segments[1].lost = true;
	CU_ASSERT(finds_all(s));
	shelf_free(&s);
}

static void
what_is_found_is_bounded_by_its_bytes(void)
{
	struct words_sought *w = words_sought_new(slice_of("x"));
	struct shelf *s = shelf_new(1);
	struct blob *b;
	uint64_t from;
	unsigned n;

	for (unsigned i = 0; i < 40; i++)
		shelf_fill(s, 1000);
	shelf_put(s, SHELF_SUMMED);
	CU_ASSERT_EQUAL(ledger_search(s->ledger, w, 0, UINT64_MAX, 1000, 10999,
	    1 << 30, &b, &n, &from), 0);
	CU_ASSERT_EQUAL(n, 10);
	CU_ASSERT_EQUAL(b->len, 10000);
	CU_ASSERT_EQUAL(from, 31);
	blob_unref(&b);
	ledger_search(s->ledger, w, 5, 8, 1000, 65536, 1, &b, &n, &from);
	CU_ASSERT(n == 3 && from <= 5);
	blob_unref(&b);
	ledger_search(s->ledger, w, 9, 9, 1000, 65536, 1, &b, &n, &from);
	CU_ASSERT(n == 0 && b == NULL && from <= 9);
	words_sought_free(&w);
	shelf_free(&s);
}

static CU_TestInfo tests[] = {
	{ "words are found however they are written",
	    words_are_found_however_they_are_written },
	{ "no word is no search", no_word_is_no_search },
	{ "malformed texts do not match", malformed_texts_do_not_match },
	{ "finds what a plain look finds", finds_what_a_plain_look_finds },
	{ "damage is passed over", damage_is_passed_over },
	{ "what is found is bounded by its bytes",
	    what_is_found_is_bounded_by_its_bytes },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "search", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
