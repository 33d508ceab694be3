/* certificate.h -- the server's certificate: made, read, and judged
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: any; all may block.
 * Locks:   none, and none may be held.
 * Memory:  the caller's. */
#ifndef NET_CERTIFICATE_H
#define NET_CERTIFICATE_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>

enum {
	FINGERPRINT_MAX = 72,	/* with its NUL */
	CERTIFICATE_NAME_MAX = 64
};

/* Makes what is missing of a pair: a key (ECDSA, P-256) and a certificate that
 * it signs itself, for `name` and ten years; both readable by their owner only.
 * False: why_r. A certificate without its key is left as it is, and false. */
bool certificate_make(const char *certificate, const char *key,
    const char *name, char *why_r, size_t size);

/* May others than the owner read it? anybody: than the owner and its group. */
bool certificate_is_open(const char *key, bool anybody);

/* "sha256:" and 64 hexadecimal digits. */
void certificate_fingerprint(X509 *, char fingerprint_r[FINGERPRINT_MAX]);
/* The one common name of its subject, of 1 to CERTIFICATE_NAME_MAX bytes;
 * false: there is none, or it is longer, or there are more. */
bool certificate_name(X509 *, char name_r[CERTIFICATE_NAME_MAX + 1]);
/* Days until it is not valid any more, rounded down: negative if it is not. */
int certificate_days(X509 *);

#endif
