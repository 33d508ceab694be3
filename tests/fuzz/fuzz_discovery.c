/* fuzz_discovery.c -- any bytes as a question, and as an answer, of discovery
 *
 * SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <stdlib.h>

#include "wire/discovery.h"

#define NONCE "0123456789abcdef"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

/* Asking the same again has to come to the same. */
static void
as_question(struct slice s)
{
	char nonce[DISCOVERY_NONCE_MAX + 1], again[DISCOVERY_MOST];
	struct slice found, other;

	if (!discovery_is_question(s, &found))
		return;
	must(s.len >= DISCOVERY_LEAST && s.len <= DISCOVERY_MOST);
	must(found.len >= DISCOVERY_NONCE_MIN &&
	    found.len <= DISCOVERY_NONCE_MAX);
	memcpy(nonce, found.at, found.len);
	nonce[found.len] = '\0';
	discovery_ask(again, s.len, nonce);
	must(discovery_is_question((struct slice){ again, s.len }, &other));
	must(slice_same(other, found));
}

static void
is_word(struct slice s, struct slice word)
{
	must(word.len > 0 && word.at > s.at &&
	    word.at + word.len < s.at + s.len);
	for (size_t i = 0; i < word.len; i++)
		must((unsigned char)word.at[i] > ' ' && word.at[i] != 0x7f);
}

static void
as_answer(struct slice s)
{
	struct discovery_found found;

	if (!discovery_is_answer(s, NONCE, &found))
		return;
	must(s.len <= DISCOVERY_MOST && s.at[s.len - 1] == '\n');
	is_word(s, found.server);
	is_word(s, found.software);
	is_word(s, found.features);
	must(found.connections < UINT64_C(10000000000000000));
	must(found.rooms < UINT64_C(10000000000000000));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* An exact allocation lets AddressSanitizer see the end. */
	char *bytes = malloc(size > 0 ? size : 1);

	must(bytes != NULL);
	memcpy(bytes, data, size);
	as_question((struct slice){ bytes, size });
	as_answer((struct slice){ bytes, size });
	free(bytes);
	return 0;
}
