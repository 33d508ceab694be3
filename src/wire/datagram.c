/* datagram.c -- the sealed datagrams of a session
 *
 * SPDX-License-Identifier: MIT */
#include "wire/datagram.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define HEAD_BYTES	24
#define TAG_BYTES	crypto_aead_xchacha20poly1305_ietf_ABYTES
#define NONCE_BYTES	crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define PIECE_FIRST	0x10
#define PIECE_LAST	0x1f
#define GONE		"VCRP! 1 gone "

struct datagram_line {
	uint64_t counter;	/* of its first piece */
	unsigned total;
	unsigned here;		/* a bit for each piece */
	size_t   last_len;
	char     bytes[DATAGRAM_LINE_MAX];
};

static_assert(HEAD_BYTES + TAG_BYTES == DATAGRAM_OVERHEAD, "overhead");
static_assert(DATAGRAM_PLAIN_MAX + DATAGRAM_OVERHEAD == DATAGRAM_MAX_BYTES,
    "plaintext");
static_assert(sizeof(GONE) + 2 * DATAGRAM_SESSION_BYTES == DATAGRAM_GONE_BYTES,
    "gone");
static_assert(DATAGRAM_GONE_BYTES < DATAGRAM_CLIENT_LEAST, "amplifies");
static_assert(DATAGRAM_KEY_BYTES ==
    crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "key");

void
datagram_init(struct datagram *d, enum datagram_side self,
    const unsigned char *session, const unsigned char *key)
{
	*d = (struct datagram){ .self = self };
	memcpy(d->session, session, sizeof(d->session));
	memcpy(d->key, key, sizeof(d->key));
}

/* A password may be in it. */
static void
forget(struct datagram_line **at)
{
	if (*at != NULL)
		sodium_memzero(*at, sizeof(**at));
	free(*at);
	*at = NULL;
}

void
datagram_fini(struct datagram *d)
{
	for (size_t i = 0; i < DATAGRAM_LINES; i++)
		forget(&d->begun[i]);
	sodium_memzero(d, sizeof(*d));
}

size_t
datagram_kept(const struct datagram *d)
{
	size_t bytes = 0;

	for (size_t i = 0; i < DATAGRAM_LINES; i++)
		bytes += d->begun[i] == NULL ? 0 : sizeof(*d->begun[i]);
	return bytes;
}

static void
make_nonce(enum datagram_side from, const unsigned char *counter,
    unsigned char *nonce_r)
{
	memset(nonce_r, 0, NONCE_BYTES);
	nonce_r[0] = from == DATAGRAM_CLIENT ? 0 : 1;
	memcpy(nonce_r + NONCE_BYTES - 8, counter, 8);
}

static size_t
seal(struct datagram *d, const unsigned char *plain, size_t len,
    unsigned char *datagram_r)
{
	unsigned char nonce[NONCE_BYTES];
	unsigned char *counter = datagram_r + DATAGRAM_SESSION_BYTES;

	assert(len > 0 && len <= DATAGRAM_PLAIN_MAX && d->sent < UINT64_MAX);
	d->sent++;
	memcpy(datagram_r, d->session, DATAGRAM_SESSION_BYTES);
	for (int i = 0; i < 8; i++)
		counter[i] = (unsigned char)(d->sent >> (56 - 8 * i));
	make_nonce(d->self, counter, nonce);
	crypto_aead_xchacha20poly1305_ietf_encrypt(datagram_r + HEAD_BYTES,
	    NULL, plain, len, datagram_r, HEAD_BYTES, NULL, nonce, d->key);
	return len + DATAGRAM_OVERHEAD;
}

/* Empty lines behind the last, where a client's datagram is too short. */
static size_t
pad(const struct datagram *d, unsigned char *plain, size_t len)
{
	size_t least = DATAGRAM_CLIENT_LEAST - DATAGRAM_OVERHEAD;

	if (d->self != DATAGRAM_CLIENT || len >= least)
		return len;
	memset(plain + len, '\n', least - len);
	return least;
}

size_t
datagram_seal(struct datagram *d, const char *lines, size_t len,
    unsigned char *datagram_r)
{
	unsigned char plain[DATAGRAM_PLAIN_MAX];
	size_t n;

	assert(len > 0 && len <= sizeof(plain) && lines[len - 1] == '\n');
	memcpy(plain, lines, len);
	n = seal(d, plain, pad(d, plain, len), datagram_r);
	sodium_memzero(plain, len);
	return n;
}

unsigned
datagram_pieces(size_t len)
{
	if (len <= DATAGRAM_PLAIN_MAX)
		return 1;
	if (len > DATAGRAM_LINE_MAX)
		return 0;
	return (unsigned)((len - 1) / DATAGRAM_PIECE_BYTES + 1);
}

size_t
datagram_seal_piece(struct datagram *d, const char *line, size_t len,
    unsigned index, unsigned char *datagram_r)
{
	unsigned char plain[DATAGRAM_PLAIN_MAX];
	unsigned total = datagram_pieces(len);
	size_t begin = (size_t)index * DATAGRAM_PIECE_BYTES, n = len - begin;

	assert(total > 1 && index < total);
	if (n > DATAGRAM_PIECE_BYTES)
		n = DATAGRAM_PIECE_BYTES;
	plain[0] = (unsigned char)(PIECE_FIRST + 4 * index + (total - 1));
	memcpy(plain + 1, line + begin, n);
	n = seal(d, plain, pad(d, plain, n + 1), datagram_r);
	sodium_memzero(plain, sizeof(plain));
	return n;
}

static bool
was_seen(const struct datagram *d, uint64_t counter)
{
	uint64_t bit = counter % DATAGRAM_WINDOW;

	if (counter > d->highest)
		return false;
	return d->highest - counter >= DATAGRAM_WINDOW ||
	    (d->seen[bit / 64] >> bit % 64 & 1) != 0;
}

