/* scram.h -- the client's side of SCRAM-SHA-256 (RFC 5802, 7677)
 *
 * SPDX-License-Identifier: MIT
 *
 * The costly part of a login, the salted password, is worked out once for each
 * password and salt, so that a storm of logins loads the server alone.
 *
 * Threads: one.
 * Locks:   none.
 * Memory:  a struct is the caller's; it is reused for the next login. */
#ifndef BENCH_SCRAM_H
#define BENCH_SCRAM_H

#include <stdbool.h>
#include <stddef.h>

#define SCRAM_HASH 32
#define SCRAM_SALT_MAX 64
#define SCRAM_BINDING 32
#define SCRAM_DATA_MAX 480 /* of what is said, in base64 */

struct scram_keys {
	unsigned char salt[SCRAM_SALT_MAX];
	size_t salt_len; /* 0: not worked out yet */
	unsigned iterations;
	unsigned char client[SCRAM_HASH], stored[SCRAM_HASH];
	unsigned char server[SCRAM_HASH];
};

struct scram {
	char name[48];
	char first[96];	 /* client-first-message-bare */
	char header[80]; /* the base64 that `c=` has */
	size_t first_len;
	unsigned char proof_of_server[SCRAM_HASH];
	unsigned step;		/* messages of the server that were taken */
	struct scram_keys keys; /* kept from one login to the next */
};

/* Begins a login and writes its first message, in base64. binding: of
 * SCRAM_BINDING bytes for -PLUS; NULL: without. */
size_t scram_begin(struct scram *s, const char *name,
    const unsigned char *binding, char *out_r);

/* Takes the server's next message, in base64, and writes the answer to it. The
 * second one has none. latest: the keys worked out last, of anybody with this
 * password. Returns NULL, or what is wrong. */
const char *scram_take(struct scram *s, struct scram_keys *latest,
    const char *password, const char *data, size_t len, char *out_r,
    size_t *len_r);

/* Whether the server has proved that it knows the password. */
bool scram_done(const struct scram *s);

#endif
