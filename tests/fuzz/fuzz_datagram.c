/* fuzz_datagram.c -- any bytes as datagrams, forged and well sealed: dropped,
 *                    or whole lines
 *
 * SPDX-License-Identifier: MIT
 *
 * Input is read as steps: a byte of length, one of what to do with the next so
 * many times 5 bytes. */
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/datagram.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FORGED, SEALED, PIECE, JUMP };

struct fuzz {
	struct datagram client, server;
	uint64_t        counter;	/* to seal with next */
};

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
offer(struct datagram *d, const unsigned char *bytes, size_t len)
{
	/* Exact allocations let AddressSanitizer see the end. */
	unsigned char *exact = malloc(len > 0 ? len : 1);
	char *lines = malloc(DATAGRAM_LINE_MAX);
	size_t n;
	bool newest;

	must(exact != NULL && lines != NULL);
	memcpy(exact, bytes, len);
	if (datagram_open(d, exact, len, lines, &n, &newest))
		must(n <= DATAGRAM_LINE_MAX &&
		    (n == 0 || lines[n - 1] == '\n'));
	must(!datagram_open(d, exact, len, lines, &n, &newest));
	free(exact);
	free(lines);
}

/* As the client's, whatever it holds. */
static void
offer_sealed(struct fuzz *f, const uint8_t *plain, size_t len)
{
	unsigned char bytes[2 * DATAGRAM_MAX_BYTES], nonce[24] = { 0 };

	memcpy(bytes, f->client.session, 16);
	for (unsigned i = 0; i < 8; i++)
		bytes[16 + i] = (unsigned char)(f->counter >> (56 - 8 * i));
	memcpy(nonce + 16, bytes + 16, 8);
	f->counter++;
	crypto_aead_xchacha20poly1305_ietf_encrypt(bytes + 24, NULL, plain,
	    len, bytes, 24, NULL, nonce, f->client.key);
	offer(&f->server, bytes, len + DATAGRAM_OVERHEAD);
}

static void
step(struct fuzz *f, uint8_t what, const uint8_t *data, size_t len)
{
	unsigned char plain[5 * 256 + 1];

	switch (what % 4) {
	case FORGED:
		offer(&f->server, data, len);
		break;
	case SEALED:
		offer_sealed(f, data, len);
		break;
	case PIECE:
		memset(plain, '\n', sizeof(plain));
		plain[0] = 0x10 | (what >> 4);
		memcpy(plain + 1, data, len);
		offer_sealed(f, plain, what & 4 ? DATAGRAM_PLAIN_MAX : len + 1);
		break;
	case JUMP:
		for (size_t i = 0; i < len && i < 8; i++)
			f->counter += (uint64_t)data[i] << 8 * i;
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char session[DATAGRAM_SESSION_BYTES] = { 0x80 };
	unsigned char key[DATAGRAM_KEY_BYTES] = { 1 };
	struct fuzz f = { .counter = 1 };
	size_t len;

	datagram_init(&f.client, DATAGRAM_CLIENT, session, key);
	datagram_init(&f.server, DATAGRAM_SERVER, session, key);
	while (size >= 2) {
		len = (size_t)data[0] * 5;
		if (len > size - 2)
			len = size - 2;
		step(&f, data[1], data + 2, len);
		data += 2 + len;
		size -= 2 + len;
	}
	datagram_fini(&f.client);
	datagram_fini(&f.server);
	return 0;
}
