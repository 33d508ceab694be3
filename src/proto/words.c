/* words.c -- a client's line, taken apart
 *
 * SPDX-License-Identifier: MIT */
#include "proto/words.h"

bool
number_parse(struct slice s, uint64_t least, uint64_t *number_r)
{
	uint64_t n = 0;

	if (s.len == 0 || s.len > 16 || (s.at[0] == '0' && s.len > 1))
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] < '0' || s.at[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(s.at[i] - '0');
	}
	*number_r = n;
	return n >= least && n <= NUMBER_MAX;
}

bool
duration_parse(struct slice s, uint64_t *ms_r)
{
	static const struct { char letter; uint64_t ms; } units[] = {
		{ 's', 1000 }, { 'm', 60000 }, { 'h', 3600000 },
		{ 'd', 86400000 }
	};
	const uint64_t most = UINT64_C(3653) * 86400000;
	uint64_t n;

	if (s.len < 2 ||
	    !number_parse((struct slice){ s.at, s.len - 1 }, 1, &n))
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (s.at[s.len - 1] != units[i].letter)
			continue;
		if (n > most / units[i].ms)
			return false;
		*ms_r = n * units[i].ms;
		return true;
	}
	return false;
}

static void
rebase(struct slice *s, const char *from, const char *to)
{
	if (s->at != NULL)
		s->at = to + (s->at - from);
}

void
words_rebase(struct words *w, const char *from, const char *to)
{
	rebase(&w->attrs, from, to);
	rebase(&w->id, from, to);
	rebase(&w->key, from, to);
	rebase(&w->text, from, to);
	for (unsigned i = 0; i < w->count; i++)
		rebase(&w->word[i], from, to);
}
