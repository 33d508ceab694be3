/* register.c -- vcrp register NAME and vcrp passwd: an account, its password
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/client.h"
#include "client/verifier.h"

struct order {
	int64_t request;
	bool    done;
};

static void
on_event(struct client *client, const struct vcrp_event *event)
{
	struct order *order = client->arg;

	if (event->kind == VCRP_LOST)
		client_fail(client, STATUS_UNREACHED, "no answer: it may have "
		    "been done, or not");
	if (event->kind != VCRP_LINE)
		return;
	if (strcmp(event->verb, "ERR") == 0)
		client_refused(client, event);
	if (event->request > 0 && event->request == order->request)
		order->done = true;
}

static void
send_order(struct client *client, const char *line)
{
	struct order *order = client->arg;

	order->request = vcrp_request(client->v, line);
	if (order->request < 0)
		client_impossible(client, line, order->request);
	while (!order->done)
		client_turn(client, -1, -1);
	client_close(client);
}

/* What the server offers decides what to ask it for. */
static void
check_offer(struct client *client)
{
	char value[VCRP_LINE_MAX];

	if (vcrp_feature(client->v, "register", value, sizeof(value)))
		return;
	if (!vcrp_feature(client->v, "register-invite", value, sizeof(value)))
		client_fail(client, STATUS_REFUSED, "no accounts are made "
		    "here%s", vcrp_feature(client->v, "tls", value,
		    sizeof(value)) ? " without TLS: vcrps://" : "");
	if (client->invitation == NULL)
		client_fail(client, STATUS_USAGE, "this server wants an "
		    "invitation: --invite=TOKEN");
}

enum status
command_register(struct client *client, int argc, char **argv)
{
	char line[VCRP_LINE_MAX], verifier[VERIFIER_SIZE];
	struct order order = { .done = false };
	int len;

	if (argc != 2 || client->certificate != NULL)
		return STATUS_USAGE;
	if (argv[1][0] == '\0' || strchr(argv[1], ' ') != NULL)
		client_impossible(client, argv[1], -EINVAL);
	client->visitor = true;
	client->event = on_event;
	client->arg = &order;
	client_login(client);
	check_offer(client);
	if (client->password_file != NULL || client->password_fd >= 0)
		client_take_password(client, "");
	else
		client_new_password(client, client->password);
	client_make_verifier(client, client->password, verifier);
	explicit_bzero(client->password, sizeof(client->password));
	len = snprintf(line, sizeof(line), "%s%s%sREGISTER %s %s",
	    client->invitation != NULL ? "@key=" : "",
	    client->invitation != NULL ? client->invitation : "",
	    client->invitation != NULL ? " " : "", argv[1], verifier);
	if (len >= (int)sizeof(line))
		client_impossible(client, argv[1], -EMSGSIZE);
	send_order(client, line);
	client_print(argv[1]);
	puts(" is yours.");
	return STATUS_DONE;
}

enum status
command_passwd(struct client *client, int argc, char **argv)
{
	char line[VCRP_LINE_MAX], verifier[VERIFIER_SIZE];
	char password[PASSWORD_SIZE];
	struct order order = { .done = false };

	(void)argv;
	if (argc != 1)
		return STATUS_USAGE;
	if (client->user == NULL && client->certificate == NULL &&
	    (client->server == NULL || !vcrp_user(client->server, line,
	    sizeof(line))))
		client_fail(client, STATUS_USAGE, "whose? --user=NAME");
	client->event = on_event;
	client->arg = &order;
	client_login(client);
	client_new_password(client, password);
	client_make_verifier(client, password, verifier);
	explicit_bzero(password, sizeof(password));
	snprintf(line, sizeof(line), "PASSWD %s", verifier);
	send_order(client, line);
	return STATUS_DONE;
}
