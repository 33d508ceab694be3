/* scram.c -- the client's side of SCRAM-SHA-256 (RFC 5802, 7677)
 *
 * SPDX-License-Identifier: MIT */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scram.h"

#define NONCE_BYTES 18
#define MESSAGE_MAX 512
#define NONCE_MAX 200

static size_t
encode(const void *data, size_t len, char *out_r)
{
	return EVP_EncodeBlock((unsigned char *)out_r, data, len);
}

/* The number of bytes; -1 if that is no base64, or too long for `size`. */
static long
decode(const char *text, size_t len, unsigned char *out_r, size_t size)
{
	long got;

	if (len == 0 || len % 4 != 0 || len / 4 * 3 > size)
		return -1;
	got = EVP_DecodeBlock(out_r, (const unsigned char *)text, len);
	if (got < 0)
		return -1;
	return got - (text[len - 1] == '=') - (text[len - 2] == '=');
}

static void
hmac(const unsigned char *key, const void *data, size_t len,
    unsigned char *out_r)
{
	HMAC(EVP_sha256(), key, SCRAM_HASH, data, len, out_r, NULL);
}

size_t
scram_begin(struct scram *s, const char *name, const unsigned char *binding,
    char *out_r)
{
	static const char plain[] = "n,,", bound[] = "p=tls-exporter,,";
	const char *gs2 = binding != NULL ? bound : plain;
	char header[sizeof(bound) + SCRAM_BINDING];
	size_t len = strlen(gs2);
	char message[MESSAGE_MAX], nonce[NONCE_BYTES / 3 * 4 + 1];
	unsigned char random[NONCE_BYTES];

	if (RAND_bytes(random, sizeof(random)) != 1)
		abort();
	encode(random, sizeof(random), nonce);
	snprintf(s->name, sizeof(s->name), "%s", name);
	s->first_len =
	    snprintf(s->first, sizeof(s->first), "n=%s,r=%s", name, nonce);
	s->step = 0;
	memcpy(header, gs2, len);
	if (binding != NULL)
		memcpy(header + len, binding, SCRAM_BINDING);
	encode(header, len + (binding != NULL ? SCRAM_BINDING : 0), s->header);
	len = snprintf(message, sizeof(message), "%s%s", gs2, s->first);
	return encode(message, len, out_r);
}

/* Where the value of an attribute begins; it ends at the next comma. */
static const char *
value(const char *message, const char *attr, size_t *len_r)
{
	const char *at = message;

	while (strncmp(at, attr, 2) != 0) {
		at = strchr(at, ',');
		if (at == NULL)
			return NULL;
		at++;
	}
	*len_r = strcspn(at + 2, ",");
	return at + 2;
}

static void
work_out(struct scram_keys *k, const char *password)
{
	unsigned char salted[SCRAM_HASH];

	PKCS5_PBKDF2_HMAC(password, strlen(password), k->salt, k->salt_len,
	    k->iterations, EVP_sha256(), sizeof(salted), salted);
	hmac(salted, "Client Key", 10, k->client);
	SHA256(k->client, SCRAM_HASH, k->stored);
	hmac(salted, "Server Key", 10, k->server);
}

static bool
fits(const struct scram_keys *k, const struct scram_keys *wanted)
{
	return k->salt_len == wanted->salt_len &&
	    k->iterations == wanted->iterations &&
	    memcmp(k->salt, wanted->salt, k->salt_len) == 0;
}

static void
find_keys(struct scram *s, struct scram_keys *latest, struct scram_keys *wanted,
    const char *password)
{
	if (fits(&s->keys, wanted))
		return;
	if (!fits(latest, wanted)) {
		work_out(wanted, password);
		*latest = *wanted;
	}
	s->keys = *latest;
}

static const char *
parse_first(const struct scram *s, const char *message, struct scram_keys *k_r)
{
	const char *mine = strstr(s->first, ",r=") + 3, *nonce, *salt, *count;
	size_t nonce_len, len;
	long got;

	nonce = value(message, "r=", &nonce_len);
	if (nonce == NULL || nonce_len <= strlen(mine) ||
	    nonce_len > NONCE_MAX || memcmp(nonce, mine, strlen(mine)) != 0)
		return "the nonce is not ours";
	salt = value(message, "s=", &len);
	got = salt != NULL ? decode(salt, len, k_r->salt, SCRAM_SALT_MAX) : -1;
	count = value(message, "i=", &len);
	if (got <= 0 || count == NULL)
		return "no salt or no number of iterations";
	k_r->salt_len = got;
	k_r->iterations = strtoul(count, NULL, 10);
	return k_r->iterations > 0 ? NULL : "0 iterations";
}

static size_t
prove(struct scram *s, const char *message, char *out_r)
{
	char final[MESSAGE_MAX], all[3 * MESSAGE_MAX];
	unsigned char proof[SCRAM_HASH];
	size_t nonce_len, len, all_len;
	const char *nonce = value(message, "r=", &nonce_len);

	len = snprintf(final, sizeof(final), "c=%s,r=%.*s", s->header,
	    (int)nonce_len, nonce);
	all_len =
	    snprintf(all, sizeof(all), "%s,%s,%s", s->first, message, final);
	hmac(s->keys.stored, all, all_len, proof);
	for (size_t i = 0; i < SCRAM_HASH; i++)
		proof[i] ^= s->keys.client[i];
	hmac(s->keys.server, all, all_len, s->proof_of_server);
	len += snprintf(final + len, sizeof(final) - len, ",p=");
	len += encode(proof, sizeof(proof), final + len);
	return encode(final, len, out_r);
}

static const char *
check_server(const struct scram *s, const char *message)
{
	unsigned char proof[SCRAM_HASH + 2];
	size_t len = 0;
	const char *text = value(message, "v=", &len);

	if (text == NULL ||
	    decode(text, len, proof, sizeof(proof)) != SCRAM_HASH ||
	    memcmp(proof, s->proof_of_server, SCRAM_HASH) != 0)
		return "the server does not know the password";
	return NULL;
}

const char *
scram_take(struct scram *s, struct scram_keys *latest, const char *password,
    const char *data, size_t len, char *out_r, size_t *len_r)
{
	unsigned char message[MESSAGE_MAX];
	long got = decode(data, len, message, sizeof(message) - 3);
	struct scram_keys wanted;
	const char *why;

	*len_r = 0;
	if (got < 0)
		return "no base64";
	message[got] = '\0';
	if (++s->step > 2)
		return "more than two messages";
	if (s->step == 2)
		return check_server(s, (const char *)message);
	why = parse_first(s, (const char *)message, &wanted);
	if (why != NULL)
		return why;
	find_keys(s, latest, &wanted, password);
	*len_r = prove(s, (const char *)message, out_r);
	return NULL;
}

bool
scram_done(const struct scram *s)
{
	return s->step == 2;
}
