/* test_names.c -- which names there are, and which are the same
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unicode/unorm2.h>
#include <unicode/uspoof.h>
#include <unicode/ustring.h>

#include "base/names.h"
#include "suite.h"

static struct names *names;

/* The reason against a name, or NULL; its key otherwise. */
static const char *
fold(enum name_kind kind, const char *name, size_t len, char *key)
{
	const char *why = NULL;
	size_t key_len = 0;
	int error;

	error = name_fold(names, kind, name, len, key, &key_len, &why);
	if (error == 0) {
		CU_ASSERT_EQUAL(strlen(key), key_len);
		CU_ASSERT(key_len > 0 && key_len < NAME_KEY_MAX);
		return NULL;
	}
	CU_ASSERT_EQUAL(error, -EINVAL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(why);
	return why;
}

static bool
good(const char *name)
{
	char key[NAME_KEY_MAX];

	return fold(NAME_ROOM, name, strlen(name), key) == NULL;
}

static bool
good_nick(const char *name)
{
	char key[NAME_KEY_MAX];

	return fold(NAME_NICK, name, strlen(name), key) == NULL;
}

static bool
refused(const char *name, const char *phrase)
{
	char key[NAME_KEY_MAX];
	const char *why = fold(NAME_ROOM, name, strlen(name), key);

	if (why != NULL && strstr(why, phrase) != NULL)
		return true;
	printf(
	    "\n    %s: %s, not '%s'", name, why != NULL ? why : "good", phrase);
	return false;
}

static bool
same(const char *a, const char *b)
{
	char key_a[NAME_KEY_MAX], key_b[NAME_KEY_MAX];

	CU_ASSERT_PTR_NULL(fold(NAME_ROOM, a, strlen(a), key_a));
	CU_ASSERT_PTR_NULL(fold(NAME_ROOM, b, strlen(b), key_b));
	return strcmp(key_a, key_b) == 0;
}

static bool
fits(enum name_kind kind, const char *character, size_t times)
{
	char name[1024] = "", key[NAME_KEY_MAX];

	while (times-- > 0)
		strcat(name, character);
	return fold(kind, name, strlen(name), key) == NULL;
}

static void
takes_names_of_many_scripts(void)
{
	static const char *const list[] = {
		"a",
		"Alice",
		"_",
		"R2-D2",
		"a.b",
		"x__y",
		"42",
		"Zoë",
		"Ærøskøbing",
		"ñandú",
		"Straße",
		"İstanbul",
		"Ольга",
		"Ελένη",
		"שרה",
		"محمد",
		"نور_7",
		"अनीता",
		"தமிழ்",
		"ไทย",
		"中文",
		"ひらがな漢字abc",
		"カタカナ",
		"한국어abc",
		"ዳዊት",
		"Ⴀ",
		"ᎠᎡ",
		"𐐀𐐁",
		"ߒߞߏ",
	};
	size_t i;

	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (!good(list[i])) {
			printf("\n    %s", list[i]);
			CU_FAIL("refused");
		}
}

static void
refuses_every_other_ascii_character(void)
{
	static const char good_ones[] =
	    "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
	char name[4] = "a?b", key[NAME_KEY_MAX];
	int c;

	for (c = 0; c < 0x80; c++) {
		name[1] = c;
		CU_ASSERT_EQUAL(fold(NAME_NICK, name, 3, key) == NULL,
		    c != 0 && strchr(good_ones, c) != NULL);
	}
}

static void
keeps_the_edges_of_a_name(void)
{
	CU_ASSERT(refused("", "1 to 64"));
	CU_ASSERT(refused(".", "begin with '.'"));
	CU_ASSERT(refused("..", "begin with '.'"));
	CU_ASSERT(refused(".a", "begin with '.'"));
	CU_ASSERT(refused("-", "begin with '-'"));
	CU_ASSERT(refused("-a", "begin with '-'"));
	CU_ASSERT(refused("a-", "end with '-'"));
	CU_ASSERT(refused("é-", "end with '-'"));
	CU_ASSERT(good("a."));
	CU_ASSERT(good("a-b"));
	CU_ASSERT(good("é-b"));
}

static void
counts_characters_and_bytes(void)
{
	CU_ASSERT(fits(NAME_NICK, "a", 1));
	CU_ASSERT(fits(NAME_NICK, "a", 32));
	CU_ASSERT(!fits(NAME_NICK, "a", 33));
	CU_ASSERT(fits(NAME_NICK, "é", 32));
	CU_ASSERT(!fits(NAME_NICK, "é", 33));
	CU_ASSERT(fits(NAME_NICK, "中", 21));
	CU_ASSERT(!fits(NAME_NICK, "中", 22));
	CU_ASSERT(good_nick("中中中中中中中中中中中中中中中中中中中中中a"));
	CU_ASSERT(!good_nick("中中中中中中中中中中中中中中中中中中中中中é"));
	CU_ASSERT(good_nick("éaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
	CU_ASSERT(!good_nick("éaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
	CU_ASSERT(fits(NAME_NICK, "\xf0\x90\x90\x80", 16));
	CU_ASSERT(!fits(NAME_NICK, "\xf0\x90\x90\x80", 17));
	CU_ASSERT(fits(NAME_ROOM, "a", 64));
	CU_ASSERT(!fits(NAME_ROOM, "a", 65));
	CU_ASSERT(fits(NAME_ROOM, "é", 64));
	CU_ASSERT(!fits(NAME_ROOM, "é", 65));
	CU_ASSERT(fits(NAME_ROOM, "\xf0\x90\x90\x80", 32));
	CU_ASSERT(!fits(NAME_ROOM, "\xf0\x90\x90\x80", 33));
}

static void
case_and_normal_form_make_no_difference(void)
{
	CU_ASSERT(same("Alice", "aLICE"));
	CU_ASSERT(same("Zoë", "ZOË"));
	CU_ASSERT(same("\xc3\xa9t\xc3\xa9", "e\xcc\x81te\xcc\x81"));
	CU_ASSERT(same("Straße", "STRASSE"));
	CU_ASSERT(same("Σίσυφος", "ΣΊΣΥΦΟΣ"));
	CU_ASSERT(same("\xef\xbc\xa1\xef\xbc\xa2", "ab"));
	CU_ASSERT(same("\xf0\x9d\x90\x9alice", "alice"));
	CU_ASSERT(same("\xef\xac\x81sh", "fish"));
	CU_ASSERT(same("\xe2\x84\xaa"
		       "elvin",
	    "kelvin"));
	CU_ASSERT(!same("alice", "alicia"));
	CU_ASSERT(!same("resume", "résumé"));
}

static void
look_alikes_are_the_same(void)
{
	CU_ASSERT(same("сосо", "coco"));
	CU_ASSERT(same("СОСО", "coco"));
	CU_ASSERT(same("раураӏ", "paypai"));
	CU_ASSERT(same("modern", "rnodern"));
	CU_ASSERT(same("l1l", "lll"));
	CU_ASSERT(same("ıda", "ida"));
	CU_ASSERT(same("ορο", "opo"));
}

static void
scripts_are_not_mixed(void)
{
	CU_ASSERT(refused("\xd0\xb5v\xd0\xb0n", "mix scripts"));
	CU_ASSERT(refused("p\xd0\xb0ypal", "mix scripts"));
	CU_ASSERT(refused("Ωmega", "mix scripts"));
	CU_ASSERT(refused("Ελ\xd0\xb5νη", "mix scripts"));
	CU_ASSERT(refused("中한ひ", "mix scripts"));
	CU_ASSERT(refused("abcשרה", "mix scripts"));
	CU_ASSERT(refused("abcไทย", "mix scripts"));
	/* The micro sign is of every script, the mu it folds to is not. */
	CU_ASSERT(refused("\xc2\xb5Torrent", "mix scripts"));
	CU_ASSERT(refused("\xf0\x9d\x90\x9a\xd0\xb1\xd0\xb2", "mix scripts"));
	CU_ASSERT(refused("\xd9\xa1\xd9\xa2"
			  "3",
	    "systems of digits"));
}

static void
nothing_is_invisible(void)
{
	static const char *const list[] = {
		"a\xe2\x80\x8b"
		"b", /* zero width space */
		"a\xe2\x80\x8c"
		"b", /* ... non-joiner */
		"a\xe2\x80\x8d"
		"b", /* ... joiner */
		"a\xc2\xad"
		"b", /* soft hyphen */
		"a\xe2\x81\xa0"
		"b", /* word joiner */
		"a\xef\xbb\xbf"
		"b", /* byte order mark */
		"a\xcd\x8f"
		"b",		     /* grapheme joiner */
		"a\xef\xb8\x8f",     /* variation selector */
		"a\xf3\xa0\x84\x80", /* the same, plane 14 */
		"a\xf3\xa0\x81\xa1", /* tag a */
		"\xe3\x85\xa4",	     /* Hangul filler */
		"한\xe1\x85\x9f",    /* Hangul choseong filler */
		"\xef\xbe\xa0",	     /* half-width filler */
		"a\xe2\xa0\x80",     /* blank Braille */
		"a\xe1\x9e\xb4",     /* Khmer inherent vowel */
		"a\xc2\xa0"
		"b", /* no-break space */
		"a\xe3\x80\x80"
		"b", /* ideographic space */
		"a\xe2\x80\xa8"
		"b", /* line separator */
		"a\xc2\x85"
		"b", /* next line */
	};
	size_t i;

	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		CU_ASSERT(refused(list[i], "has letters"));
}

static void
directions_are_not_switched(void)
{
	static const char *const list[] = {
		"a\xe2\x80\x8e",
		"a\xe2\x80\x8f",
		"a\xd8\x9c",
		"a\xe2\x80\xaa",
		"a\xe2\x80\xab",
		"a\xe2\x80\xac",
		"a\xe2\x80\xad",
		"a\xe2\x80\xae",
		"a\xe2\x81\xa6",
		"a\xe2\x81\xa7",
		"a\xe2\x81\xa8",
		"a\xe2\x81\xa9",
	};
	size_t i;

	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		CU_ASSERT(refused(list[i], "has letters"));
}

static void
only_letters_digits_and_their_marks(void)
{
	CU_ASSERT(refused("\xf0\x9f\x98\x80", "has letters"));
	CU_ASSERT(refused("a\xe2\x82\xac", "has letters"));
	CU_ASSERT(refused("a\xc2\xb2", "has letters"));
	CU_ASSERT(refused("a\xe2\x85\xa8", "has letters"));
	CU_ASSERT(refused("a\xef\xbc\x8f"
			  "b",
	    "has letters"));
	CU_ASSERT(refused("\xee\x80\x80", "has letters"));
	CU_ASSERT(refused("\xf4\x8f\xbf\xbd", "has letters"));
	/* Letters that fold into several words. */
	CU_ASSERT(refused("\xef\xb7\xba", "has letters"));
	CU_ASSERT(refused("\xef\xb9\xb0", "has letters"));
}

static void
marks_sit_on_letters_and_do_not_pile_up(void)
{
	CU_ASSERT(refused("\xcc\x81"
			  "a",
	    "only after a letter"));
	CU_ASSERT(refused("a_\xcc\x81", "only after a letter"));
	CU_ASSERT(refused("1\xcc\x81", "only after a letter"));
	CU_ASSERT(refused("a\xcc\x81\xcc\x81", "repeat a mark"));
	CU_ASSERT(refused("i\xcc\x87"
			  "a",
	    "hide a mark"));
	CU_ASSERT(refused("a\xcd\x9c"
			  "b",
	    "has letters"));
	CU_ASSERT(refused("a\xcc\xb6", "has letters"));
	CU_ASSERT(refused("a\xe2\x83\x9d", "has letters"));
}

static void
broken_utf8_is_no_name(void)
{
	static const char *const list[] = {
		"a\xff",
		"\x80",
		"a\xc3",
		"\xc0\xae\xc0\xae",
		"\xe0\x80\xae",
		"a\xed\xa0\x80",
		"a\xf4\x90\x80\x80",
		"a\xf0\x9f\x98",
		"\xc3(",
		"\xed\xa0\xbd\xed\xb8\x80",
	};
	size_t i;

	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		CU_ASSERT(refused(list[i], "UTF-8"));
}

/* The key by its definition, with ICU and without any table. */
static void
key_by_definition(const char *name, size_t len, char *key)
{
	UErrorCode status = U_ZERO_ERROR;
	const UNormalizer2 *nfkc = unorm2_getNFKCCasefoldInstance(&status);
	USpoofChecker *spoof = uspoof_open(&status);
	UChar raw[128], folded[256], skeleton[512];
	int32_t n;

	u_strFromUTF8(raw, 128, &n, name, len, &status);
	n = unorm2_normalize(nfkc, raw, n, folded, 256, &status);
	n = uspoof_getSkeleton(spoof, 0, folded, n, skeleton, 512, &status);
	u_strToUTF8(key, NAME_KEY_MAX, NULL, skeleton, n, &status);
	CU_ASSERT(U_SUCCESS(status));
	for (; *key != '\0'; key++)
		*key = *key == 'i' ? 'l' : *key == 'O' ? 'o' : *key;
	uspoof_close(spoof);
}

static void
the_table_of_ascii_gives_icus_keys(void)
{
	static const char chars[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
	char name[NAME_ROOM_BYTES], key[NAME_KEY_MAX], icus[NAME_KEY_MAX];
	unsigned seed = 3073;
	int i, j, len;

	for (i = 0; i < 2000; i++) {
		len = 1 + rand_r(&seed) % NAME_ROOM_CHARS;
		for (j = 0; j < len; j++)
			name[j] = chars[rand_r(&seed) % (sizeof(chars) - 1)];
		if (fold(NAME_ROOM, name, len, key) != NULL) {
			CU_ASSERT(name[0] == '.' || name[0] == '-' ||
			    name[len - 1] == '-');
			continue;
		}
		key_by_definition(name, len, icus);
		CU_ASSERT_STRING_EQUAL(key, icus);
	}
}

/* Whatever comes in, it is refused or gives a key that fits; a sanitizer
 * watches. */
static void
random_names_do_no_harm(void)
{
	char name[NAME_ROOM_BYTES + 8], key[NAME_KEY_MAX];
	unsigned seed = 3074, i, len, good_ones = 0;
	unsigned chars;
	UChar32 c;

	for (i = 0; i < 30000; i++) {
		chars = 1 + rand_r(&seed) % 4;
		for (len = 0; chars > 0; chars--) {
			c = rand_r(&seed) % (i % 2 == 0 ? 0x3000 : 0x20000);
			U8_APPEND_UNSAFE((uint8_t *)name, len, c);
			if (rand_r(&seed) % 16 == 0)
				name[len++] = rand_r(&seed);
		}
		good_ones += fold(NAME_ROOM, name, len, key) == NULL;
	}
	CU_ASSERT(good_ones > 100);
}

static void
the_longest_keys_fit(void)
{
	CU_ASSERT(fits(NAME_ROOM, "m", 64));
	/* An Arabic ligature that folds to eight letters: refused or not,
	 * within bounds. */
	fits(NAME_ROOM, "\xef\xb7\xb4", 42);
	fits(NAME_NICK, "\xef\xb7\xb3", 21);
	fits(NAME_ROOM, "\xef\xb6\x9f", 42);
}

static int
start(void)
{
	const char *why;

	names = names_new(&why);
	return names == NULL;
}

static int
stop(void)
{
	names_free(&names);
	return names != NULL;
}

static CU_TestInfo tests[] = { { "takes names of many scripts",
				   takes_names_of_many_scripts },
	{ "refuses every other ASCII character",
	    refuses_every_other_ascii_character },
	{ "keeps the edges of a name", keeps_the_edges_of_a_name },
	{ "counts characters and bytes", counts_characters_and_bytes },
	{ "case and normal form make no difference",
	    case_and_normal_form_make_no_difference },
	{ "look-alikes are the same name", look_alikes_are_the_same },
	{ "scripts are not mixed", scripts_are_not_mixed },
	{ "nothing is invisible", nothing_is_invisible },
	{ "directions are not switched", directions_are_not_switched },
	{ "only letters, digits and their marks",
	    only_letters_digits_and_their_marks },
	{ "marks sit on letters and do not pile up",
	    marks_sit_on_letters_and_do_not_pile_up },
	{ "broken UTF-8 is no name", broken_utf8_is_no_name },
	{ "the table of ASCII gives ICU's keys",
	    the_table_of_ascii_gives_icus_keys },
	{ "random names do no harm", random_names_do_no_harm },
	{ "the longest keys fit", the_longest_keys_fit }, CU_TEST_INFO_NULL };

static CU_SuiteInfo suites[] = { { "names", start, stop, NULL, NULL, tests },
	CU_SUITE_INFO_NULL };

int
main(void)
{
	return suite_run(suites);
}
