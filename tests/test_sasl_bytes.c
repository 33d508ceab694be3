/* test_sasl_bytes.c -- logins whose bytes are not as they should be
 *
 * SPDX-License-Identifier: MIT */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "sasl_client.h"
#include "suite.h"

/* Freed memory that still holds the password is found by looking at all that
 * is freed, libraries' too. Sanitizers have a free() of their own. */
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define OWN_FREE 0
#elif defined __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define OWN_FREE 0
#else
#define OWN_FREE 1
#endif
#else
#define OWN_FREE 1
#endif

static const char *watched;
static unsigned found;

#if OWN_FREE
void __libc_free(void *);

void
free(void *at)
{
	if (at != NULL && watched != NULL && memmem(at,
	    malloc_usable_size(at), watched, strlen(watched)) != NULL)
		found++;
	__libc_free(at);
}
#endif

static struct realm realm;

static int
begin_all(void)
{
	return !realm_init(&realm);
}

static int
end_all(void)
{
	realm_fini(&realm);
	return 0;
}

static void
an_exchange_is_good_once(void)
{
	struct slice turned[2];
	struct talk t;

	talk_begin(&t, &realm, "SCRAM-SHA-256", "bud", "pencil and paper", NULL);
	CU_ASSERT(talk_go_on(&t) == SASL_PASSED && t.count == 2);
	CU_ASSERT(talk_say(&realm, SASL_SCRAM, t.words, 2) == SASL_FAILED);
	turned[0] = t.words[1];
	turned[1] = t.words[0];
	CU_ASSERT(talk_say(&realm, SASL_SCRAM, turned, 2) == SASL_FAILED);
	turned[1] = turned[0] = t.words[0];
	CU_ASSERT(talk_say(&realm, SASL_SCRAM, turned, 2) == SASL_FAILED);
	CU_ASSERT(talk_say(&realm, SASL_PLAIN, t.words, 2) == SASL_FAILED);
	talk_end(&t);
}

/* Damages message `which` of a good exchange in way number n; false: there is
 * no such way. */
typedef bool damage_fn(char *bytes, size_t *len, size_t n);

static bool
damaged_exchange(unsigned which, damage_fn *damage, size_t n)
{
	struct talk t;
	struct slice in = { "", 0 };
	char bytes[BYTES], challenge[BYTES], word[BYTES];
	enum sasl_result result = SASL_CHALLENGE;
	bool done = true;

	talk_begin(&t, &realm, "SCRAM-SHA-256", "bud", "pencil and paper", NULL);
	for (unsigned i = 0; i < 2 && result == SASL_CHALLENGE && done; i++) {
		struct blob *out;
		char *said;
		size_t len;

		if (gsasl_step(t.client, in.at, in.len, &said, &len) ==
		    GSASL_AUTHENTICATION_ERROR) {
			result = SASL_FAILED;
			break;
		}
		memcpy(bytes, said, len);
		gsasl_free(said);
		if (i == which)
			done = damage(bytes, &len, n);
		result = sasl_step(t.sasl, slice_of(word_of(bytes, len,
		    word)), &out);
		if (out != NULL)
			in = bytes_of((struct slice){ out->data, out->len },
			    challenge);
		blob_unref(&out);
	}
	if (done && result != SASL_FAILED) {
		fprintf(stderr, "message %u, damage %zu\n", which, n);
		CU_ASSERT(result == SASL_FAILED);
	}
	talk_end(&t);
	return done;
}

static bool
cut(char *bytes, size_t *len, size_t n)
{
	(void)bytes;
	if (n >= *len)
		return false;
	*len = n;
	return true;
}

/* Not the last letter of a proof: libgsasl does not mind the two bits of it
 * that say nothing. */
static bool
flip(char *bytes, size_t *len, size_t n)
{
	if (n >= (*len - (bytes[*len - 1] == '=' ? 2 : 0)) * 8)
		return false;
	bytes[n / 8] = (char)(bytes[n / 8] ^ 1 << n % 8);
	return true;
}

static bool
longer(char *bytes, size_t *len, size_t n)
{
	bytes[(*len)++] = (char)n;
	return n < 256;
}

static void
what_is_damaged_fails(void)
{
	static damage_fn *const ways[] = { cut, flip, longer };

	for (unsigned way = 0; way < 3; way++)
		for (unsigned which = 0; which < 2; which++) {
			size_t n = 0;

			while (damaged_exchange(which, ways[way], n))
				n++;
			CU_ASSERT(n > 30);
		}
}

static enum sasl_result
say_plain(const char *bytes, size_t len)
{
	char word[BYTES];
	struct slice w = slice_of(word_of(bytes, len, word));

	return talk_say(&realm, SASL_PLAIN, &w, 1);
}

