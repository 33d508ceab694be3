/* test_sasl.c -- logins by SASL, with libgsasl as the client
 *
 * SPDX-License-Identifier: MIT */
#include <gsasl.h>
#include <malloc.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "account/sasl.h"
#include "base/alloc.h"
#include "suite.h"

#define EXPORTER "3q2+796tvu/erb7v3q2+796tvu/erb7v3q2+796tvu8="
#define UNIQUE "AQIDBAUGBwgJCgsM"

enum { ROUNDS = 1000, BYTES = 4096 };

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

static struct names *names;
static _Atomic int64_t rounds = ROUNDS;
static struct account_facts table[4];

static struct verifier
verifier_of(const char *password, unsigned iterations)
{
	struct verifier v = { .iterations = iterations };
	char salted[32], client[32], *prepared = NULL;

	memset(v.salt, 7, sizeof(v.salt));
	if (gsasl_saslprep(password, 0, &prepared, NULL) != GSASL_OK ||
	    gsasl_scram_secrets_from_password(GSASL_HASH_SHA256, prepared,
	    iterations, (char *)v.salt, sizeof(v.salt), salted, client,
	    (char *)v.server, (char *)v.stored) != GSASL_OK)
		abort();
	gsasl_free(prepared);
	return v;
}

static bool
by_key(void *arg, struct slice key, struct account_facts *facts_r)
{
	struct account_facts *all = arg;

	for (int i = 0; i < 4; i++)
		if (slice_is(key, all[i].name)) {
			*facts_r = all[i];
			return true;
		}
	return false;
}

static bool
by_certificate(void *arg, const unsigned char fingerprint[FINGERPRINT],
    struct account_facts *facts_r)
{
	struct account_facts *all = arg;

	for (int i = 0; i < 4; i++)
		if (all[i].certified && memcmp(all[i].fingerprint,
		    fingerprint, FINGERPRINT) == 0) {
			*facts_r = all[i];
			return true;
		}
	return false;
}

static struct sasl_server *
server_with(unsigned char secret)
{
	struct sasl_accounts accounts = { by_key, by_certificate, table };
	unsigned char bytes[SERVER_SECRET];

	memset(bytes, secret, sizeof(bytes));
	return sasl_server_new(names, &accounts, &rounds, bytes);
}

static struct sasl_server *server;

static int
fill_table(void)
{
	const char *why;

	names = names_new(&why);
	/* Their names are keys too. */
	strcpy(table[0].name, "bud");
	table[0].verifier = verifier_of("pencil and paper", ROUNDS);
	strcpy(table[1].name, "dora");
	table[1].verifier = verifier_of("closed", ROUNDS);
	table[1].disabled = true;
	strcpy(table[2].name, "kay");
	table[2].verifier = verifier_of("I\xc2\xadX", ROUNDS);
	table[2].certified = true;
	memset(table[2].fingerprint, 9, FINGERPRINT);
	strcpy(table[3].name, "dan");
	table[3].verifier = verifier_of("closed too", ROUNDS);
	table[3].disabled = table[3].certified = true;
	memset(table[3].fingerprint, 8, FINGERPRINT);
	server = server_with(1);
	return names == NULL || server == NULL;
}

static int
empty_table(void)
{
	sasl_server_free(&server);
	names_free(&names);
	return 0;
}

/* A client, and what has been said. */
struct talk {
	Gsasl         *library;
	Gsasl_session *client;
	struct sasl   *sasl;
	struct slice   words[4];	/* the client's, kept */
	char           kept[4][BYTES];
	unsigned       count;
	char           challenge[BYTES];	/* the first, as bytes */
};

static char *
word_of(const void *bytes, size_t len, char word[BYTES])
{
	if (len == 0)
		return strcpy(word, "=");
	return sodium_bin2base64(word, BYTES, bytes, len,
	    sodium_base64_VARIANT_ORIGINAL);
}

static struct slice
bytes_of(struct slice word, char bytes[BYTES])
{
	size_t len = 0;

	if (!slice_is(word, "="))
		CU_ASSERT(sodium_base642bin((unsigned char *)bytes, BYTES,
		    word.at, word.len, NULL, &len, NULL,
		    sodium_base64_VARIANT_ORIGINAL) == 0);
	bytes[len] = '\0';
	return (struct slice){ bytes, len };
}

