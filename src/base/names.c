/* names.c -- which names there are, and when two of them are the same
 *
 * SPDX-License-Identifier: MIT
 *
 * ICU is asked about a name as it was written and once more as it folds: what
 * folds into letters of another script (the micro sign is common to all
 * scripts, the mu it folds to is Greek), or into more than letters, shows only
 * then. Names in ASCII, nearly all of them, take their key from a table that
 * ICU filled in at the start; nothing ICU checks can be wrong with them.
 *
 * A name is shown as it was written, though, and capitals have look-alikes of
 * their own, which folding hides: I is like l, and the capitals of Cyrillic and
 * Greek are like those of Latin more often than their small letters. */
#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/uset.h>
#include <unicode/uspoof.h>
#include <unicode/ustring.h>
#include <unicode/utf16.h>

#include "base/alloc.h"
#include "base/names.h"

enum {
	CHECKS = USPOOF_RESTRICTION_LEVEL | USPOOF_CHAR_LIMIT |
	    USPOOF_INVISIBLE | USPOOF_MIXED_NUMBERS | USPOOF_HIDDEN_OVERLAY
};

/* Letters and digits of all scripts, and the marks of one script. The marks
 * that all scripts share are there to be piled up: of those, add_marks() takes
 * the recommended ones. Some letters are blank; [:DI:] has them all. */
static const UChar allowed_pattern[] =
    u"[[[:L:][:Nd:][_.\\-]"
    u"[[:M:]&[:XID_Continue:]-[:sc=Zinh:]-[:sc=Zyyy:]]]-[:DI:]]";

static const UChar shared_marks_pattern[] = u"[[:M:]-[:DI:]]";

static const struct limit {
	size_t      bytes, chars;
	const char *why;
} limits[] = {
	[NAME_NICK] = { NAME_NICK_BYTES, NAME_NICK_CHARS,
	    "a name has 1 to 32 characters, at most 64 bytes" },
	[NAME_ROOM] = { NAME_ROOM_BYTES, NAME_ROOM_CHARS,
	    "a room's name has 1 to 64 characters, "
	    "at most 128 bytes" },
};

/* The first that applies is the reason. */
static const struct finding {
	int32_t     check;
	const char *why;
} findings[] = {
	{ USPOOF_CHAR_LIMIT, "a name has letters, digits, '_', '.' and '-'" },
	{ USPOOF_INVISIBLE, "a name may not repeat a mark" },
	{ USPOOF_HIDDEN_OVERLAY, "a name may not hide a mark in its letter" },
	{ USPOOF_MIXED_NUMBERS, "a name may not mix systems of digits" },
	{ USPOOF_RESTRICTION_LEVEL, "a name may not mix scripts" },
};

struct names {
	USpoofChecker      *spoof;	    /* (c) */
	const UNormalizer2 *fold;	    /* (c) ICU's */
	char                ascii[0x80][4]; /* (c) "": not in names */
};

static void
add_marks(USet *allowed, UErrorCode *status)
{
	USet *shared = uset_openPattern(shared_marks_pattern, -1, status);
	const USet *recommended = uspoof_getRecommendedSet(status);

	if (U_SUCCESS(*status)) {
		uset_retainAll(shared, recommended);
		uset_addAll(allowed, shared);
	}
	uset_close(shared);
}

static void
load(struct names *names, UErrorCode *status)
{
	USet *allowed = uset_openPattern(allowed_pattern, -1, status);

	names->fold = unorm2_getNFKCCasefoldInstance(status);
	names->spoof = uspoof_open(status);
	if (U_SUCCESS(*status)) {
		add_marks(allowed, status);
		uspoof_setAllowedChars(names->spoof, allowed, status);
		uspoof_setRestrictionLevel(
		    names->spoof, USPOOF_HIGHLY_RESTRICTIVE);
		uspoof_setChecks(names->spoof, CHECKS, status);
	}
	uset_close(allowed);
}

/* A skeleton of small letters has capitals where digits look like them. As I is
 * like l, so is its small letter. */
static void
settle(char *key)
{
	for (; *key != '\0'; key++)
		if (*key == 'i' || *key == 'I')
			*key = 'l';
		else if (*key >= 'A' && *key <= 'Z')
			*key += 'a' - 'A';
}

/* The key of what is folded already, with its NUL within size. */
static size_t
key_of(const struct names *names, const UChar *folded, int32_t len, char *key,
    int32_t size, UErrorCode *status)
{
	UChar skeleton[NAME_KEY_MAX];
	int32_t n;

	n = uspoof_getSkeleton(
	    names->spoof, 0, folded, len, skeleton, NAME_KEY_MAX, status);
	u_strToUTF8(key, size - 1, &n, skeleton, n, status);
	if (U_FAILURE(*status))
		return 0;
	key[n] = '\0';
	settle(key);
	return n;
}

static void
fill_ascii(struct names *names, UErrorCode *status)
{
	const USet *allowed = uspoof_getAllowedChars(names->spoof, status);
	UChar folded;
	int c;

	for (c = 0; c < 0x80 && U_SUCCESS(*status); c++) {
		folded = u_tolower(c);
		if (uset_contains(allowed, c))
			key_of(names, &folded, 1, names->ascii[c],
			    sizeof(names->ascii[c]), status);
	}
}

