/* sasl.c -- proving to a server that we know a password, and it to us (SCRAM)
 *
 * SPDX-License-Identifier: MIT
 *
 * RFC 5802 and 7677. libgsasl 2.2 cannot say as a client that it could bind a
 * login to the connection (the flag "y"), by which a server learns that
 * somebody has taken away its offer; so of that library only the texts'
 * preparation and base64 are used. */
#include "lib/sasl.h"

#include <errno.h>
#include <gsasl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* Fewer would be a way to guess the password, more one to keep us busy. */
#define ITERATIONS_MIN	4096
#define ITERATIONS_MAX	10000000
#define KEY_SIZE	32
#define NONCE_SIZE	18
#define USER_MAX	200
#define WHY_SIZE	128

enum stage {
	STAGE_NONE,
	STAGE_FIRST,	/* the server's salt and nonce are to come */
	STAGE_FINAL,	/* its proof is to come */
	STAGE_PROVED
};

struct vsasl {
	char         *user;		/* both after SASLprep */
	char         *password;
	char         *salt;		/* of what salted was made with */
	uint64_t      iterations;	/* the same; 0 for nothing */
	unsigned char salted[KEY_SIZE];
	enum stage    stage;
	char          nonce[2 * NONCE_SIZE];
	char          binding[256];	/* base64: what "c=" says */
	unsigned char proof[KEY_SIZE];	/* that the server has to send */
	char          why[WHY_SIZE];
};

__attribute__((format(printf, 2, 3))) static bool
fail(struct vsasl *sasl, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(sasl->why, sizeof(sasl->why), format, args);
	va_end(args);
	sasl->stage = STAGE_NONE;
	return false;
}

static void
wipe(char **at)
{
	if (*at != NULL)
		explicit_bzero(*at, strlen(*at));
	free(*at);
	*at = NULL;
}

struct vsasl *
vsasl_new(const char *user, const char *password, const char **why_r)
{
	struct vsasl *sasl = calloc(1, sizeof(*sasl));

	*why_r = strerror(ENOMEM);
	if (sasl == NULL)
		return NULL;
	/* No name has one of these, and they would need escapes. */
	if (strpbrk(user, ",=") != NULL || gsasl_saslprep(user,
	    GSASL_ALLOW_UNASSIGNED, &sasl->user, NULL) != GSASL_OK ||
	    !vline_is_word(sasl->user) || strlen(sasl->user) > USER_MAX) {
		*why_r = "this can be no user's name";
		vsasl_free(&sasl);
	} else if (gsasl_saslprep(password, GSASL_ALLOW_UNASSIGNED,
	    &sasl->password, NULL) != GSASL_OK || *sasl->password == '\0') {
		*why_r = "this can be no password";
		vsasl_free(&sasl);
	}
	return sasl;
}

void
vsasl_free(struct vsasl **at)
{
	struct vsasl *sasl = *at;

	*at = NULL;
	if (sasl == NULL)
		return;
	wipe(&sasl->password);
	free(sasl->user);
	free(sasl->salt);
	explicit_bzero(sasl, sizeof(*sasl));
	free(sasl);
}

void
vsasl_reset(struct vsasl *sasl)
{
	sasl->stage = STAGE_NONE;
}

/* Base64 of it, with its NUL. */
static bool
encode(const void *bytes, size_t len, char *text_r, size_t size)
{
	char *text = NULL;
	bool fits = gsasl_base64_to(bytes, len, &text, NULL) == GSASL_OK &&
	    snprintf(text_r, size, "%s", text) < (int)size;

	gsasl_free(text);
	return fits;
}

/* The bytes with a NUL behind them; false when there is another one. */
static bool
decode(const char *text, char *bytes_r, size_t size)
{
	char *bytes = NULL;
	size_t len = 0;
	bool fits = gsasl_base64_from(text, strlen(text), &bytes,
	    &len) == GSASL_OK && len < size && memchr(bytes, 0, len) == NULL;

	if (fits)
		snprintf(bytes_r, size, "%.*s", (int)len, len > 0 ? bytes : "");
	gsasl_free(bytes);
	return fits;
}