static void
begin(struct talk *t, const char *mechanism, const char *name,
    const char *password, const struct sasl_peer *peer)
{
	static const struct sasl_peer nobody;

	memset(t, 0, sizeof(*t));
	CU_ASSERT(gsasl_init(&t->library) == GSASL_OK);
	CU_ASSERT(gsasl_client_start(t->library, mechanism, &t->client) ==
	    GSASL_OK);
	gsasl_property_set(t->client, GSASL_AUTHID, name);
	gsasl_property_set(t->client, GSASL_PASSWORD, password);
	t->sasl = sasl_new(server, sasl_mechanism_find(slice_of(mechanism)),
	    peer != NULL ? peer : &nobody);
}

static void
end(struct talk *t)
{
	gsasl_finish(t->client);
	gsasl_done(t->library);
	sasl_free(&t->sasl);
}

/* Until the end; the client must be content with what the server says. */
static enum sasl_result
go_on(struct talk *t)
{
	enum sasl_result result = SASL_CHALLENGE;
	struct slice in = { "", 0 };
	char bytes[BYTES];

	while (result == SASL_CHALLENGE && t->count < 4) {
		struct blob *out = NULL;
		char *said = NULL;
		size_t len;
		int rc = gsasl_step(t->client, in.at, in.len, &said, &len);

		if (rc != GSASL_OK && rc != GSASL_NEEDS_MORE)
			return SASL_FAILED;
		t->words[t->count] = slice_of(word_of(said, len,
		    t->kept[t->count]));
		gsasl_free(said);
		result = sasl_step(t->sasl, t->words[t->count++], &out);
		if (result == SASL_VERIFY) {
			CU_ASSERT(sasl_verifies(t->sasl) && out == NULL);
			result = sasl_step(t->sasl, slice_of(""), &out);
		}
		CU_ASSERT((out != NULL) == (result == SASL_CHALLENGE ||
		    (result == SASL_PASSED && t->count > 1)));
		if (out == NULL)
			break;
		in = bytes_of((struct slice){ out->data, out->len }, bytes);
		if (t->count == 1)
			strcpy(t->challenge, bytes);
		blob_unref(&out);
		if (result == SASL_PASSED)
			CU_ASSERT(gsasl_step(t->client, in.at, in.len, &said,
			    &len) == GSASL_OK && len == 0);
	}
	return result;
}

static enum sasl_result
login(const char *mechanism, const char *name, const char *password,
    const struct sasl_peer *peer)
{
	struct talk t;
	enum sasl_result result;
	bool local;

	begin(&t, mechanism, name, password, peer);
	result = go_on(&t);
	if (result == SASL_PASSED)
		CU_ASSERT(sasl_name(t.sasl, &local).len > 0 && !local);
	end(&t);
	return result;
}

static void
who_has_the_password_gets_in(void)
{
	CU_ASSERT(login("SCRAM-SHA-256", "bud", "pencil and paper", NULL) ==
	    SASL_PASSED);
	CU_ASSERT(login("PLAIN", "bud", "pencil and paper", NULL) ==
	    SASL_PASSED);
	CU_ASSERT(login("SCRAM-SHA-256", "BuD", "pencil and paper", NULL) ==
	    SASL_PASSED);
	CU_ASSERT(login("PLAIN", "BUD", "pencil and paper", NULL) ==
	    SASL_PASSED);
}

static void
nobody_else_does(void)
{
	static const char *const which[] = { "SCRAM-SHA-256", "PLAIN" };

	for (int i = 0; i < 2; i++) {
		CU_ASSERT(login(which[i], "bud", "pencil", NULL) ==
		    SASL_FAILED);
		CU_ASSERT(login(which[i], "bud", "pencil and papers", NULL) ==
		    SASL_FAILED);
		CU_ASSERT(login(which[i], "nobody", "pencil and paper",
		    NULL) == SASL_FAILED);
		CU_ASSERT(login(which[i], "dora", "closed", NULL) ==
		    SASL_FAILED);
		CU_ASSERT(login(which[i], "~bud", "pencil and paper",
		    NULL) == SASL_FAILED);
	}
}

static void
passwords_are_prepared(void)
{
	CU_ASSERT(login("PLAIN", "kay", "IX", NULL) == SASL_PASSED);
	CU_ASSERT(login("PLAIN", "kay", "I\xc2\xadX", NULL) == SASL_PASSED);
	CU_ASSERT(login("SCRAM-SHA-256", "kay", "I\xc2\xadX", NULL) ==
	    SASL_PASSED);
	CU_ASSERT(login("PLAIN", "kay", "IY", NULL) == SASL_FAILED);
	CU_ASSERT(login("PLAIN", "kay", "\xc2\xad", NULL) == SASL_FAILED);
	CU_ASSERT(login("PLAIN", "kay", "I\aX", NULL) == SASL_FAILED);
}

