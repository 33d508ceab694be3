/* certificate.c -- the server's certificate: made, read, and judged
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/slice.h"
#include "net/certificate.h"

enum {
	VALID_DAYS = 3652,
	SERIAL_BYTES = 16,
	DAY = 86400
};

static bool
say(char *why, size_t size, const char *path, const char *what)
{
	snprintf(why, size, "%s: %s", path, what);
	ERR_clear_error();
	return false;
}

static EVP_PKEY *
read_key(const char *path)
{
	FILE *f = fopen(path, "re");
	EVP_PKEY *key;

	if (f == NULL)
		return NULL;
	key = PEM_read_PrivateKey(f, NULL, NULL, (void *)"");
	fclose(f);
	return key;
}

/* A new file, whole and on the disk under its name, or none. */
static bool
write_file(const char *path, EVP_PKEY *key, X509 *x, char *why, size_t size)
{
	char fresh[4096];
	bool good;
	FILE *f;
	int fd;

	snprintf(fresh, sizeof(fresh), "%s.new", path);
	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
	    0600);
	f = fd < 0 ? NULL : fdopen(fd, "w");
	if (f == NULL)
		return say(why, size, fresh, strerror(errno));
	good = key != NULL ?
	    PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) == 1 :
	    PEM_write_X509(f, x) == 1;
	good = good && fflush(f) == 0 && fsync(fd) == 0;
	good = fclose(f) == 0 && good && rename(fresh, path) == 0;
	return good || say(why, size, path, strerror(errno));
}

static bool
add_name(X509 *x, const char *name)
{
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	GENERAL_NAME *n = GENERAL_NAME_new();
	ASN1_IA5STRING *s = ASN1_IA5STRING_new();
	bool good = false;

	if (names != NULL && n != NULL && s != NULL &&
	    ASN1_STRING_set(s, name, -1) == 1) {
		GENERAL_NAME_set0_value(n, GEN_DNS, s);
		s = NULL;
		if (sk_GENERAL_NAME_push(names, n) > 0) {
			n = NULL;
			good = X509_add1_ext_i2d(x, NID_subject_alt_name,
			    names, 0, 0) == 1;
		}
	}
	ASN1_IA5STRING_free(s);
	GENERAL_NAME_free(n);
	GENERAL_NAMES_free(names);
	return good;
}

static bool
add_extension(X509 *x, int nid, const char *value)
{
	X509_EXTENSION *e;
	X509V3_CTX ctx;
	bool good;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	good = e != NULL && X509_add_ext(x, e, -1) == 1;
	X509_EXTENSION_free(e);
	return good;
}

static bool
set_serial(X509 *x)
{
	unsigned char bytes[SERIAL_BYTES];
	BIGNUM *n;
	bool good;

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return false;
	bytes[0] &= 0x7f;
	n = BN_bin2bn(bytes, sizeof(bytes), NULL);
	good = n != NULL &&
	    BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x)) != NULL;
	BN_free(n);
	return good;
}

/* A name that does not fit into a subject is in the extension alone. */
static bool
fill(X509 *x, EVP_PKEY *key, const char *name)
{
	X509_NAME *subject = X509_get_subject_name(x);
	const char *cn = strlen(name) <= 64 ? name : "vcrpd";

	return X509_set_version(x, 2) == 1 && set_serial(x) &&
	    X509_gmtime_adj(X509_getm_notBefore(x), -DAY) != NULL &&
	    X509_time_adj_ex(X509_getm_notAfter(x), VALID_DAYS, 0, NULL) !=
	    NULL && X509_set_pubkey(x, key) == 1 &&
	    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
	    (const unsigned char *)cn, -1, -1, 0) == 1 &&
	    X509_set_issuer_name(x, subject) == 1 && add_name(x, name) &&
	    add_extension(x, NID_basic_constraints, "critical,CA:FALSE") &&
	    add_extension(x, NID_key_usage, "critical,digitalSignature") &&
	    add_extension(x, NID_ext_key_usage, "serverAuth") &&
	    add_extension(x, NID_subject_key_identifier, "hash") &&
	    X509_sign(x, key, EVP_sha256()) > 0;
}

static bool
make_certificate(const char *path, EVP_PKEY *key, const char *name, char *why,
    size_t size)
{
	X509 *x = X509_new();
	bool good = x != NULL && fill(x, key, name);

	good = good ? write_file(path, NULL, x, why, size) :
	    say(why, size, path, "a certificate cannot be made");
	X509_free(x);
	return good;
}

bool
certificate_make(const char *certificate, const char *key, const char *name,
    char *why, size_t size)
{
	bool has_key = access(key, F_OK) == 0, good;
	EVP_PKEY *k;

	if (access(certificate, F_OK) == 0)
		return has_key || say(why, size, key, "is missing; without "
		    "tls.crt too, a new pair is made");
	k = has_key ? read_key(key) : EVP_EC_gen("P-256");
	if (k == NULL)
		return say(why, size, key, has_key ?
		    "is not a private key in PEM" : "cannot be made");
	good = (has_key || write_file(key, k, NULL, why, size)) &&
	    make_certificate(certificate, k, name, why, size);
	EVP_PKEY_free(k);
	return good;
}

bool
certificate_is_open(const char *key, bool anybody)
{
	struct stat st;

	return stat(key, &st) == 0 && (st.st_mode & (anybody ? 0007 : 0077));
}

void
certificate_fingerprint(X509 *x, char fingerprint_r[FINGERPRINT_MAX])
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	int at = snprintf(fingerprint_r, FINGERPRINT_MAX, "sha256:");

	X509_digest(x, EVP_sha256(), hash, &len);
	for (unsigned i = 0; i < len; i++)
		at += snprintf(fingerprint_r + at,
		    (size_t)(FINGERPRINT_MAX - at), "%02x", hash[i]);
}

bool
certificate_name(X509 *x, char name_r[CERTIFICATE_NAME_MAX + 1])
{
	const X509_NAME *subject = X509_get_subject_name(x);
	int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
	unsigned char *text = NULL;
	bool good;
	int len;

	if (at < 0 ||
	    X509_NAME_get_index_by_NID(subject, NID_commonName, at) >= 0)
		return false;
	len = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(
	    X509_NAME_get_entry(subject, at)));
	good = len > 0 && len <= CERTIFICATE_NAME_MAX &&
	    memchr(text, '\0', (size_t)len) == NULL;
	if (good)
		snprintf(name_r, CERTIFICATE_NAME_MAX + 1, "%.*s", len,
		    (const char *)text);
	OPENSSL_free(text);
	return good;
}

int
certificate_days(X509 *x)
{
	int days = 0, seconds = 0;

	if (ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(x)) != 1)
		return 0;
	return days < 0 || seconds < 0 ? days - 1 : days;
}