/* "AUTH", the mechanism where one is begun, and the message. */
static bool
render(struct vsasl *sasl, const char *mechanism, const char *message,
    char *line_r)
{
	char text[VLINE_MAX];

	if (!encode(message, strlen(message), text, sizeof(text)) ||
	    snprintf(line_r, VLINE_MAX, "AUTH %s%s\n", mechanism, text) >=
	    VLINE_MAX)
		return fail(sasl, "the server's texts are too long");
	return true;
}

/* Without a request to bind it we still say that we could ("y"). */
static bool
bind_login(struct vsasl *sasl, const struct vtls *tls, bool bound,
    char *header_r, size_t size)
{
	unsigned char input[64 + VTLS_BINDING_SIZE];
	bool exporter;
	size_t header, len = 0;

	strcpy(header_r, tls == NULL ? "n,," : "y,,");
	if (bound) {
		len = vtls_binding(tls, input + 64, &exporter);
		if (len == 0)
			return false;
		snprintf(header_r, size, "p=tls-%s,,",
		    exporter ? "exporter" : "unique");
	}
	header = strlen(header_r);
	memmove(input + header, input + 64, len);
	memcpy(input, header_r, header);
	return encode(input, header + len, sasl->binding,
	    sizeof(sasl->binding));
}

bool
vsasl_begin(struct vsasl *sasl, const struct vtls *tls, bool bound,
    char *line_r)
{
	unsigned char bytes[NONCE_SIZE];
	char header[32], message[VLINE_MAX];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes) ||
	    !encode(bytes, sizeof(bytes), sasl->nonce, sizeof(sasl->nonce)))
		return fail(sasl, "no random bytes to be had");
	if (!bind_login(sasl, tls, bound, header, sizeof(header)))
		return fail(sasl, "the connection has nothing to bind to");
	sasl->stage = STAGE_FIRST;
	snprintf(message, sizeof(message), "%sn=%s,r=%s", header,
	    sasl->user, sasl->nonce);
	return render(sasl, bound ? "SCRAM-SHA-256-PLUS " : "SCRAM-SHA-256 ",
	    message, line_r);
}

/* What the password is hashed to, which is the same as last time if the
 * server asks for the same. */
static bool
salt_password(struct vsasl *sasl, const char *salt, uint64_t iterations)
{
	char *bytes = NULL;
	size_t len = 0;
	bool good;

	if (iterations == sasl->iterations && strcmp(salt, sasl->salt) == 0)
		return true;
	free(sasl->salt);
	sasl->salt = strdup(salt);
	good = sasl->salt != NULL && gsasl_base64_from(salt, strlen(salt),
	    &bytes, &len) == GSASL_OK && len > 0 &&
	    PKCS5_PBKDF2_HMAC(sasl->password, (int)strlen(sasl->password),
	    (const unsigned char *)bytes, (int)len, (int)iterations,
	    EVP_sha256(), KEY_SIZE, sasl->salted) == 1;
	gsasl_free(bytes);
	sasl->iterations = good ? iterations : 0;
	return good;
}

static void
hmac(const unsigned char *key, const char *text, unsigned char *digest_r)
{
	HMAC(EVP_sha256(), key, KEY_SIZE, (const unsigned char *)text,
	    strlen(text), digest_r, NULL);
}

/* Our proof; what the server's has to be stays in sasl->proof. */
static void
prove(struct vsasl *sasl, const char *said, unsigned char *proof_r)
{
	unsigned char client[KEY_SIZE], key[KEY_SIZE];
	size_t i;

	hmac(sasl->salted, "Server Key", key);
	hmac(key, said, sasl->proof);
	hmac(sasl->salted, "Client Key", client);
	EVP_Digest(client, KEY_SIZE, key, NULL, EVP_sha256(), NULL);
	hmac(key, said, proof_r);
	for (i = 0; i < KEY_SIZE; i++)
		proof_r[i] ^= client[i];
	explicit_bzero(client, sizeof(client));
	explicit_bzero(key, sizeof(key));
}

