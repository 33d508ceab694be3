/* fuzz_proxy.c -- any bytes as a PROXY header: a verdict, the same however
 *                 they come
 *
 * SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <stdlib.h>

#include "wire/proxy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

/* The verdict on the first of them that have one. */
static enum proxy
byte_by_byte(const uint8_t *data, size_t size, struct proxy_source *source_r,
    size_t *len_r)
{
	enum proxy p = PROXY_MORE;

	for (size_t i = 0; i <= size && p == PROXY_MORE; i++) {
		/* An exact allocation lets AddressSanitizer see the end. */
		char *bytes = malloc(i > 0 ? i : 1);

		must(bytes != NULL);
		memcpy(bytes, data, i);
		p = proxy_parse((struct slice){ bytes, i }, source_r, len_r);
		free(bytes);
		must(p == PROXY_BAD || p == PROXY_MORE || *len_r == i);
		must(p != PROXY_MORE || i < PROXY_MAX_BYTES);
	}
	return p;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice s = { (const char *)data, size };
	struct proxy_source one, two;
	size_t len, slow_len;
	enum proxy p = proxy_parse(s, &one, &len);
	enum proxy slow = byte_by_byte(data, size, &two, &slow_len);

	must(p == slow);
	must(len <= size && len <= PROXY_MAX_BYTES);
	must((p == PROXY_GIVEN || p == PROXY_OWN) ? len > 0 &&
	    len == slow_len : true);
	must(p != PROXY_GIVEN || (one.port == two.port &&
	    memcmp(&one.ip, &two.ip, sizeof(one.ip)) == 0));
	return 0;
}
