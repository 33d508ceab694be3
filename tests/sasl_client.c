/* sasl_client.c -- a few accounts, and libgsasl as the client that logs in
 *
 * SPDX-License-Identifier: MIT */
#include <CUnit/CUnit.h>
#include <sodium.h>
#include <stdlib.h>

#include "sasl_client.h"

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

	for (int i = 0; i < REALM_ACCOUNTS; i++)
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

	for (int i = 0; i < REALM_ACCOUNTS; i++)
		if (all[i].certified && memcmp(all[i].fingerprint,
		    fingerprint, FINGERPRINT) == 0) {
			*facts_r = all[i];
			return true;
		}
	return false;
}

struct sasl_server *
realm_server(struct realm *r, unsigned char secret)
{
	struct sasl_accounts accounts = { by_key, by_certificate, r->table };
	unsigned char bytes[SERVER_SECRET];

	memset(bytes, secret, sizeof(bytes));
	return sasl_server_new(r->names, &accounts, &r->rounds,
	    bytes);
}

bool
realm_init(struct realm *r)
{
	struct account_facts *table = r->table;
	const char *why;

	memset(r, 0, sizeof(*r));
	r->rounds = ROUNDS;
	r->names = names_new(&why);
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
	r->server = realm_server(r, 1);
	return r->names != NULL && r->server != NULL;
}

void
realm_fini(struct realm *r)
{
	sasl_server_free(&r->server);
	names_free(&r->names);
}

char *
word_of(const void *bytes, size_t len, char word[BYTES])
{
	if (len == 0)
		return strcpy(word, "=");
	return sodium_bin2base64(word, BYTES, bytes, len,
	    sodium_base64_VARIANT_ORIGINAL);
}

struct slice
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

void
talk_begin(struct talk *t, const struct realm *r, const char *mechanism,
    const char *name, const char *password, const struct sasl_peer *peer)
{
	static const struct sasl_peer nobody;

	memset(t, 0, sizeof(*t));
	CU_ASSERT(gsasl_init(&t->library) == GSASL_OK);
	CU_ASSERT(gsasl_client_start(t->library, mechanism, &t->client) ==
	    GSASL_OK);
	gsasl_property_set(t->client, GSASL_AUTHID, name);
	gsasl_property_set(t->client, GSASL_PASSWORD, password);
	t->sasl = sasl_new(r->server, sasl_mechanism_find(slice_of(mechanism)),
	    peer != NULL ? peer : &nobody);
}

void
talk_end(struct talk *t)
{
	gsasl_finish(t->client);
	gsasl_done(t->library);
	sasl_free(&t->sasl);
}

enum sasl_result
talk_go_on(struct talk *t)
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

enum sasl_result
talk_say(const struct realm *r, enum sasl_mechanism m,
    const struct slice *words, unsigned count)
{
	static const struct sasl_peer nobody;
	struct sasl *s = sasl_new(r->server, m, &nobody);
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
