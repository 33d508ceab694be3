/* verifier.c -- what is kept of a password: SCRAM-SHA-256's verifier
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>

#include <sodium.h>

#include "proto/words.h"
#include "room/verifier.h"

#define MECHANISM "SCRAM-SHA-256$"

/* Cuts what stands before the mark off, and the mark. */
static bool
cut(struct slice *rest, char mark, struct slice *part_r)
{
	const char *end = memchr(rest->at, mark, rest->len);

	if (end == NULL)
		return false;
	*part_r = (struct slice){ rest->at, (size_t)(end - rest->at) };
	rest->at = end + 1;
	rest->len -= part_r->len + 1;
	return true;
}

static bool
decode(struct slice text, unsigned char *to, size_t size)
{
	size_t len;

	return sodium_base642bin(to, size, text.at, text.len, NULL, &len,
	    NULL, sodium_base64_VARIANT_ORIGINAL) == 0 && len == size;
}

static bool
parse(struct slice rest, struct verifier *v)
{
	const size_t mark = sizeof(MECHANISM) - 1;
	struct slice iterations, salt, stored;
	uint64_t number;

	if (rest.len < mark || memcmp(rest.at, MECHANISM, mark) != 0)
		return false;
	rest.at += mark;
	rest.len -= mark;
	if (!cut(&rest, ':', &iterations) || !cut(&rest, '$', &salt) ||
	    !cut(&rest, ':', &stored) ||
	    !number_parse(iterations, ITERATIONS_LEAST, &number) ||
	    number > ITERATIONS_MOST)
		return false;
	v->iterations = (unsigned)number;
	return decode(salt, v->salt, sizeof(v->salt)) &&
	    decode(stored, v->stored, sizeof(v->stored)) &&
	    decode(rest, v->server, sizeof(v->server));
}

bool
verifier_parse(struct slice text, struct verifier *v_r)
{
	bool good = parse(text, v_r);

	if (!good)
		sodium_memzero(v_r, sizeof(*v_r));
	return good;
}

char *
verifier_render(const struct verifier *v, char text[VERIFIER_TEXT])
{
	char salt[32], stored[48], server[48];

	sodium_bin2base64(salt, sizeof(salt), v->salt, sizeof(v->salt),
	    sodium_base64_VARIANT_ORIGINAL);
	sodium_bin2base64(stored, sizeof(stored), v->stored,
	    sizeof(v->stored), sodium_base64_VARIANT_ORIGINAL);
	sodium_bin2base64(server, sizeof(server), v->server,
	    sizeof(v->server), sodium_base64_VARIANT_ORIGINAL);
	snprintf(text, VERIFIER_TEXT, MECHANISM "%u:%s$%s:%s", v->iterations,
	    salt, stored, server);
	sodium_memzero(stored, sizeof(stored));
	sodium_memzero(server, sizeof(server));
	return text;
}
