/* datagram.h -- the sealed datagrams of a session
 *
 * SPDX-License-Identifier: MIT
 *
 *	datagram  = session(16) counter(8, big-endian) sealed
 *	sealed    = XChaCha20-Poly1305-IETF(plaintext), the tag behind it
 *	nonce(24) = direction(1) zeros(15) counter(8)
 *	additional data = session counter
 *	plaintext = 1*line / piece
 *	piece     = number(1) 1*1159 bytes of a line
 *
 * Direction is 0 from client to server, 1 back. A piece's number is 0x10 +
 * 4 * index + (total - 1): no line begins so. A line's pieces have consecutive
 * counters, all but the last 1159 bytes of it; behind the last, as behind any
 * line, there may be empty lines, which pad it.
 *
 * Each side has a struct datagram of the session, for both directions. It
 * takes each counter once, and none that is 1024 below the highest.
 *
 * Used by both vcrpd and libvcrp; stands on libsodium alone.
 *
 * Threads: one at a time for one struct datagram.
 * Locks:   none; no descriptor and no clock either.
 * Memory:  a struct datagram owns the pieces of DATAGRAM_LINES lines at most,
 *          released, and its key wiped, by datagram_fini(). */
#ifndef WIRE_DATAGRAM_H
#define WIRE_DATAGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	DATAGRAM_SESSION_BYTES	= 16,	/* the first has its top bit set */
	DATAGRAM_KEY_BYTES	= 32,
	DATAGRAM_MAX_BYTES	= 1200,
	DATAGRAM_CLIENT_LEAST	= 64,	/* of a client's */
	DATAGRAM_OVERHEAD	= 40,
	DATAGRAM_PLAIN_MAX	= 1160,
	DATAGRAM_PIECE_BYTES	= 1159,
	DATAGRAM_PIECES		= 4,
	DATAGRAM_LINE_MAX	= DATAGRAM_PIECES * DATAGRAM_PIECE_BYTES,
	DATAGRAM_LINES		= 4,	/* begun at a time */
	DATAGRAM_WINDOW		= 1024,
	DATAGRAM_GONE_BYTES	= 46
};

enum datagram_side {
	DATAGRAM_CLIENT,
	DATAGRAM_SERVER
};

struct datagram_line;

struct datagram {
	unsigned char         session[DATAGRAM_SESSION_BYTES];
	unsigned char         key[DATAGRAM_KEY_BYTES];
	enum datagram_side    self;
	uint64_t              sent;	/* the counter used last */
	uint64_t              highest;	/* of those opened */
	uint64_t              seen[DATAGRAM_WINDOW / 64];
	struct datagram_line *begun[DATAGRAM_LINES];
};

void datagram_init(struct datagram *, enum datagram_side self,
    const unsigned char *session, const unsigned char *key);
void datagram_fini(struct datagram *);
/* Bytes of memory that lines take of which pieces are missing. */
size_t datagram_kept(const struct datagram *);

/* Seals whole lines, 1 to DATAGRAM_PLAIN_MAX bytes; a client's are padded to
 * the least size. Returns the length of datagram_r, which has room for
 * DATAGRAM_MAX_BYTES; it may be where the lines are. */
size_t datagram_seal(struct datagram *, const char *lines, size_t len,
    unsigned char *datagram_r);

/* How many datagrams a line of len bytes, its LF among them, needs: 1 when it
 * fits whole, 0 when it fits in none. */
unsigned datagram_pieces(size_t len);
/* Seals the piece `index` of such a line that needs more than one. All of them
 * in order, with no other call of these between. */
size_t datagram_seal_piece(struct datagram *, const char *line, size_t len,
    unsigned index, unsigned char *datagram_r);

/* False for what is to be dropped: too short or long, another session's, seen
 * before or too old, forged, or sealed and yet malformed. Else lines_r, which
 * has room for DATAGRAM_LINE_MAX, has *len_r bytes of whole lines: 0 for a
 * piece of one of which more is to come. *newest_r: its counter is the highest
 * so far. */
bool datagram_open(struct datagram *, const void *bytes, size_t len,
    char *lines_r, size_t *len_r, bool *newest_r);

/* What a server says, in the clear, to a datagram of a session that it does
 * not know: VCRP! 1 gone <session> LF. bytes_r has DATAGRAM_GONE_BYTES. */
void datagram_gone(const unsigned char *session, char *bytes_r);
/* Is it that, of this session? Anybody can say so: it is a hint, no more. */
bool datagram_is_gone(const struct datagram *, const void *bytes, size_t len);

#endif
