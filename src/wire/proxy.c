/* proxy.c -- the header of the PROXY protocol, versions 1 and 2
 *
 * SPDX-License-Identifier: MIT */
#include "base/network.h"
#include "wire/proxy.h"

enum {
	TEXT_MAX = 107,		/* a header of version 1, with its CR LF */
	FIXED = 16,		/* of version 2, before the addresses */
	INET_BYTES = 12,	/* two addresses and ports */
	INET6_BYTES = 36
};

static const char signature[12] = "\r\n\r\n\0\r\nQUIT\n";

static bool
begins(struct slice s, const char *with, size_t len)
{
	return memcmp(s.at, with, s.len < len ? s.len : len) == 0;
}

/* The next word of a header of version 1, which are parted by one space. */
static struct slice
cut(struct slice *rest)
{
	const char *space = memchr(rest->at, ' ', rest->len);
	struct slice word = *rest;

	if (space != NULL)
		word.len = (size_t)(space - rest->at);
	rest->at += word.len + (space != NULL);
	rest->len -= word.len + (space != NULL);
	return word;
}

static bool
parse_ip(struct slice s, bool four, struct in6_addr *ip_r)
{
	bool is_four;

	return network_ip(s, ip_r, &is_four) && is_four == four;
}

static bool
parse_port(struct slice s, uint16_t *port_r)
{
	unsigned long n = 0;

	if (s.len == 0 || s.len > 5 || (s.at[0] == '0' && s.len > 1))
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] < '0' || s.at[i] > '9')
			return false;
		n = n * 10 + (unsigned long)(s.at[i] - '0');
	}
	*port_r = (uint16_t)n;
	return n <= UINT16_MAX;
}

/* "TCP4 192.0.2.1 192.0.2.2 5000 3073", "UNKNOWN" and whatever follows it. */
static enum proxy
parse_text(struct slice rest, struct proxy_source *source_r)
{
	struct slice word = cut(&rest), from, to;
	struct proxy_source dest;
	bool four = slice_is(word, "TCP4");

	if (slice_is(word, "UNKNOWN"))
		return PROXY_OWN;
	if (!four && !slice_is(word, "TCP6"))
		return PROXY_BAD;
	from = cut(&rest);
	to = cut(&rest);
	if (!parse_ip(from, four, &source_r->ip) ||
	    !parse_ip(to, four, &dest.ip))
		return PROXY_BAD;
	from = cut(&rest);
	return parse_port(from, &source_r->port) &&
	    parse_port(rest, &dest.port) ? PROXY_GIVEN : PROXY_BAD;
}

static enum proxy
version_1(struct slice s, struct proxy_source *source_r, size_t *len_r)
{
	struct slice line = { s.at, s.len < TEXT_MAX ? s.len : TEXT_MAX };
	const char *end = memchr(line.at, '\n', line.len);

	if (end == NULL)
		return line.len < TEXT_MAX ? PROXY_MORE : PROXY_BAD;
	line.len = (size_t)(end - line.at);
	if (line.len < 7 || line.at[line.len - 1] != '\r')
		return PROXY_BAD;
	*len_r = line.len + 1;
	return parse_text((struct slice){ line.at + 6, line.len - 7 },
	    source_r);
}

static unsigned
two_bytes(const char *at)
{
	return (unsigned)(unsigned char)at[0] << 8 | (unsigned char)at[1];
}

static enum proxy
addresses(unsigned kind, struct slice s, struct proxy_source *source_r)
{
	size_t wide = kind >> 4 == 1 ? 4 : 16;

	if (kind >> 4 > 3 || (kind & 15) > 2)
		return PROXY_BAD;
	/* Neither a datagram's nor a local socket's is one of ours. */
	if (kind != 0x11 && kind != 0x21)
		return PROXY_OWN;
	if (s.len < (wide == 4 ? INET_BYTES : INET6_BYTES))
		return PROXY_BAD;
	if (wide == 4)
		network_map(s.at, &source_r->ip);
	else
		memcpy(&source_r->ip, s.at, wide);
	source_r->port = (uint16_t)two_bytes(s.at + 2 * wide);
	return PROXY_GIVEN;
}

static enum proxy
version_2(struct slice s, struct proxy_source *source_r, size_t *len_r)
{
	unsigned command, len;

	if (s.len < FIXED)
		return PROXY_MORE;
	command = (unsigned char)s.at[12];
	len = two_bytes(s.at + 14);
	if (command >> 4 != 2 || (command & 15) > 1 ||
	    FIXED + len > PROXY_MAX_BYTES)
		return PROXY_BAD;
	if (s.len < FIXED + len)
		return PROXY_MORE;
	*len_r = FIXED + len;
	/* The proxy's own, to see whether the server is well. */
	if ((command & 15) == 0)
		return PROXY_OWN;
	return addresses((unsigned char)s.at[13],
	    (struct slice){ s.at + FIXED, len }, source_r);
}

enum proxy
proxy_parse(struct slice s, struct proxy_source *source_r, size_t *len_r)
{
	*len_r = 0;
	if (s.len == 0)
		return PROXY_MORE;
	if (begins(s, signature, sizeof(signature)))
		return version_2(s, source_r, len_r);
	if (begins(s, "PROXY ", 6))
		return version_1(s, source_r, len_r);
	return PROXY_BAD;
}
