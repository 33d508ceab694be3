/* network.c -- an address, or all of a network's: "192.0.2.0/24"
 *
 * SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <stdio.h>

#include "base/network.h"

enum { MAPPED_BITS = 96 };	/* in front of an IPv4 address */

void
network_map(const void *four, struct in6_addr *ip_r)
{
	memset(ip_r, 0, sizeof(*ip_r));
	ip_r->s6_addr[10] = ip_r->s6_addr[11] = 0xff;
	memcpy(&ip_r->s6_addr[12], four, sizeof(struct in_addr));
}

bool
network_ip(struct slice s, struct in6_addr *ip_r, bool *four_r)
{
	char text[INET6_ADDRSTRLEN];
	struct in_addr four;

	if (s.len == 0 || s.len >= sizeof(text) ||
	    memchr(s.at, '\0', s.len) != NULL)
		return false;
	memcpy(text, s.at, s.len);
	text[s.len] = '\0';
	*four_r = inet_pton(AF_INET, text, &four) == 1;
	if (!*four_r)
		return inet_pton(AF_INET6, text, ip_r) == 1;
	network_map(&four, ip_r);
	return true;
}

static bool
parse_bits(struct slice s, unsigned most, unsigned *bits_r)
{
	unsigned n = 0;

	if (s.len == 0 || s.len > 3 || (s.at[0] == '0' && s.len > 1))
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] < '0' || s.at[i] > '9')
			return false;
		n = n * 10 + (unsigned)(s.at[i] - '0');
	}
	*bits_r = n;
	return n <= most;
}

bool
network_parse(struct slice text, struct network *n, const char **why_r)
{
	const char *slash = text.len == 0 ? NULL :
	    memchr(text.at, '/', text.len);
	struct slice ip = text;
	struct in6_addr cut;
	bool four;

	if (slash != NULL)
		ip.len = (size_t)(slash - text.at);
	*why_r = "must be a numeric address, or a network such as "
	    "192.0.2.0/24 or 2001:db8::/32";
	if (!network_ip(ip, &n->ip, &four))
		return false;
	n->bits = four ? 32 : NETWORK_BITS;
	*why_r = four ? "bits are 0 to 32" : "bits are 0 to 128";
	if (slash != NULL && !parse_bits((struct slice){ slash + 1,
	    text.len - ip.len - 1 }, n->bits, &n->bits))
		return false;
	n->bits += four ? MAPPED_BITS : 0;
	cut = network_cut(&n->ip, n->bits);
	*why_r = "bits are set behind the network's";
	return memcmp(&cut, &n->ip, sizeof(cut)) == 0;
}

struct in6_addr
network_cut(const struct in6_addr *ip, unsigned bits)
{
	struct in6_addr cut = *ip;
	unsigned whole = bits / 8;

	if (bits >= NETWORK_BITS)
		return cut;
	cut.s6_addr[whole] &= (unsigned char)(0xff00 >> bits % 8);
	memset(&cut.s6_addr[whole + 1], 0, 15 - whole);
	return cut;
}

bool
network_has(const struct network *n, const struct in6_addr *ip)
{
	struct in6_addr cut = network_cut(ip, n->bits);

	return memcmp(&cut, &n->ip, sizeof(cut)) == 0;
}

char *
network_text(const struct network *n, char text[NETWORK_TEXT_MAX])
{
	bool four = IN6_IS_ADDR_V4MAPPED(&n->ip) && n->bits >= MAPPED_BITS;
	unsigned bits = four ? n->bits - MAPPED_BITS : n->bits;

	if (four)
		inet_ntop(AF_INET, &n->ip.s6_addr[12], text, NETWORK_TEXT_MAX);
	else
		inet_ntop(AF_INET6, &n->ip, text, NETWORK_TEXT_MAX);
	if (n->bits < NETWORK_BITS)
		sprintf(text + strlen(text), "/%u", bits);
	return text;
}
