/* fuzz_sasl.c -- any words as a login: nobody gets in, and nothing breaks
 *
 * SPDX-License-Identifier: MIT
 *
 * The first byte says which mechanism it is, and what the connection knows of
 * its peer; each line after it is a message. The password of the one account is
 * not in the corpus, and would be hard to find. */
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>

#include "account/sasl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LOCAL = 4, BOUND = 8, CERTIFIED = 16, STEPS = 8 };

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static bool
by_key(void *arg, struct slice key, struct account_facts *facts_r)
{
	(void)arg;
	if (!slice_is(key, "bud"))
		return false;
	memset(facts_r, 0, sizeof(*facts_r));
	strcpy(facts_r->name, "bud");
	facts_r->verifier.iterations = 1;
	memset(facts_r->verifier.stored, 1, VERIFIER_KEY);
	return true;
}

static bool
by_certificate(void *arg, const unsigned char fingerprint[FINGERPRINT],
    struct account_facts *facts_r)
{
	(void)fingerprint;
	return by_key(arg, slice_of("bud"), facts_r);
}

static const struct sasl_server *
the_server(void)
{
	static struct sasl_server *server;
	static const _Atomic int64_t rounds = 1;
	static const unsigned char secret[SERVER_SECRET];
	struct sasl_accounts accounts = { by_key, by_certificate, NULL };
	const char *why;

	if (server == NULL)
		server = sasl_server_new(names_new(&why), &accounts, &rounds,
		    secret);
	must(server != NULL);
	return server;
}

/* What is answered is base64, and fits into a line. */
static void
check_answer(const struct blob *out)
{
	unsigned char bytes[SASL_ANSWER_MAX];
	size_t len;

	must(out->len > 0 && out->len <= SASL_ANSWER_MAX);
	must(sodium_base642bin(bytes, sizeof(bytes), out->data, out->len,
	    NULL, &len, NULL, sodium_base64_VARIANT_ORIGINAL) == 0);
}

static void
check_step(struct sasl *s, enum sasl_result result, const struct blob *out,
    bool external)
{
	bool local;

	must(result != SASL_PASSED || external);
	must((out != NULL) == (result == SASL_CHALLENGE));
	if (out != NULL)
		check_answer(out);
	if (result == SASL_CHALLENGE || result == SASL_VERIFY)
		must(sasl_verifies(s) && sasl_claimed(s).len > 0 &&
		    sasl_key(s).len > 0);
	if (result == SASL_PASSED)
		must(sasl_name(s, &local).len > 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = { (const char *)data + 1, size - 1 };
	struct sasl_peer peer = { .exporter = "" };
	enum sasl_result result = SASL_CHALLENGE;
	struct sasl *s;

	if (size == 0)
		return 0;
	if (*data & LOCAL)
		strcpy(peer.local_user, "root");
	if (*data & BOUND)
		strcpy(peer.exporter, "AAAA");
	peer.certified = *data & CERTIFIED;
	s = sasl_new(the_server(), *data % SASL_MECHANISMS, &peer);
	for (int i = 0; i < STEPS && (result == SASL_CHALLENGE ||
	    result == SASL_VERIFY); i++) {
		const char *end = memchr(rest.at, '\n', rest.len);
		size_t len = end == NULL ? rest.len :
		    (size_t)(end - rest.at);
		struct blob *out;

		result = sasl_step(s, (struct slice){ rest.at, len }, &out);
		check_step(s, result, out,
		    *data % SASL_MECHANISMS == SASL_EXTERNAL &&
		    *data & (LOCAL | CERTIFIED));
		blob_unref(&out);
		rest.at += len + (end != NULL);
		rest.len -= len + (end != NULL);
	}
	sasl_free(&s);
	return 0;
}