static void
set_seen(struct datagram *d, uint64_t counter)
{
	uint64_t bit;

	if (counter > d->highest && counter - d->highest > DATAGRAM_WINDOW) {
		memset(d->seen, 0, sizeof(d->seen));
		d->highest = counter;
	}
	/* Their places were those of counters that are too old now. */
	while (d->highest < counter) {
		bit = ++d->highest % DATAGRAM_WINDOW;
		d->seen[bit / 64] &= ~(UINT64_C(1) << bit % 64);
	}
	bit = counter % DATAGRAM_WINDOW;
	d->seen[bit / 64] |= UINT64_C(1) << bit % 64;
}

/* Where the line whose first piece has this counter is, or is to be: in a free
 * place or else in that of the oldest. NULL when it is itself the oldest. */
static struct datagram_line **
place(struct datagram *d, uint64_t counter)
{
	struct datagram_line **at, **found = NULL;

	for (at = d->begun; at < d->begun + DATAGRAM_LINES; at++) {
		if (*at != NULL && (*at)->counter == counter)
			return at;
		if (found == NULL || (*found != NULL &&
		    (*at == NULL || (*at)->counter < (*found)->counter)))
			found = at;
	}
	if (*found != NULL && (*found)->counter > counter)
		return NULL;
	forget(found);
	return found;
}

static bool
is_piece(const char *plain, size_t len)
{
	return len > 0 && plain[0] >= PIECE_FIRST && plain[0] <= PIECE_LAST;
}

/* The line is whole when its pieces are. */
static bool
finish(struct datagram_line **at, char *lines_r, size_t *len_r)
{
	struct datagram_line *line = *at;

	if (line->here != (1u << line->total) - 1)
		return true;
	*len_r = (line->total - 1) * DATAGRAM_PIECE_BYTES + line->last_len;
	memcpy(lines_r, line->bytes, *len_r);
	forget(at);
	return lines_r[*len_r - 1] == '\n';
}

/* The piece is in lines_r, and so is the line when it was the last of it. A
 * line for which there is no memory is lost, as if it had been on the way. */
static bool
take_piece(struct datagram *d, uint64_t counter, char *lines_r, size_t *len_r)
{
	unsigned code = (unsigned)lines_r[0] - PIECE_FIRST;
	unsigned index = code / 4, total = code % 4 + 1;
	size_t len = *len_r - 1;
	struct datagram_line **at, *line;

	*len_r = 0;
	if (total < 2 || index >= total || len == 0 || counter <= index ||
	    (index < total - 1 && len != DATAGRAM_PIECE_BYTES))
		return false;
	counter -= index;
	if (d->highest - counter >= DATAGRAM_WINDOW)
		return true;
	at = place(d, counter);
	if (at == NULL)
		return true;
	if (*at == NULL) {
		*at = calloc(1, sizeof(**at));
		if (*at == NULL)
			return true;
		(*at)->counter = counter;
		(*at)->total = total;
	}
	line = *at;
	if (line->total != total)
		return false;
	memcpy(line->bytes + index * DATAGRAM_PIECE_BYTES, lines_r + 1, len);
	line->here |= 1u << index;
	if (index == total - 1)
		line->last_len = len;
	return finish(at, lines_r, len_r);
}

bool
datagram_open(struct datagram *d, const void *bytes, size_t len,
    char *lines_r, size_t *len_r, bool *newest_r)
{
	const unsigned char *head = bytes;
	enum datagram_side from = d->self == DATAGRAM_CLIENT ?
	    DATAGRAM_SERVER : DATAGRAM_CLIENT;
	unsigned char nonce[NONCE_BYTES];
	uint64_t counter = 0;

	if (len <= DATAGRAM_OVERHEAD || len > DATAGRAM_MAX_BYTES ||
	    (from == DATAGRAM_CLIENT && len < DATAGRAM_CLIENT_LEAST) ||
	    memcmp(head, d->session, DATAGRAM_SESSION_BYTES) != 0)
		return false;
	for (int i = 0; i < 8; i++)
		counter = counter << 8 | head[DATAGRAM_SESSION_BYTES + i];
	if (counter == 0 || was_seen(d, counter))
		return false;
	make_nonce(from, head + DATAGRAM_SESSION_BYTES, nonce);
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(
	    (unsigned char *)lines_r, NULL, NULL, head + HEAD_BYTES,
	    len - HEAD_BYTES, head, HEAD_BYTES, nonce, d->key) != 0)
		return false;
	*newest_r = counter > d->highest;
	set_seen(d, counter);
	*len_r = len - DATAGRAM_OVERHEAD;
	if (is_piece(lines_r, *len_r))
		return take_piece(d, counter, lines_r, len_r);
	return lines_r[*len_r - 1] == '\n';
}

void
datagram_gone(const unsigned char *session, char *bytes_r)
{
	char hex[2 * DATAGRAM_SESSION_BYTES + 1];

	sodium_bin2hex(hex, sizeof(hex), session, DATAGRAM_SESSION_BYTES);
	memcpy(bytes_r, GONE, sizeof(GONE) - 1);
	memcpy(bytes_r + sizeof(GONE) - 1, hex, sizeof(hex) - 1);
	bytes_r[DATAGRAM_GONE_BYTES - 1] = '\n';
}

bool
datagram_is_gone(const struct datagram *d, const void *bytes, size_t len)
{
	char gone[DATAGRAM_GONE_BYTES];

	datagram_gone(d->session, gone);
	return len == sizeof(gone) && memcmp(bytes, gone, sizeof(gone)) == 0;
}
