/* address.c -- where a server is, out of what a person writes
 *
 * SPDX-License-Identifier: MIT */
#include "lib/address.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/line.h"
#include "vcrp.h"

#define SCHEME		"vcrp://"
#define SCHEME_TLS	"vcrps://"

static int
hex_digit(char c)
{
	const char *digits = "0123456789abcdef";
	const char *found = strchr(digits, c | 0x20);

	if (c == '\0' || found == NULL || (c < '0' || (c > '9' && c < 'A')))
		return -1;
	return (int)(found - digits);
}

/* In place; a NUL cannot be written so. */
static bool
percent_decode(char *text)
{
	char *to = text;
	int high, low;

	for (; *text != '\0'; text++) {
		if (*text != '%') {
			*to++ = *text;
			continue;
		}
		high = hex_digit(text[1]);
		low = high < 0 ? -1 : hex_digit(text[2]);
		if (low < 0 || high + low == 0)
			return false;
		*to++ = (char)(high << 4 | low);
		text += 2;
	}
	*to = '\0';
	return true;
}

static bool
is_port(const char *text)
{
	uint64_t number;

	return vline_number(text, &number) && number > 0 && number < 65536;
}

/* "[v6]:port", "host:port", and a bare v6 address, which has no port. */
static const char *
split_host(char *text, char **host_r, char **port_r)
{
	char *colon = strrchr(text, ':');

	*host_r = text;
	*port_r = NULL;
	if (*text == '[') {
		*host_r = text + 1;
		text = strchr(text, ']');
		if (text == NULL)
			return "a '[' without its ']'";
		*text++ = '\0';
		if (*text != '\0' && *text != ':')
			return "what follows the ']' is no port";
		*port_r = *text == ':' ? text + 1 : NULL;
	} else if (colon != NULL && strchr(text, ':') == colon) {
		*colon = '\0';
		*port_r = colon + 1;
	}
	if (**host_r == '\0')
		return "no host is named";
	if (*port_r != NULL && !is_port(*port_r))
		return "a port is a number of 1 to 65535";
	return NULL;
}

/* "user@", which is taken off *text. */
static const char *
parse_user(struct vaddress *address, char **text)
{
	char *user = *text, *at = strrchr(user, '@');

	if (at == NULL)
		return NULL;
	*at = '\0';
	*text = at + 1;
	if (strchr(user, ':') != NULL)
		return "a password has no place in a server's name";
	if (!percent_decode(user) || !vline_is_word(user))
		return "what stands before the '@' is no name";
	address->user = strdup(user);
	return address->user == NULL ? strerror(ENOMEM) : NULL;
}

static const char *
parse_host(struct vaddress *address, char *text)
{
	const char *why;
	char *host, *port;

	why = parse_user(address, &text);
	if (why == NULL)
		why = split_host(text, &host, &port);
	if (why != NULL)
		return why;
	address->host = strdup(host);
	address->port = strdup(port != NULL ? port : VCRP_PORT);
	return NULL;
}

/* "?transport=udp", which is taken off. */
static const char *
parse_query(struct vaddress *address, char *text)
{
	char *query = *text == '/' ? NULL : strchr(text, '?');

	if (query == NULL)
		return NULL;
	*query++ = '\0';
	address->udp = strcmp(query, "transport=udp") == 0;
	return address->udp ? NULL :
	    "behind a '?' there is nothing but transport=udp";
}

static const char *
parse_uri(struct vaddress *address, char *text)
{
	const char *why = parse_query(address, text);
	char *slash = strchr(text, '/');

	if (why != NULL)
		return why;
	if (slash != NULL && !percent_decode(slash))
		return "a '%' without two hexadecimal digits";
	if (slash == text) {
		address->path = strdup(text);
		return NULL;
	}
	if (slash != NULL) {
		*slash++ = '\0';
		if (*slash != '\0' && !vline_is_word(slash))
			return "a room has no space in its name";
		if (*slash != '\0')
			address->room = strdup(slash);
	}
	return parse_host(address, text);
}

int
vaddress_init(struct vaddress *address, const char *text, const char **why_r)
{
	char *copy = strdup(text);

	*address = (struct vaddress){ 0 };
	if (copy == NULL) {
		*why_r = strerror(ENOMEM);
		return -ENOMEM;
	}
	address->tls = strncasecmp(copy, SCHEME_TLS, strlen(SCHEME_TLS)) == 0;
	if (address->tls) {
		*why_r = parse_uri(address, copy + strlen(SCHEME_TLS));
		if (address->path != NULL)
			*why_r = "a local socket needs no TLS: vcrp://";
	} else if (strncasecmp(copy, SCHEME, strlen(SCHEME)) == 0) {
		*why_r = parse_uri(address, copy + strlen(SCHEME));
	} else if (strchr(copy, '/') != NULL) {
		address->path = strdup(copy);
		*why_r = NULL;
	} else {
		*why_r = parse_host(address, copy);
	}
	free(copy);
	if (*why_r == NULL &&
	    (address->path != NULL || (address->host && address->port)))
		return 0;
	vaddress_fini(address);
	if (*why_r != NULL)
		return -EINVAL;
	*why_r = strerror(ENOMEM);
	return -ENOMEM;
}

void
vaddress_fini(struct vaddress *address)
{
	free(address->path);
	free(address->host);
	free(address->port);
	free(address->user);
	free(address->room);
	*address = (struct vaddress){ 0 };
}
