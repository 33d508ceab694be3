/* test_sasl.c -- who gets in by SASL, and what others learn
 *
 * SPDX-License-Identifier: MIT */
#include <sodium.h>
#include <stdio.h>

#include "sasl_client.h"
#include "suite.h"

#define EXPORTER "3q2+796tvu/erb7v3q2+796tvu/erb7v3q2+796tvu8="
#define UNIQUE "AQIDBAUGBwgJCgsM"

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

static enum sasl_result
login(const char *mechanism, const char *name, const char *password,
    const struct sasl_peer *peer)
{
	struct talk t;
	enum sasl_result result;
	bool local;

	talk_begin(&t, &realm, mechanism, name, password, peer);
	result = talk_go_on(&t);
	if (result == SASL_PASSED)
		CU_ASSERT(sasl_name(t.sasl, &local).len > 0 && !local);
	talk_end(&t);
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

	talk_begin(&t, &realm, "SCRAM-SHA-256", name, "wrong", NULL);
	CU_ASSERT(talk_go_on(&t) == SASL_FAILED);
	CU_ASSERT(t.count == 2);
	comma = strchr(t.challenge, ',');
	CU_ASSERT_FATAL(comma != NULL && count < 64);
	strcpy(rest, comma);
	*comma = '\0';
	for (int i = 0; i < count; i++)
		CU_ASSERT(strcmp(nonces[i], t.challenge) != 0);
	strcpy(nonces[count++], t.challenge);
	talk_end(&t);
	return rest;
}

static void
a_name_without_an_account_looks_like_one_with(void)
{
	char known[BYTES], none[BYTES], again[BYTES], other[BYTES];
	struct sasl_server *mine = realm.server;

	challenge_to("bud", known);
	challenge_to("nobody", none);
	CU_ASSERT(strlen(known) == strlen(none));
	CU_ASSERT(strcmp(strrchr(known, ','), strrchr(none, ',')) == 0);
	CU_ASSERT(strcmp(known, none) != 0);
	CU_ASSERT(strcmp(challenge_to("NoBody", again), none) == 0);
	CU_ASSERT(strcmp(challenge_to("nobodi", other), none) != 0);
	CU_ASSERT(strlen(challenge_to("-no name-", other)) == strlen(known));
	/* A restart has the same secret, another server another one. */
	realm.server = realm_server(&realm, 1);
	CU_ASSERT(strcmp(challenge_to("nobody", again), none) == 0);
	sasl_server_free(&realm.server);
	realm.server = realm_server(&realm, 2);
	CU_ASSERT(strcmp(challenge_to("nobody", again), none) != 0);
	sasl_server_free(&realm.server);
	realm.server = mine;
	/* To close an account changes nothing that could be seen. */
	challenge_to("bud", known);
	realm.table[0].disabled = true;
	CU_ASSERT(strcmp(challenge_to("bud", again), known) == 0);
	realm.table[0].disabled = false;
}

static void
names_without_accounts_have_the_iterations_of_today(void)
{
	char none[BYTES];

	realm.rounds = 12345;
	CU_ASSERT(strstr(challenge_to("nobody", none), ",i=12345") != NULL);
	realm.rounds = ROUNDS;
}

static void
long_names_are_answered(void)
{
	char name[2500], rest[BYTES], short_one[BYTES];

	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	CU_ASSERT(strlen(challenge_to(name, rest)) ==
	    strlen(challenge_to("bud", short_one)));
}

static void
one_may_name_oneself_alone(void)
{
	static const char *const who[] = { "bud", "BUD", "kay", "nobody" };

	for (int i = 0; i < 4; i++) {
		struct talk t;

		talk_begin(&t, &realm, "SCRAM-SHA-256", "bud", "pencil and paper", NULL);
		gsasl_property_set(t.client, GSASL_AUTHZID, who[i]);
		CU_ASSERT(talk_go_on(&t) == (i < 2 ? SASL_PASSED : SASL_FAILED));
		CU_ASSERT(t.count == 2);
		talk_end(&t);
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

	talk_begin(&t, &realm, mechanism, "bud", "pencil and paper", peer);
	gsasl_property_set(t.client, p, binding);
	result = talk_go_on(&t);
	talk_end(&t);
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
	    "pencil and paper", ROUNDS, (char *)realm.table[0].verifier.salt,
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
	struct sasl *s = sasl_new(realm.server, SASL_SCRAM,
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
	struct sasl *s = sasl_new(realm.server, SASL_EXTERNAL, peer);
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
	struct sasl *s = sasl_new(realm.server, SASL_PLAIN, &nobody);
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
	s = sasl_new(realm.server, SASL_SCRAM, &nobody);
	CU_ASSERT(sasl_step(s, slice_of(word_of("n,,n=Bud,r=abc", 14, word)),
	    &out) == SASL_CHALLENGE);
	CU_ASSERT(sasl_verifies(s) && slice_is(sasl_claimed(s), "Bud") &&
	    slice_is(sasl_key(s), "bud"));
	blob_unref(&out);
	sasl_free(&s);
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
	{ "long names are answered", long_names_are_answered },
	{ "one may name oneself alone", one_may_name_oneself_alone },
	{ "a login is bound to its connection",
	    a_login_is_bound_to_its_connection },
	{ "who was made to do without a binding fails",
	    who_was_made_to_do_without_a_binding_fails },
	{ "EXTERNAL is who the connection says",
	    external_is_who_the_connection_says },
	{ "who it was is known before the password is looked at",
	    who_it_was_is_known_before_the_password_is_looked_at },
	{ "mechanisms have names", mechanisms_have_names },
	CU_TEST_INFO_NULL
};

int
main(void)
{
	CU_SuiteInfo suites[] = {
		{ "sasl", begin_all, end_all, NULL, NULL, tests },
		CU_SUITE_INFO_NULL
	};

	return suite_run(suites);
}