static void
plain_is_taken_apart_strictly(void)
{
	static const char good[] = "\0bud\0pencil and paper";
	char bytes[BYTES];
	size_t len = sizeof(good) - 1;

	CU_ASSERT(say_plain(good, len) == SASL_PASSED);
	for (size_t n = 0; n < len; n++)
		CU_ASSERT(say_plain(good, n) == SASL_FAILED);
	/* Its NUL too, but not the name, which may be written otherwise. */
	for (size_t n = 4 * 8; n < len * 8; n++) {
		memcpy(bytes, good, len);
		bytes[n / 8] = (char)(bytes[n / 8] ^ 1 << n % 8);
		CU_ASSERT(say_plain(bytes, len) == SASL_FAILED);
	}
	CU_ASSERT(say_plain(good, len + 1) == SASL_FAILED);
	CU_ASSERT(say_plain("\0\0", 2) == SASL_FAILED);
	CU_ASSERT(say_plain("\0bud\0", 5) == SASL_FAILED);
	CU_ASSERT(say_plain("\0\0x", 3) == SASL_FAILED);
	CU_ASSERT(say_plain("bud\0bud\0pencil and paper", 24) == SASL_PASSED);
	CU_ASSERT(say_plain("BUD\0bud\0pencil and paper", 24) == SASL_PASSED);
	CU_ASSERT(say_plain("kay\0bud\0pencil and paper", 24) == SASL_FAILED);
	CU_ASSERT(say_plain("-a-\0bud\0pencil and paper", 24) == SASL_FAILED);
}

static void
words_are_strict_base64(void)
{
	static const char *const bad[] = {
		"", "A", "AA", "AAA", "AAAAA", "AA=", "AA===", "AB==", "==",
		"A A=", "AGJ1ZABwZW5jaWwgYW5kIHBhcGVy\n", "AGJ1ZABw-W5j",
		" AGJ1ZABwZW5jaWwgYW5kIHBhcGVy", "AGJ1\rZABw", "="
	};
	char *huge = xmalloc(2 * SASL_WORD_MAX);

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct slice w = slice_of(bad[i]);

		for (int m = SASL_SCRAM; m <= SASL_PLAIN; m++)
			CU_ASSERT(talk_say(&realm, m, &w, 1) == SASL_FAILED);
	}
	memset(huge, 'b', 2 * SASL_WORD_MAX);
	for (size_t len = SASL_WORD_MAX - 8; len < SASL_WORD_MAX + 8; len++)
		for (int m = SASL_SCRAM; m <= SASL_EXTERNAL; m++)
			CU_ASSERT(talk_say(&realm, m, &(struct slice){ huge, len },
			    1) == SASL_FAILED);
	free(huge);
}

/* A nonce is repeated in what is answered. */
static void
long_messages_are_answered(void)
{
	char rest[BYTES], word[BYTES];

	strcpy(rest, "n,,n=bud,r=");
	memset(rest + 11, 'r', SASL_WORD_MAX / 4 * 3 - 11);
	for (size_t less = 0; less < 4; less++) {
		struct sasl *s = sasl_new(realm.server, SASL_SCRAM,
		    &(struct sasl_peer){ .exporter = "" });
		struct blob *out;

		CU_ASSERT(sasl_step(s, slice_of(word_of(rest,
		    SASL_WORD_MAX / 4 * 3 - less, word)), &out) ==
		    SASL_CHALLENGE);
		CU_ASSERT(out->len > SASL_WORD_MAX &&
		    out->len <= SASL_ANSWER_MAX);
		blob_unref(&out);
		sasl_free(&s);
	}
}

static void
passwords_are_wiped(void)
{
	static const struct sasl_peer nobody;
	static const char said[] = "\0bud\0pencil and paper";
	struct slice word;
	char text[BYTES];

	if (!OWN_FREE) {
		puts("not looked at: the sanitizer has its own free()");
		return;
	}
	word = slice_of(word_of(said, sizeof(said) - 1, text));
	found = 0;
	watched = "pencil and paper";
	CU_ASSERT(talk_say(&realm, SASL_PLAIN, &word, 1) == SASL_PASSED);
	for (int i = 0; i < 2; i++) {
		struct sasl *s = sasl_new(realm.server, SASL_PLAIN, &nobody);
		struct blob *out;

		CU_ASSERT(sasl_step(s, word, &out) == SASL_VERIFY);
		sasl_free(&s);
	}
	CU_ASSERT(found == 0);
	watched = NULL;
}

static CU_TestInfo tests[] = {
	{ "an exchange is good once", an_exchange_is_good_once },
	{ "what is damaged fails", what_is_damaged_fails },
	{ "PLAIN is taken apart strictly", plain_is_taken_apart_strictly },
	{ "words are strict base64", words_are_strict_base64 },
	{ "long messages are answered", long_messages_are_answered },
	{ "passwords are wiped", passwords_are_wiped },
	CU_TEST_INFO_NULL
};

int
main(void)
{
	CU_SuiteInfo suites[] = {
		{ "sasl bytes", begin_all, end_all, NULL, NULL, tests },
		CU_SUITE_INFO_NULL
	};

	return suite_run(suites);
}