/* The challenge to who claims a name, without the nonce, which must be new. */
static char *
challenge_to(const char *name, char rest[BYTES])
{
	static char nonces[64][BYTES];
	static int count;
	struct talk t;
	char *comma;

	begin(&t, "SCRAM-SHA-256", name, "wrong", NULL);
	CU_ASSERT(go_on(&t) == SASL_FAILED);
	CU_ASSERT(t.count == 2);
	comma = strchr(t.challenge, ',');
	CU_ASSERT_FATAL(comma != NULL && count < 64);
	strcpy(rest, comma);
	*comma = '\0';
	for (int i = 0; i < count; i++)
		CU_ASSERT(strcmp(nonces[i], t.challenge) != 0);
	strcpy(nonces[count++], t.challenge);
	end(&t);
	return rest;
}

static void
a_name_without_an_account_looks_like_one_with(void)
{
	char known[BYTES], none[BYTES], again[BYTES], other[BYTES];
	struct sasl_server *mine = server;

	challenge_to("bud", known);
	challenge_to("nobody", none);
	CU_ASSERT(strlen(known) == strlen(none));
	CU_ASSERT(strcmp(strrchr(known, ','), strrchr(none, ',')) == 0);
	CU_ASSERT(strcmp(known, none) != 0);
	CU_ASSERT(strcmp(challenge_to("NoBody", again), none) == 0);
	CU_ASSERT(strcmp(challenge_to("nobodi", other), none) != 0);
	CU_ASSERT(strlen(challenge_to("-no name-", other)) == strlen(known));
	/* A restart has the same secret, another server another one. */
	server = server_with(1);
	CU_ASSERT(strcmp(challenge_to("nobody", again), none) == 0);
	sasl_server_free(&server);
	server = server_with(2);
	CU_ASSERT(strcmp(challenge_to("nobody", again), none) != 0);
	sasl_server_free(&server);
	server = mine;
	/* To close an account changes nothing that could be seen. */
	challenge_to("bud", known);
	table[0].disabled = true;
	CU_ASSERT(strcmp(challenge_to("bud", again), known) == 0);
	table[0].disabled = false;
}

static void
names_without_accounts_have_the_iterations_of_today(void)
{
	char none[BYTES];

	rounds = 12345;
	CU_ASSERT(strstr(challenge_to("nobody", none), ",i=12345") != NULL);
	rounds = ROUNDS;
}

/* One exchange with words of the test's own. */
static enum sasl_result
say_all(enum sasl_mechanism m, const struct slice *words, unsigned count)
{
	static const struct sasl_peer nobody;
	struct sasl *s = sasl_new(server, m, &nobody);
	enum sasl_result result = SASL_CHALLENGE;

	for (unsigned i = 0; i < count && result == SASL_CHALLENGE; i++) {
		struct blob *out;

		result = sasl_step(s, words[i], &out);
		blob_unref(&out);
		if (result == SASL_VERIFY)
			result = sasl_step(s, slice_of(""), &out);
		blob_unref(&out);
	}
	sasl_free(&s);
	return result;
}

static void
an_exchange_is_good_once(void)
{
	struct slice turned[2];
	struct talk t;

	begin(&t, "SCRAM-SHA-256", "bud", "pencil and paper", NULL);
	CU_ASSERT(go_on(&t) == SASL_PASSED && t.count == 2);
	CU_ASSERT(say_all(SASL_SCRAM, t.words, 2) == SASL_FAILED);
	turned[0] = t.words[1];
	turned[1] = t.words[0];
	CU_ASSERT(say_all(SASL_SCRAM, turned, 2) == SASL_FAILED);
	turned[1] = turned[0] = t.words[0];
	CU_ASSERT(say_all(SASL_SCRAM, turned, 2) == SASL_FAILED);
	CU_ASSERT(say_all(SASL_PLAIN, t.words, 2) == SASL_FAILED);
	end(&t);
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

	begin(&t, "SCRAM-SHA-256", "bud", "pencil and paper", NULL);
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
	end(&t);
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

	return say_all(SASL_PLAIN, &w, 1);
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
			CU_ASSERT(say_all(m, &w, 1) == SASL_FAILED);
	}
	memset(huge, 'b', 2 * SASL_WORD_MAX);
	for (size_t len = SASL_WORD_MAX - 8; len < SASL_WORD_MAX + 8; len++)
		for (int m = SASL_SCRAM; m <= SASL_EXTERNAL; m++)
			CU_ASSERT(say_all(m, &(struct slice){ huge, len },
			    1) == SASL_FAILED);
	free(huge);
}

