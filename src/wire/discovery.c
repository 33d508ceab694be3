/* discovery.c -- "is there a VCRP server?", asked and answered by one datagram
 *
 * SPDX-License-Identifier: MIT */
#include "wire/discovery.h"

#define QUESTION	"VCRP? 1 "
#define ANSWER		"VCRP! 1 "

enum { DIGITS_MAX = 16 };

static bool
take(struct slice *s, const char *text)
{
	size_t len = strlen(text);

	if (s->len < len || memcmp(s->at, text, len) != 0)
		return false;
	s->at += len;
	s->len -= len;
	return true;
}

bool
discovery_is_question(struct slice s, struct slice *nonce_r)
{
	size_t len = 0;

	if (s.len < DISCOVERY_LEAST || s.len > DISCOVERY_MOST ||
	    !take(&s, QUESTION))
		return false;
	while (len < s.len && s.at[len] != '\0' &&
	    strchr("0123456789abcdef", s.at[len]) != NULL)
		len++;
	*nonce_r = (struct slice){ s.at, len };
	while (len < s.len && s.at[len] == ' ')
		len++;
	if (len < s.len && s.at[len] == '\r')
		len++;
	if (len < s.len && s.at[len] == '\n')
		len++;
	return len == s.len && nonce_r->len >= DISCOVERY_NONCE_MIN &&
	    nonce_r->len <= DISCOVERY_NONCE_MAX;
}

void
discovery_ask(char *question, size_t len, const char *nonce)
{
	size_t verb = strlen(QUESTION);

	memset(question, ' ', len);
	memcpy(question, QUESTION, verb);
	memcpy(question + verb, nonce, strlen(nonce));
	question[len - 1] = '\n';
}

/* A word and the one character behind it. */
static bool
take_word(struct slice *s, char behind, struct slice *word_r)
{
	size_t len = 0;

	while (len < s->len && (unsigned char)s->at[len] > ' ' &&
	    s->at[len] != 0x7f)
		len++;
	if (len == 0 || len == s->len || s->at[len] != behind)
		return false;
	*word_r = (struct slice){ s->at, len };
	s->at += len + 1;
	s->len -= len + 1;
	return true;
}

static bool
take_number(struct slice *s, char behind, uint64_t *number_r)
{
	struct slice word;

	*number_r = 0;
	if (!take_word(s, behind, &word) || word.len > DIGITS_MAX ||
	    (word.at[0] == '0' && word.len > 1))
		return false;
	for (size_t i = 0; i < word.len; i++) {
		if (word.at[i] < '0' || word.at[i] > '9')
			return false;
		*number_r = *number_r * 10 + (uint64_t)(word.at[i] - '0');
	}
	return true;
}

bool
discovery_is_answer(struct slice s, const char *nonce,
    struct discovery_found *found_r)
{
	struct slice word;

	return s.len <= DISCOVERY_MOST && take(&s, ANSWER) &&
	    take_word(&s, ' ', &word) && slice_is(word, nonce) &&
	    take_word(&s, ' ', &found_r->server) &&
	    take_word(&s, ' ', &found_r->software) &&
	    take_word(&s, ' ', &found_r->features) &&
	    take_number(&s, ' ', &found_r->connections) &&
	    take_number(&s, '\n', &found_r->rooms) && s.len == 0;
}
