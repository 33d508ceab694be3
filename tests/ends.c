/* ends.c -- both ends of a session of datagrams, for tests
 *
 * SPDX-License-Identifier: MIT */
#include "ends.h"

#include <sodium.h>
#include <string.h>

void
ends_set_up(struct ends *e)
{
	unsigned char session[DATAGRAM_SESSION_BYTES];
	unsigned char key[DATAGRAM_KEY_BYTES];

	for (unsigned i = 0; i < sizeof(session); i++)
		session[i] = (unsigned char)(0x80 + i);
	for (unsigned i = 0; i < sizeof(key); i++)
		key[i] = (unsigned char)i;
	datagram_init(&e->client, DATAGRAM_CLIENT, session, key);
	datagram_init(&e->server, DATAGRAM_SERVER, session, key);
}

void
ends_tear_down(struct ends *e)
{
	datagram_fini(&e->client);
	datagram_fini(&e->server);
}

struct packet
ends_sealed(struct datagram *from, const char *lines)
{
	struct packet p;

	p.len = datagram_seal(from, lines, strlen(lines), p.bytes);
	return p;
}

bool
ends_opens_as(struct datagram *to, const struct packet *p, const char *lines,
    size_t len)
{
	char got[DATAGRAM_LINE_MAX];
	size_t n;
	bool newest;

	return datagram_open(to, p->bytes, p->len, got, &n, &newest) &&
	    n == len && memcmp(got, lines, n) == 0;
}

bool
ends_opens(struct datagram *to, const struct packet *p)
{
	char got[DATAGRAM_LINE_MAX];
	size_t n;
	bool newest;

	return datagram_open(to, p->bytes, p->len, got, &n, &newest);
}

struct packet
ends_seal_any(const struct ends *e, bool server, uint64_t counter,
    const void *plain, size_t len)
{
	unsigned char nonce[24] = { server };
	struct packet p = { .len = len + DATAGRAM_OVERHEAD };

	memcpy(p.bytes, e->client.session, 16);
	for (unsigned i = 0; i < 8; i++)
		p.bytes[16 + i] = (unsigned char)(counter >> (56 - 8 * i));
	memcpy(nonce + 16, p.bytes + 16, 8);
	crypto_aead_xchacha20poly1305_ietf_encrypt(p.bytes + 24, NULL, plain,
	    len, p.bytes, 24, NULL, nonce, e->client.key);
	return p;
}

unsigned
ends_cut(struct datagram *from, char letter, size_t len, char *line_r,
    struct packet *pieces_r)
{
	unsigned total = datagram_pieces(len);

	memset(line_r, letter, len);
	line_r[len - 1] = '\n';
	for (unsigned i = 0; i < total; i++)
		pieces_r[i].len = datagram_seal_piece(from, line_r, len, i,
		    pieces_r[i].bytes);
	return total;
}

struct packet
ends_sealed_as(struct datagram *from, uint64_t counter)
{
	from->sent = counter - 1;
	return ends_sealed(from, "PING\n");
}