struct names *
names_new(const char **why_r)
{
	struct names *names = xcalloc(1, sizeof(*names));
	UErrorCode status = U_ZERO_ERROR;

	load(names, &status);
	if (U_SUCCESS(status))
		fill_ascii(names, &status);
	if (U_FAILURE(status)) {
		*why_r = u_errorName(status);
		names_free(&names);
	}
	return names;
}

void
names_free(struct names **names_p)
{
	struct names *names = *names_p;

	*names_p = NULL;
	if (names == NULL)
		return;
	uspoof_close(names->spoof);
	free(names);
}

static bool
is_ascii(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if ((unsigned char)name[i] >= 0x80)
			return false;
	return true;
}

static const char *
fold_ascii(const struct names *names, const struct limit *limit,
    const char *name, size_t len, char *key, size_t *key_len_r)
{
	const char *piece;
	size_t i, n = 0;

	if (len > limit->chars)
		return limit->why;
	for (i = 0; i < len; i++) {
		piece = names->ascii[(unsigned char)name[i]];
		if (*piece == '\0')
			return findings[0].why;
		while (*piece != '\0')
			key[n++] = *piece++;
	}
	assert(n < NAME_KEY_MAX);
	key[n] = '\0';
	*key_len_r = n;
	return NULL;
}

/* A mark with no letter before it would be drawn onto whatever is. */
static const char *
check_chars(const struct limit *limit, const UChar *raw, int32_t len)
{
	bool is_mark, bare = true;
	int32_t i = 0;
	size_t chars = 0;
	UChar32 c;

	while (i < len) {
		U16_NEXT(raw, i, len, c);
		chars++;
		is_mark = (U_GET_GC_MASK(c) & U_GC_M_MASK) != 0;
		if (is_mark && bare)
			return "a name has a mark only after a letter";
		bare = !is_mark && !u_isalpha(c);
	}
	return chars > limit->chars ? limit->why : NULL;
}

static const char *
check_whole(const struct names *names, const UChar *raw, int32_t raw_len,
    const UChar *folded, int32_t folded_len, UErrorCode *status)
{
	int32_t found;
	size_t i;

	/* A capital I with a dot is no fault, but folds to an i with a dot
	 * over its dot. */
	found = uspoof_check2(names->spoof, folded, folded_len, NULL, status);
	found &= ~USPOOF_HIDDEN_OVERLAY;
	found |= uspoof_check2(names->spoof, raw, raw_len, NULL, status);
	if (found == 0)
		return NULL;
	for (i = 0; i < sizeof(findings) / sizeof(findings[0]) - 1; i++)
		if ((found & findings[i].check) != 0)
			break;
	return findings[i].why;
}

/* Does it read, as it is written, like a name in ASCII that it is not the same
 * as? */
static bool
poses(const struct names *names, const UChar *raw, int32_t len,
    const char *key, UErrorCode *status)
{
	UChar skeleton[NAME_KEY_MAX], folded[NAME_KEY_MAX];
	char other[NAME_KEY_MAX];
	int32_t n = uspoof_getSkeleton(
	    names->spoof, 0, raw, len, skeleton, NAME_KEY_MAX, status);

	for (int32_t i = 0; i < n && U_SUCCESS(*status); i++)
		if (skeleton[i] >= 0x80)
			return false;
	n = unorm2_normalize(
	    names->fold, skeleton, n, folded, NAME_KEY_MAX, status);
	key_of(names, folded, n, other, sizeof(other), status);
	return U_SUCCESS(*status) && strcmp(key, other) != 0;
}

static const char *
fold_unicode(const struct names *names, const struct limit *limit,
    const char *name, size_t len, char *key, size_t *key_len_r)
{
	UChar raw[NAME_ROOM_BYTES], folded[NAME_KEY_MAX];
	UErrorCode status = U_ZERO_ERROR;
	int32_t raw_len, folded_len;
	const char *why;

	u_strFromUTF8(raw, NAME_ROOM_BYTES, &raw_len, name, len, &status);
	if (U_FAILURE(status))
		return "a name is UTF-8";
	why = check_chars(limit, raw, raw_len);
	if (why != NULL)
		return why;
	folded_len = unorm2_normalize(
	    names->fold, raw, raw_len, folded, NAME_KEY_MAX, &status);
	if (U_SUCCESS(status))
		why = check_whole(
		    names, raw, raw_len, folded, folded_len, &status);
	if (why != NULL)
		return why;
	*key_len_r =
	    key_of(names, folded, folded_len, key, NAME_KEY_MAX, &status);
	if (U_FAILURE(status) || *key_len_r == 0)
		return "a name may not unfold to that much";
	if (poses(names, raw, raw_len, key, &status))
		return "a name may not look like one in other letters";
	return NULL;
}

int
name_fold(const struct names *names, enum name_kind kind, const char *name,
    size_t len, char *key_r, size_t *key_len_r, const char **why_r)
{
	const struct limit *limit = &limits[kind];

	if (len == 0 || len > limit->bytes)
		*why_r = limit->why;
	else if (name[0] == '.')
		*why_r = "a name may not begin with '.'";
	else if (name[0] == '-')
		*why_r = "a name may not begin with '-'";
	else if (name[len - 1] == '-')
		*why_r = "a name may not end with '-'";
	else if (is_ascii(name, len))
		*why_r = fold_ascii(names, limit, name, len, key_r, key_len_r);
	else
		*why_r =
		    fold_unicode(names, limit, name, len, key_r, key_len_r);
	return *why_r == NULL ? 0 : -EINVAL;
}