static void
long_messages_are_answered(void)
{
	char name[2500], rest[BYTES], short_one[BYTES];
	char word[BYTES];

	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	CU_ASSERT(strlen(challenge_to(name, rest)) ==
	    strlen(challenge_to("bud", short_one)));
	/* And of a nonce, which is repeated. */
	strcpy(rest, "n,,n=bud,r=");
	memset(rest + 11, 'r', SASL_WORD_MAX / 4 * 3 - 11);
	for (size_t less = 0; less < 4; less++) {
		struct sasl *s = sasl_new(server, SASL_SCRAM,
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
one_may_name_oneself_alone(void)
{
	static const char *const who[] = { "bud", "BUD", "kay", "nobody" };

	for (int i = 0; i < 4; i++) {
		struct talk t;

		begin(&t, "SCRAM-SHA-256", "bud", "pencil and paper", NULL);
		gsasl_property_set(t.client, GSASL_AUTHZID, who[i]);
		CU_ASSERT(go_on(&t) == (i < 2 ? SASL_PASSED : SASL_FAILED));
		CU_ASSERT(t.count == 2);
		end(&t);
	}
}

static const struct sasl_peer tls = { .exporter = EXPORTER };
static const struct sasl_peer tls12 = { .unique = UNIQUE };

static enum sasl_result
bound(const char *mechanism, Gsasl_property p, const char *binding,
    const struct sasl_peer *peer)
{
	struct talk t;
	enum sasl_result result;

	begin(&t, mechanism, "bud", "pencil and paper", peer);
	gsasl_property_set(t.client, p, binding);
	result = go_on(&t);
	end(&t);
	return result;
}

static void
a_login_is_bound_to_its_connection(void)
{
	static const char plus[] = "SCRAM-SHA-256-PLUS";

	CU_ASSERT(bound(plus, GSASL_CB_TLS_EXPORTER, EXPORTER, &tls) ==
	    SASL_PASSED);
	CU_ASSERT(bound(plus, GSASL_CB_TLS_UNIQUE, UNIQUE, &tls12) ==
	    SASL_PASSED);
	CU_ASSERT(bound(plus, GSASL_CB_TLS_EXPORTER,
	    "3q2+796tvu/erb7v3q2+796tvu/erb7v3q2+796tvu4=", &tls) ==
	    SASL_FAILED);
	CU_ASSERT(bound(plus, GSASL_CB_TLS_UNIQUE, "AQIDBAUGBwgJCgsN",
	    &tls12) == SASL_FAILED);
	/* Of a kind that this connection has not, or of one without TLS. */
	CU_ASSERT(bound(plus, GSASL_CB_TLS_UNIQUE, UNIQUE, &tls) ==
	    SASL_FAILED);
	CU_ASSERT(bound(plus, GSASL_CB_TLS_EXPORTER, EXPORTER, NULL) ==
	    SASL_FAILED);
}

static void
prove(const char *said, char proof[64])
{
	char salted[32], client[32], theirs[32], stored[32];
	unsigned char signature[32];

	CU_ASSERT(gsasl_scram_secrets_from_password(GSASL_HASH_SHA256,
	    "pencil and paper", ROUNDS, (char *)table[0].verifier.salt,
	    VERIFIER_SALT, salted, client, theirs, stored) == GSASL_OK);
	crypto_auth_hmacsha256(signature, (const unsigned char *)said,
	    strlen(said), (const unsigned char *)stored);
	for (int i = 0; i < 32; i++)
		signature[i] ^= (unsigned char)client[i];
	sodium_bin2base64(proof, 64, signature, 32,
	    sodium_base64_VARIANT_ORIGINAL);
}

/* As RFC 5802 has it, with a flag of the test's own: libgsasl's client does
 * not go on without a binding where it has one. */
static enum sasl_result
flagged(const char *header, const char *binding, const struct sasl_peer *peer)
{
	static const char bare[] = "n=bud,r=fyko+d2lbbFgONRv9qkxdawL";
	static const struct sasl_peer nobody;
	struct sasl *s = sasl_new(server, SASL_SCRAM,
	    peer != NULL ? peer : &nobody);
	char text[2 * BYTES], word[BYTES], challenge[BYTES], proof[64];
	enum sasl_result result;
	struct blob *out;
	int len = snprintf(text, sizeof(text), "%s%s", header, bare);

	result = sasl_step(s, slice_of(word_of(text, (size_t)len, word)),
	    &out);
	if (result == SASL_CHALLENGE) {
		bytes_of((struct slice){ out->data, out->len }, challenge);
		len = snprintf(text, sizeof(text), "%s,%s,c=%s,%.*s", bare,
		    challenge, binding, (int)strcspn(challenge, ","),
		    challenge);
		prove(text, proof);
		len = snprintf(text, sizeof(text), "c=%s,%.*s,p=%s", binding,
		    (int)strcspn(challenge, ","), challenge, proof);
		blob_unref(&out);
		result = sasl_step(s, slice_of(word_of(text, (size_t)len,
		    word)), &out);
	}
	blob_unref(&out);
	sasl_free(&s);
	return result;
}

static void
who_was_made_to_do_without_a_binding_fails(void)
{
	/* Its list of mechanisms was tampered with. */
	CU_ASSERT(flagged("y,,", "eSws", &tls) == SASL_FAILED);
	CU_ASSERT(flagged("y,,", "eSws", &tls12) == SASL_FAILED);
	/* Who knows of no bindings may do without; and so may all where we
	 * have none. */
	CU_ASSERT(flagged("n,,", "biws", &tls) == SASL_PASSED);
	CU_ASSERT(flagged("n,,", "biws", NULL) == SASL_PASSED);
	CU_ASSERT(flagged("y,,", "eSws", NULL) == SASL_PASSED);
	CU_ASSERT(login("SCRAM-SHA-256", "bud", "pencil and paper", &tls) ==
	    SASL_PASSED);
	/* A flag that was changed on the way. */
	CU_ASSERT(flagged("n,,", "eSws", NULL) == SASL_FAILED);
	CU_ASSERT(flagged("y,,", "biws", NULL) == SASL_FAILED);
	CU_ASSERT(flagged("p=tls-unique,,", "cD10bHMtdW5pcXVlLCw=", NULL) ==
	    SASL_FAILED);
	CU_ASSERT(flagged("p=tls-exporter,,", "cD10bHMtZXhwb3J0ZXIsLA==",
	    &tls) == SASL_FAILED);
}

static enum sasl_result
external(const struct sasl_peer *peer, const char *word, const char *name)
{
	struct sasl *s = sasl_new(server, SASL_EXTERNAL, peer);
	struct blob *out;
	enum sasl_result result = sasl_step(s, slice_of(word), &out);
	bool local;

	CU_ASSERT(out == NULL);
	if (result == SASL_PASSED)
		CU_ASSERT(slice_is(sasl_name(s, &local), name) &&
		    local == (*peer->local_user != '\0') &&
		    slice_is(sasl_claimed(s), name));
	sasl_free(&s);
	return result;
}

static void
external_is_who_the_connection_says(void)
{
	struct sasl_peer root = { .local_user = "root" }, none = { 0 };
	struct sasl_peer kay = { .certified = true, .common_name = "bud" };
	struct sasl_peer dan = { .certified = true };
	struct sasl_peer cn = { .certified = true, .common_name = "Bud" };
	struct sasl_peer foreign = { .certified = true,
		.common_name = "nobody" };

	memset(kay.fingerprint, 9, FINGERPRINT);
	memset(dan.fingerprint, 8, FINGERPRINT);
	memset(cn.fingerprint, 7, FINGERPRINT);
	CU_ASSERT(external(&root, "=", "root") == SASL_PASSED);
	CU_ASSERT(external(&root, "cm9vdA==", "root") == SASL_PASSED);
	CU_ASSERT(external(&root, "YnVk", "root") == SASL_FAILED);
	CU_ASSERT(external(&none, "=", "") == SASL_FAILED);
	CU_ASSERT(external(&none, "YnVk", "") == SASL_FAILED);
	CU_ASSERT(external(&kay, "=", "kay") == SASL_PASSED);
	CU_ASSERT(external(&kay, "S0FZ", "kay") == SASL_PASSED);
	CU_ASSERT(external(&kay, "YnVk", "kay") == SASL_FAILED);
	CU_ASSERT(external(&kay, "a2F5AA==", "kay") == SASL_FAILED);
	CU_ASSERT(external(&dan, "=", "") == SASL_FAILED);
	CU_ASSERT(external(&cn, "=", "bud") == SASL_PASSED);
	CU_ASSERT(external(&foreign, "=", "") == SASL_FAILED);
}

static void
who_it_was_is_known_before_the_password_is_looked_at(void)
{
	static const struct sasl_peer nobody;
	struct sasl *s = sasl_new(server, SASL_PLAIN, &nobody);
	struct blob *out;
	char word[BYTES];

	CU_ASSERT(!sasl_verifies(s) && sasl_claimed(s).len == 0);
	CU_ASSERT(sasl_step(s, slice_of(word_of("\0Nobody\0x", 9, word)),
	    &out) == SASL_VERIFY);
	CU_ASSERT(sasl_verifies(s));
	CU_ASSERT(slice_is(sasl_claimed(s), "Nobody"));
	CU_ASSERT(slice_is(sasl_key(s), "nobody"));
	CU_ASSERT(sasl_step(s, slice_of("="), &out) == SASL_FAILED);
	sasl_free(&s);
	s = sasl_new(server, SASL_SCRAM, &nobody);
	CU_ASSERT(sasl_step(s, slice_of(word_of("n,,n=Bud,r=abc", 14, word)),
	    &out) == SASL_CHALLENGE);
	CU_ASSERT(sasl_verifies(s) && slice_is(sasl_claimed(s), "Bud") &&
	    slice_is(sasl_key(s), "bud"));
	blob_unref(&out);
	sasl_free(&s);
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
	CU_ASSERT(say_all(SASL_PLAIN, &word, 1) == SASL_PASSED);
	for (int i = 0; i < 2; i++) {
		struct sasl *s = sasl_new(server, SASL_PLAIN, &nobody);
		struct blob *out;

		CU_ASSERT(sasl_step(s, word, &out) == SASL_VERIFY);
		sasl_free(&s);
	}
	CU_ASSERT(found == 0);
	watched = NULL;
}

static void
mechanisms_have_names(void)
{
	for (int m = 0; m < SASL_MECHANISMS; m++)
		CU_ASSERT(sasl_mechanism_find(slice_of(
		    sasl_mechanism_name(m))) == (enum sasl_mechanism)m);
	CU_ASSERT(sasl_mechanism_find(slice_of("plain")) == SASL_PLAIN);
	CU_ASSERT(sasl_mechanism_find(slice_of("SCRAM-SHA-1")) ==
	    SASL_MECHANISMS);
	CU_ASSERT(sasl_mechanism_find(slice_of("")) == SASL_MECHANISMS);
}

static CU_TestInfo tests[] = {
	{ "who has the password gets in", who_has_the_password_gets_in },
	{ "nobody else does", nobody_else_does },
	{ "passwords are prepared", passwords_are_prepared },
	{ "a name without an account looks like one with",
	    a_name_without_an_account_looks_like_one_with },
	{ "names without accounts have the iterations of today",
	    names_without_accounts_have_the_iterations_of_today },
	{ "an exchange is good once", an_exchange_is_good_once },
	{ "what is damaged fails", what_is_damaged_fails },
	{ "PLAIN is taken apart strictly", plain_is_taken_apart_strictly },
	{ "words are strict base64", words_are_strict_base64 },
	{ "long messages are answered", long_messages_are_answered },
	{ "one may name oneself alone", one_may_name_oneself_alone },
	{ "a login is bound to its connection",
	    a_login_is_bound_to_its_connection },
	{ "who was made to do without a binding fails",
	    who_was_made_to_do_without_a_binding_fails },
	{ "EXTERNAL is who the connection says",
	    external_is_who_the_connection_says },
	{ "who it was is known before the password is looked at",
	    who_it_was_is_known_before_the_password_is_looked_at },
	{ "passwords are wiped", passwords_are_wiped },
	{ "mechanisms have names", mechanisms_have_names },
	CU_TEST_INFO_NULL
};

int
main(void)
{
	CU_SuiteInfo suites[] = {
		{ "sasl", fill_table, empty_table, NULL, NULL, tests },
		CU_SUITE_INFO_NULL
	};

	return suite_run(suites);
}
