/* words.c -- the words that a search looks for, and the texts that hold them
 *
 * SPDX-License-Identifier: MIT
 *
 * Texts are folded by NFKC_Casefold, then taken apart into letters and marks,
 * and the marks dropped. Of a text in ASCII that leaves the lower case, which
 * needs no ICU. */
#include <assert.h>
#include <stdlib.h>

#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#include <unicode/utf16.h>

#include "base/alloc.h"
#include "ledger/read.h"
#include "proto/words.h"

/* Nothing unfolds to more than U+FDFA, 18 units from 3 bytes. */
enum { FOLDED_MOST = 6 * TEXT_MAX_BYTES };

struct sought {
	const UChar *at;
	int32_t      len;
	const char  *ascii;	/* the same; NULL if it is not in ASCII */
};

struct words_sought {
	const UNormalizer2 *fold;	/* ICU's */
	const UNormalizer2 *apart;	/* ICU's */
	unsigned            count;
	struct sought       words[TEXT_MAX_BYTES / 2];
	UChar               text[FOLDED_MOST];
	char                ascii[FOLDED_MOST];
};

static int32_t
drop_marks(UChar *text, int32_t len)
{
	int32_t i = 0, from, out = 0;
	UChar32 c;

	while (i < len) {
		from = i;
		U16_NEXT(text, i, len, c);
		if (u_charType(c) == U_NON_SPACING_MARK)
			continue;
		while (from < i)
			text[out++] = text[from++];
	}
	return out;
}

/* How long it is folded; 0 if it is none. */
static int32_t
fold(const struct words_sought *w, struct slice text, UChar folded[FOLDED_MOST])
{
	UChar raw[TEXT_MAX_BYTES], cased[FOLDED_MOST];
	UErrorCode status = U_ZERO_ERROR;
	int32_t len;

	if (text.len > TEXT_MAX_BYTES)
		return 0;
	u_strFromUTF8(raw, TEXT_MAX_BYTES, &len, text.at, (int32_t)text.len,
	    &status);
	len = unorm2_normalize(w->fold, raw, len, cased, FOLDED_MOST, &status);
	len = unorm2_normalize(w->apart, cased, len, folded, FOLDED_MOST,
	    &status);
	return U_FAILURE(status) ? 0 : drop_marks(folded, len);
}

/* One word, to its end; what it is in ASCII goes behind that of the others. */
static int32_t
add_word(struct words_sought *w, int32_t from, int32_t len)
{
	struct sought *s = &w->words[w->count];
	int32_t i;

	s->at = w->text + from;
	s->ascii = w->ascii + from;
	for (i = from; i < len && !u_isUWhiteSpace(w->text[i]); i++) {
		w->ascii[i] = (char)w->text[i];
		if (w->text[i] >= 0x80)
			s->ascii = NULL;
	}
	s->len = i - from;
	w->count += s->len > 0;
	return i + 1;
}

struct words_sought *
words_sought_new(struct slice text)
{
	struct words_sought *w = xcalloc(1, sizeof(*w));
	UErrorCode status = U_ZERO_ERROR;
	int32_t len, at = 0;

	w->fold = unorm2_getNFKCCasefoldInstance(&status);
	w->apart = unorm2_getNFDInstance(&status);
	assert(U_SUCCESS(status));
	len = fold(w, text, w->text);
	while (at < len && w->count < sizeof(w->words) / sizeof(w->words[0]))
		at = add_word(w, at, len);
	if (w->count == 0)
		words_sought_free(&w);
	return w;
}

void
words_sought_free(struct words_sought **w)
{
	free(*w);
	*w = NULL;
}

/* In lower case; false if it is not in ASCII. */
static bool
lower(struct slice text, char *lower_r)
{
	unsigned char all = 0, c;

	for (size_t i = 0; i < text.len; i++) {
		c = (unsigned char)text.at[i];
		all |= c;
		lower_r[i] = (char)(c + ((unsigned)(c - 'A') < 26) * ('a' - 'A'));
	}
	return all < 0x80;
}

static bool
in_ascii(const struct words_sought *w, const char *text, size_t len)
{
	for (unsigned i = 0; i < w->count; i++)
		if (w->words[i].ascii == NULL || memmem(text, len,
		    w->words[i].ascii, (size_t)w->words[i].len) == NULL)
			return false;
	return true;
}

static bool
in_other(const struct words_sought *w, struct slice text)
{
	UChar folded[FOLDED_MOST];
	int32_t len = fold(w, text, folded);

	for (unsigned i = 0; i < w->count; i++)
		if (u_strFindFirst(folded, len, w->words[i].at,
		    w->words[i].len) == NULL)
			return false;
	return true;
}

bool
words_sought_in(const struct words_sought *w, struct slice text)
{
	char ascii[TEXT_MAX_BYTES];

	if (text.len == 0 || text.len > TEXT_MAX_BYTES)
		return false;
	if (lower(text, ascii))
		return in_ascii(w, ascii, text.len);
	return in_other(w, text);
}