/* "r=...,s=...,i=...", of which what follows is of no concern; cut in place.
 * The nonce has to go on from ours. */
static bool
cut_first(struct vsasl *sasl, char *message, char **salt_r,
    uint64_t *iterations_r)
{
	char *at = message, *nonce = strsep(&at, ","), *salt = strsep(&at, ",");
	char *count = strsep(&at, ",");
	size_t len = strlen(sasl->nonce);

	if (count == NULL || strncmp(nonce, "r=", 2) != 0 ||
	    strncmp(nonce + 2, sasl->nonce, len) != 0 ||
	    nonce[2 + len] == '\0' || strncmp(salt, "s=", 2) != 0 ||
	    strncmp(count, "i=", 2) != 0)
		return false;
	*salt_r = salt + 2;
	return vline_number(count + 2, iterations_r);
}

static bool
take_first(struct vsasl *sasl, const char *message, char *line_r)
{
	char parts[VLINE_MAX], said[4 * VLINE_MAX], final[2 * VLINE_MAX];
	char text[2 * KEY_SIZE], *salt;
	unsigned char proof[KEY_SIZE];
	uint64_t iterations;

	strcpy(parts, message);
	if (!cut_first(sasl, parts, &salt, &iterations))
		return fail(sasl, "the server's challenge is none");
	if (iterations < ITERATIONS_MIN || iterations > ITERATIONS_MAX)
		return fail(sasl, "the server asks for %llu iterations",
		    (unsigned long long)iterations);
	if (!salt_password(sasl, salt, iterations))
		return fail(sasl, "the server's salt is none");
	/* The nonce is all that stands before its end in parts. */
	snprintf(final, VLINE_MAX + 512, "c=%s,%s", sasl->binding, parts);
	snprintf(said, sizeof(said), "n=%s,r=%s,%s,%s", sasl->user,
	    sasl->nonce, message, final);
	prove(sasl, said, proof);
	if (!encode(proof, sizeof(proof), text, sizeof(text)))
		return fail(sasl, "%s", strerror(ENOMEM));
	strcat(final, ",p=");
	strcat(final, text);
	sasl->stage = STAGE_FINAL;
	return render(sasl, "", final, line_r);
}

static bool
take_final(struct vsasl *sasl, char *message)
{
	char *bytes = NULL;
	size_t len = 0;
	bool good;

	message[strcspn(message, ",")] = '\0';
	good = strncmp(message, "v=", 2) == 0 &&
	    gsasl_base64_from(message + 2, strlen(message + 2), &bytes,
	    &len) == GSASL_OK && len == KEY_SIZE &&
	    CRYPTO_memcmp(bytes, sasl->proof, KEY_SIZE) == 0;
	gsasl_free(bytes);
	if (!good)
		return fail(sasl, "the server's proof is wrong");
	sasl->stage = STAGE_PROVED;
	return true;
}

bool
vsasl_step(struct vsasl *sasl, const char *data, char *line_r)
{
	char message[VLINE_MAX];

	*line_r = '\0';
	if (sasl->stage != STAGE_FIRST && sasl->stage != STAGE_FINAL)
		return fail(sasl, "the server challenges without need");
	if (!decode(data, message, sizeof(message)))
		return fail(sasl, "the server's challenge is none");
	return sasl->stage == STAGE_FIRST ? take_first(sasl, message, line_r) :
	    take_final(sasl, message);
}

bool
vsasl_is_proved(const struct vsasl *sasl)
{
	return sasl->stage == STAGE_PROVED;
}

const char *
vsasl_why(const struct vsasl *sasl)
{
	return sasl->why;
}
