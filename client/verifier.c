/* verifier.c -- what a server keeps in the place of a password
 *
 * SPDX-License-Identifier: MIT */
#include "client/client.h"
#include "client/verifier.h"

#include <gsasl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* Fewer would make the password cheap to guess for who has the verifier. */
#define ITERATIONS_MIN	4096
#define ITERATIONS_MAX	10000000

#define SALT_SIZE	16
#define SECRET_SIZE	GSASL_HASH_SHA256_SIZE

struct keys {
	char salt[SALT_SIZE];
	char salted[SECRET_SIZE];
	char client[SECRET_SIZE];
	char server[SECRET_SIZE];
	char stored[SECRET_SIZE];
};

static bool
derive(const char *password, unsigned iterations, struct keys *keys_r)
{
	char *prepared = NULL;
	bool good;

	if (gsasl_saslprep(password, 0, &prepared, NULL) != GSASL_OK)
		return false;
	good = *prepared != '\0' && getrandom(keys_r->salt, SALT_SIZE, 0) ==
	    SALT_SIZE && gsasl_scram_secrets_from_password(GSASL_HASH_SHA256,
	    prepared, iterations, keys_r->salt, SALT_SIZE, keys_r->salted,
	    keys_r->client, keys_r->server, keys_r->stored) == GSASL_OK;
	explicit_bzero(prepared, strlen(prepared));
	gsasl_free(prepared);
	return good;
}

static bool
append(char *text, const char *bytes, size_t len, const char *mark)
{
	size_t used = strlen(text);
	char *base64 = NULL;
	bool fits = gsasl_base64_to(bytes, len, &base64, NULL) == GSASL_OK &&
	    snprintf(text + used, VERIFIER_SIZE - used, "%s%s", base64,
	    mark) < (int)(VERIFIER_SIZE - used);

	gsasl_free(base64);
	return fits;
}

/* False: the password is none: empty, not UTF-8, or with a character that
 * nobody could type again. */
static bool
render(const char *password, unsigned iterations, char *text_r)
{
	struct keys keys;
	bool good = derive(password, iterations, &keys) &&
	    snprintf(text_r, VERIFIER_SIZE, "SCRAM-SHA-256$%u:", iterations) <
	    VERIFIER_SIZE &&
	    append(text_r, keys.salt, SALT_SIZE, "$") &&
	    append(text_r, keys.stored, SECRET_SIZE, ":") &&
	    append(text_r, keys.server, SECRET_SIZE, "");

	explicit_bzero(&keys, sizeof(keys));
	return good;
}

void
client_make_verifier(struct client *client, const char *password, char *text_r)
{
	char value[16] = "";
	long iterations;

	if (!vcrp_feature(client->v, "scram-i", value, sizeof(value)))
		client_fail(client, STATUS_REFUSED, "this server takes no "
		    "passwords on this connection%s",
		    vcrp_feature(client->v, "tls", value, sizeof(value)) ?
		    ", but with TLS: vcrps://" : "");
	iterations = strtol(value, NULL, 10);
	if (iterations < ITERATIONS_MIN || iterations > ITERATIONS_MAX)
		client_fail(client, STATUS_UNREACHED, "the server asks for "
		    "%ld iterations", iterations);
	if (!render(password, (unsigned)iterations, text_r))
		client_fail(client, STATUS_USAGE, "this can be no password");
}
