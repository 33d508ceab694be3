/* ceiling.c -- the one line of DATA/ceiling
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/crc32c.h"
#include "ledger/ceiling.h"

size_t
ceiling_print(const struct ceiling *c, char text_r[VAULT_CEILING_MAX])
{
	int len;

	len = snprintf(text_r, VAULT_CEILING_MAX,
	    "vcrp-ceiling 1 life=%s boot=%s state=%s number=%" PRIu64
	    " doubt=%" PRIu64 " time=%" PRIu64 " ",
	    c->life, c->boot, c->state, c->number, c->doubt, c->time);
	len += snprintf(text_r + len, VAULT_CEILING_MAX - (size_t)len,
	    "crc=%08" PRIx32 "\n", crc32c(0, text_r, (size_t)len));
	return (size_t)len;
}

int
ceiling_parse(struct slice line, struct ceiling *c)
{
	char text[VAULT_CEILING_MAX], again[VAULT_CEILING_MAX];
	unsigned version;
	int end = 0;
	size_t len;

	if (line.len >= sizeof(text))
		return -EINVAL;
	memcpy(text, line.at, line.len);
	text[line.len] = '\0';
	if (sscanf(text, "vcrp-ceiling %4u%n", &version, &end) != 1 ||
	    text[end] != ' ')
		return -EINVAL;
	if (version > 1)
		return -ENOTSUP;
	if (sscanf(text,
		"vcrp-ceiling 1 life=%32[0-9a-f] boot=%39[!-~] "
		"state=%6[a-z] number=%" SCNu64 " doubt=%" SCNu64
		" time=%" SCNu64,
		c->life, c->boot, c->state, &c->number, &c->doubt,
		&c->time) != 6)
		return -EINVAL;
	/* What would be written otherwise was not written so. */
	len = ceiling_print(c, again);
	return slice_same((struct slice){ again, len }, line) ? 0 : -EINVAL;
}
