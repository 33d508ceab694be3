/* client_cert.c -- certificates, made on the spot, and servers that have them
 *
 * SPDX-License-Identifier: MIT */
#include "client_cert.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DAY	86400

static void
extend(X509 *x509, int kind, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, kind,
	    value);

	if (extension == NULL || !X509_add_ext(x509, extension, -1))
		abort();
	X509_EXTENSION_free(extension);
}

static void
write_file(struct cert *cert)
{
	FILE *file;
	int fd;

	strcpy(cert->file, "/tmp/vcrp-cert-XXXXXX");
	fd = mkstemp(cert->file);
	file = fd < 0 ? NULL : fdopen(fd, "w");
	if (file == NULL || !PEM_write_X509(file, cert->x509) ||
	    !PEM_write_PrivateKey(file, cert->key, NULL, NULL, 0, NULL, NULL))
		abort();
	fclose(file);
}

static void
fill_in(struct cert *cert, const char *host, int days,
    const struct cert *issuer)
{
	X509 *x509 = cert->x509;
	X509_NAME *name = X509_get_subject_name(x509);

	X509_set_version(x509, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x509), random());
	X509_gmtime_adj(X509_getm_notBefore(x509), -100L * DAY);
	X509_gmtime_adj(X509_getm_notAfter(x509), (long)days * DAY);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned
	    char *)(host != NULL ? host : "authority"), -1, -1, 0);
	X509_set_issuer_name(x509, issuer == NULL ? name :
	    X509_get_subject_name(issuer->x509));
	X509_set_pubkey(x509, cert->key);
	if (host != NULL)
		extend(x509, NID_subject_alt_name, host);
	else
		extend(x509, NID_basic_constraints, "critical,CA:TRUE");
}

void
cert_make(struct cert *cert, const char *host, int days,
    const struct cert *issuer)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len, i;
	int used;

	cert->key = EVP_EC_gen("P-256");
	cert->x509 = X509_new();
	if (cert->key == NULL || cert->x509 == NULL)
		abort();
	fill_in(cert, host, days, issuer);
	if (X509_sign(cert->x509, issuer != NULL ? issuer->key : cert->key,
	    EVP_sha256()) == 0 ||
	    !X509_digest(cert->x509, EVP_sha256(), digest, &len))
		abort();
	used = sprintf(cert->fingerprint, "sha256:");
	for (i = 0; i < len; i++)
		used += sprintf(cert->fingerprint + used, "%02x", digest[i]);
	write_file(cert);
}

void
cert_free(struct cert *cert)
{
	unlink(cert->file);
	X509_free(cert->x509);
	EVP_PKEY_free(cert->key);
}

static int
select_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
    const unsigned char *in, unsigned in_len, void *arg)
{
	(void)ssl;
	(void)arg;
	return SSL_select_next_proto((unsigned char **)out, out_len,
	    (const unsigned char *)"\4vcrp", 5, in, in_len) ==
	    OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK :
	    SSL_TLSEXT_ERR_NOACK;
}

SSL_CTX *
cert_server(const struct cert *cert)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());

	if (context == NULL ||
	    SSL_CTX_use_certificate(context, cert->x509) != 1 ||
	    SSL_CTX_use_PrivateKey(context, cert->key) != 1)
		abort();
	SSL_CTX_set_session_id_context(context, (const unsigned char *)"x", 1);
	SSL_CTX_set_alpn_select_cb(context, select_protocol, NULL);
	return context;
}
