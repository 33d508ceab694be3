/* trust.c -- whether a server's certificate is taken, asked of who can say
 *
 * SPDX-License-Identifier: MIT */
#include "client/trust.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool
find_address(const struct client *client, char *address_r)
{
	return vcrp_address(client->server != NULL ? client->server :
	    "localhost", address_r, VCRP_LINE_MAX);
}

void
trust_prepare(struct client *client)
{
	char address[VCRP_LINE_MAX];

	client->pin[0] = '\0';
	client->known = 0;
	if (client->fingerprint == NULL && find_address(client, address))
		client->known = known_find(address, client->pin);
	if (strcmp(client->pin, KNOWN_CA) == 0 || client->known == 0)
		client->pin[0] = '\0';
}

_Noreturn static void
refuse_change(const struct client *client, const char *address,
    const char *why)
{
	const char *got = vcrp_fingerprint(client->v);
	char path[PATH_MAX] = "";

	known_path(path);
	client_warn(client, "THE SERVER %s IS NOT THE ONE IT WAS BEFORE!",
	    address);
	client_warn(client, "Somebody may be in between, to read and change "
	    "all that passes;");
	client_warn(client, "or the server has got another certificate.");
	client_warn(client, "known:  %s", client->pin[0] != '\0' ?
	    client->pin : "one that an authority verifies");
	client_warn(client, "shown:  %s", got);
	client_warn(client, "If its administrator says that this is right, "
	    "remove line %d of %s", client->known, path);
	client_fail(client, STATUS_UNREACHED, "%s: %s", address, why);
}

/* On a terminal; anything but a y is a no. */
static bool
ask(const struct client *client, const char *address, const char *why)
{
	char answer[64] = "";

	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return false;
	client_warn(client, "%s: %s", address, why);
	client_warn(client, "The fingerprint is %s",
	    vcrp_fingerprint(client->v));
	fprintf(stderr, "Does its administrator say the same? Then it is "
	    "trusted from now on. [y/N] ");
	return fgets(answer, sizeof(answer), stdin) != NULL &&
	    (answer[0] == 'y' || answer[0] == 'Y');
}

void
trust_decide(struct client *client, const char *why)
{
	char address[VCRP_LINE_MAX] = "";

	find_address(client, address);
	if (client->known > 0)
		refuse_change(client, address, why);
	if (client->fingerprint != NULL || client->was_up ||
	    (!client->accept_new && !ask(client, address, why)))
		client_fail(client, STATUS_UNREACHED, "%s: %s; it is %s",
		    address, why, vcrp_fingerprint(client->v));
	snprintf(client->pin, sizeof(client->pin), "%s",
	    vcrp_fingerprint(client->v));
	if (!known_add(address, client->pin))
		client_warn(client, "this cannot be remembered: %s",
		    strerror(errno));
}

void
trust_note(const struct client *client)
{
	char address[VCRP_LINE_MAX];

	if (client->fingerprint == NULL && client->pin[0] == '\0' &&
	    client->known == 0 && vcrp_fingerprint(client->v)[0] != '\0' &&
	    find_address(client, address))
		known_add(address, KNOWN_CA);
}
