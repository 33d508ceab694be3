/* client_cert.h -- certificates, made on the spot, and servers that have them
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: any.
 * Locks:   none.
 * Memory:  a struct cert owns its key, its certificate and its two files. */
#ifndef TESTS_CLIENT_CERT_H
#define TESTS_CLIENT_CERT_H

#include <openssl/ssl.h>

struct cert {
	EVP_PKEY *key;
	X509     *x509;
	char      fingerprint[80];	/* "sha256:..." */
	char      file[64];	/* PEM: the certificate, then the key */
};

/* For a host, given as "DNS:name" or "IP:address", or NULL for an authority;
 * good for so many days, or expired so many days ago. issuer NULL: itself. */
void cert_make(struct cert *, const char *host, int days,
    const struct cert *issuer);
void cert_free(struct cert *);

/* TLS 1.2 and up, with sessions to go on with and ALPN "vcrp". */
SSL_CTX *cert_server(const struct cert *);

#endif
