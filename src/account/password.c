/* password.c -- does a password fit the verifier of its account?
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <stdlib.h>

#include <gsasl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <sodium.h>

#include "account/password.h"
#include "base/alloc.h"

/* One of the three parts of a verifier that no password fits. */
static void
make_up(const unsigned char secret[SERVER_SECRET], const char *part,
    struct slice key, unsigned char hash_r[VERIFIER_KEY])
{
	crypto_auth_hmacsha256_state h;

	crypto_auth_hmacsha256_init(&h, secret, SERVER_SECRET);
	crypto_auth_hmacsha256_update(&h, (const unsigned char *)part,
	    strlen(part) + 1);
	crypto_auth_hmacsha256_update(&h, (const unsigned char *)key.at,
	    key.len);
	crypto_auth_hmacsha256_final(&h, hash_r);
	sodium_memzero(&h, sizeof(h));
}

void
password_verifier_of_none(const unsigned char secret[SERVER_SECRET],
    struct slice key, unsigned iterations, struct verifier *v)
{
	unsigned char salt[VERIFIER_KEY];

	make_up(secret, "salt", key, salt);
	memcpy(v->salt, salt, sizeof(v->salt));
	make_up(secret, "stored", key, v->stored);
	make_up(secret, "server", key, v->server);
	v->iterations = iterations;
}

/* ASCII that SASLprep would not change. */
static bool
is_prepared(const char *text)
{
	for (; *text >= 0x20 && *text < 0x7f; text++)
		continue;
	return *text == '\0';
}

/* libgsasl leaves copies behind, so that it is asked only if need be. */
char *
password_prepare(const char *text)
{
	char *prepared, *own = NULL;

	if (*text == '\0')
		return NULL;
	if (is_prepared(text))
		return xmemdup(text, strlen(text));
	if (gsasl_saslprep(text, GSASL_ALLOW_UNASSIGNED, &prepared, NULL) !=
	    GSASL_OK)
		return NULL;
	if (*prepared != '\0')
		own = xmemdup(prepared, strlen(prepared));
	sodium_memzero(prepared, strlen(prepared));
	gsasl_free(prepared);
	return own;
}

static void
hmac(const unsigned char key[VERIFIER_KEY], const char *text,
    unsigned char hash_r[VERIFIER_KEY])
{
	unsigned len = VERIFIER_KEY;
	unsigned char *done = HMAC(EVP_sha256(), key, VERIFIER_KEY,
	    (const unsigned char *)text, strlen(text), hash_r, &len);

	assert(done != NULL);
}

/* RFC 5802, section 3. */
bool
password_fits(const char *password, const struct verifier *v)
{
	unsigned char salted[VERIFIER_KEY], key[VERIFIER_KEY];
	unsigned char stored[VERIFIER_KEY];
	int done = PKCS5_PBKDF2_HMAC(password, (int)strlen(password),
	    v->salt, sizeof(v->salt), (int)v->iterations, EVP_sha256(),
	    VERIFIER_KEY, salted);
	bool same;

	assert(done == 1);
	hmac(salted, "Client Key", key);
	SHA256(key, sizeof(key), stored);
	same = sodium_memcmp(stored, v->stored, VERIFIER_KEY) == 0;
	sodium_memzero(salted, sizeof(salted));
	sodium_memzero(key, sizeof(key));
	sodium_memzero(stored, sizeof(stored));
	return same;
}

void
password_free(char **at)
{
	char *text = *at;

	*at = NULL;
	if (text == NULL)
		return;
	sodium_memzero(text, strlen(text));
	free(text);
}
