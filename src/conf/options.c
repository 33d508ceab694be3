/* options.c -- one row for each option of the server
 *
 * SPDX-License-Identifier: MIT */
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/network.h"
#include "conf/config.h"
#include "conf/options.h"

#define AT(group, name) #group "." #name, \
	offsetof(struct config, group##_##name)
#define NUMBER(min, max, standard) \
	OPTION_NUMBER, min, max, standard, NULL, NULL
#define SWITCH(standard) OPTION_SWITCH, 0, 1, standard, NULL, NULL
#define CHOICE(words, standard) OPTION_CHOICE, 0, 0, standard, words, NULL
#define TEXT(max, check) OPTION_TEXT, 0, max, 0, NULL, check
#define LIST(max, check) OPTION_LIST, 0, max, 0, NULL, check

/* The order is that of enum log_target, enum log_level, enum config_guests,
 * enum config_create, enum config_sync, enum config_register. */
static const char *const targets[] = { "stderr", "syslog", "journal", NULL };
static const char *const levels[] = { "warn", "info", "debug", NULL };
static const char *const syncs[] = { "never", "interval", "always", NULL };
static const char *const guests[] = { "yes", "read", "no", NULL };
static const char *const creators[] = {
	"guests", "accounts", "administrators", NULL
};
static const char *const registrations[] = {
	"open", "invite", "closed", NULL
};

enum { FIXED = false, RELOAD = true };

/* The name is a word in every greeting. */
static const char *
check_name(const char *text)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyz"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

	if (text[0] == '-' || text[strspn(text, good)] != '\0')
		return "must be letters, digits, '.', '_', and '-' inside";
	return NULL;
}

static const char *
check_address(const char *text)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST }, *found;

	if (getaddrinfo(text, NULL, &hints, &found) != 0)
		return "must be numeric addresses";
	freeaddrinfo(found);
	return NULL;
}

static const char *
check_network(const char *text)
{
	struct network n;
	const char *why;

	return network_parse(slice_of(text), &n, &why) ? NULL : why;
}

const struct option options[] = {
	{ AT(server, name), TEXT(255, check_name), "", FIXED,
	  "The name in greetings. Empty: the name of the host." },
	{ AT(server, port), NUMBER(0, 65535, 3073), "", FIXED,
	  "The port of TCP. 0: a free one, which the ready line tells." },
	{ AT(server, listen), LIST(64, check_address), "", FIXED,
	  "The addresses to listen on. None: all, of IPv4 and IPv6." },
	{ AT(server, socket),
	  TEXT(sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1, NULL), "",
	  FIXED,
	  "The local socket. Empty: vcrpd.sock in the data directory; "
	  "\"none\": no such socket." },
	{ AT(server, data), TEXT(4095, NULL), "", FIXED,
	  "The data directory. Empty: that of the installed service, or "
	  "vcrpd-data in the working directory." },
	{ AT(server, proxies), LIST(64, check_network), "", FIXED,
	  "The addresses and networks of proxies that begin each connection "
	  "with a header of the PROXY protocol (version 1 or 2), which is "
	  "believed then, and required." },
	{ AT(server, user), TEXT(32, NULL), "", FIXED,
	  "Who root becomes when it has bound the ports. Empty: the owner of "
	  "the data directory." },
	{ AT(server, stop_timeout), NUMBER(0, 3600, 10), "seconds", RELOAD,
	  "How long a stop waits for clients to take what is theirs." },
	{ AT(server, retry_spread), NUMBER(0, 3600, 10), "seconds", RELOAD,
	  "At a stop each client is told to come back after another random "
	  "time, this at most." },

	{ AT(log, target), CHOICE(targets, 0), "", FIXED,
	  "Where the log goes." },
	{ AT(log, level), CHOICE(levels, 1), "", RELOAD,
	  "The least weighty lines that are logged." },

	{ AT(threads, io), NUMBER(0, 64, 0), "threads", FIXED,
	  "Threads that read and write connections. 0: half the cores, at "
	  "least one." },

	{ AT(threads, auth), NUMBER(1, 2, 1), "threads", FIXED,
	  "Threads that look at passwords. They give way to all others." },

	{ AT(limits, connections), NUMBER(0, 1000000, 0), "connections",
	  RELOAD,
	  "Connections at one time. 0: as many as there are descriptors." },
	{ AT(limits, address), NUMBER(0, 1000000, 16), "connections", RELOAD,
	  "Connections from one address at one time, a /64 of IPv6 being one "
	  "address. 0: no limit." },
	{ AT(limits, arrivals), NUMBER(0, 1000000, 60), "connections a minute",
	  RELOAD,
	  "New connections from one address in the long run; 20 may come at "
	  "once. 0: no limit." },
	{ AT(limits, unauthenticated), NUMBER(0, 1000000, 0), "connections",
	  RELOAD,
	  "Connections not logged in at one time. 0: a tenth of the "
	  "descriptors." },
	{ AT(limits, login_timeout), NUMBER(1, 3600, 15), "seconds", RELOAD,
	  "How long a connection may take to log in." },
	{ AT(limits, idle_timeout), NUMBER(0, 86400, 0), "seconds", RELOAD,
	  "How long a connection may say nothing before it is asked whether "
	  "it is there. 0: for ever." },
	{ AT(limits, ping_timeout), NUMBER(1, 3600, 30), "seconds", RELOAD,
	  "How long it may then take to answer." },
	{ AT(limits, lines), NUMBER(0, 1000000, 10), "lines a second", RELOAD,
	  "Lines taken from a person in the long run, by all connections. 0: "
	  "no limit." },
	{ AT(limits, burst), NUMBER(1, 1000000, 50), "lines", RELOAD,
	  "Lines taken from a person at once, before limits.lines applies." },
	{ AT(limits, pending), NUMBER(1, 65536, 256), "requests", RELOAD,
	  "Requests of one connection that may be unanswered." },
	{ AT(limits, account), NUMBER(1, 1000000, 16), "connections", RELOAD,
	  "Connections of one account at one time. Users of the server's "
	  "machine, by the local socket, are exempt." },
	{ AT(limits, register), NUMBER(0, 1000000, 5), "accounts", RELOAD,
	  "Accounts that may be made from one address in an hour, by "
	  "REGISTER. 0: no limit." },
	{ AT(limits, rooms_per_connection), NUMBER(1, 100000, 50), "rooms",
	  RELOAD, "Rooms one connection may be in." },
	{ AT(limits, rooms_made), NUMBER(0, 1000000, 60), "rooms an hour",
	  RELOAD,
	  "New rooms made from one address, as many at once and in the long "
	  "run. 0: no limit." },
	{ AT(limits, calm), NUMBER(0, 86400, 0), "seconds", RELOAD,
	  "How long guests and young accounts must wait between two messages. "
	  "0: not at all." },
	{ AT(limits, memory), NUMBER(0, INT32_MAX, 0), "MiB", RELOAD,
	  "Over 80 percent of it no connections are taken in, over 90 those "
	  "are ended that make the server keep most for them. 0: three "
	  "quarters of what the service's cgroup allows, or any." },
	{ AT(limits, loopback_trusted), SWITCH(1), "", RELOAD,
	  "Addresses of this host are exempt from limits.address, "
	  "limits.arrivals, limits.register and limits.rooms_made. To be "
	  "switched off behind a proxy that server.proxies does not have." },

	{ AT(accounts, registration), CHOICE(registrations, REGISTER_INVITE),
	  "", RELOAD,
	  "Who may make an account by REGISTER: anybody, those with an "
	  "invitation, or nobody." },
	{ AT(accounts, iterations), NUMBER(10000, 10000000, 10000), "rounds",
	  RELOAD,
	  "Rounds of PBKDF2 that a new password is kept by: what each guess "
	  "costs a thief of the database, and each login its client." },
	{ AT(accounts, guests), CHOICE(guests, GUESTS_YES), "", RELOAD,
	  "Whether there are guests: with \"read\" they enter rooms and read, "
	  "but say and set nothing and make no rooms, with \"no\" HELLO is "
	  "refused. Those that are there at a reload stay, and only read." },
	{ AT(accounts, young), NUMBER(0, 87600, 24), "hours", RELOAD,
	  "How old an account must be not to be held back by limits.calm and "
	  "the switch calm of rooms." },

	{ AT(tls, enable), SWITCH(1), "", FIXED,
	  "Whether connections by TCP may be encrypted. TLS and plain text "
	  "share the port." },
	{ AT(tls, required), SWITCH(0), "", RELOAD,
	  "Nobody logs in without TLS, but by the local socket or, while "
	  "limits.loopback_trusted, from addresses of this host." },
	{ AT(tls, certificate), TEXT(4095, NULL), "", FIXED,
	  "The certificate, a file in PEM, with those that vouch for it. It "
	  "is read again when it changes. Empty, with tls.key: tls.crt and "
	  "tls.key in the data directory, made at the first start." },
	{ AT(tls, key), TEXT(4095, NULL), "", FIXED,
	  "The certificate's private key, a file in PEM." },
	{ AT(tls, client_ca), TEXT(4095, NULL), "", FIXED,
	  "Whose certificates, if clients show them, say who they are: a file "
	  "in PEM. Empty: nobody's." },

	{ AT(udp, enable), SWITCH(1), "", FIXED,
	  "Whether who has logged in may ask for a session of datagrams, by "
	  "UDP at the same port, and others whether a server is here." },
	{ AT(udp, lan), SWITCH(0), "", FIXED,
	  "Whether those are answered, too, who ask all hosts of a network, "
	  "by broadcast or in the groups 239.255.30.73 and ff12::3073." },
	{ AT(udp, rate), NUMBER(4096, 1000000000, 262144),
	  "bytes a second", RELOAD,
	  "What rooms may send one session in the long run. What is over it "
	  "is left out, and the session told what there is to ask for." },
	{ AT(udp, timeout), NUMBER(10, 86400, 120), "seconds", RELOAD,
	  "How long a session may send nothing before it ends." },

	{ AT(rooms, max), NUMBER(1, 1000000, 10000), "rooms", RELOAD,
	  "Rooms at one time." },
	{ AT(rooms, members), NUMBER(1, 1000000, 20000), "members", RELOAD,
	  "Members of one room." },
	{ AT(rooms, create), CHOICE(creators, CREATE_GUESTS), "", RELOAD,
	  "Who may make a room by joining it: everybody, those with an "
	  "account, or administrators." },
	{ AT(rooms, presence_limit), NUMBER(0, 1000000, 100), "members",
	  RELOAD,
	  "In a room of more members it is not announced who comes and "
	  "goes." },
	{ AT(rooms, linger), NUMBER(0, 86400, 60), "seconds", RELOAD,
	  "How long the thread of an empty room stays." },
	{ AT(rooms, mailbox), NUMBER(16, 1000000, 4096), "requests", FIXED,
	  "Requests that may wait for one room before senders are held "
	  "back." },
	{ AT(rooms, window), NUMBER(64, 1048576, 1024), "KiB", FIXED,
	  "The newest part of a room that is kept in memory, for members "
	  "that are slow to read." },
	{ AT(rooms, repeat_ids), NUMBER(0, 1000000, 10000), "events", FIXED,
	  "The newest events of a room among which a repeated request is "
	  "recognised." },
	{ AT(storage, fsync), CHOICE(syncs, SYNC_INTERVAL), "", FIXED,
	  "When logs of rooms are forced to the disk: never, at an interval, "
	  "or always before anybody is told. Only a lost power or a crash of "
	  "the system makes a difference; what the server said survives its "
	  "own death in any case." },
	{ AT(storage, interval), NUMBER(1, 3600, 1), "seconds", RELOAD,
	  "With fsync = \"interval\": what a lost power may take." },
	{ AT(storage, limit), NUMBER(0, INT32_MAX, 0), "MiB", RELOAD,
	  "What all logs together may take of the disk. 0: no limit." },
	{ AT(storage, keep_days), NUMBER(0, 36500, 0), "days", RELOAD,
	  "How old events may get in rooms without a keep of their own. 0: "
	  "any." },
	{ AT(storage, keep_events), NUMBER(0, INT32_MAX, 0), "events", RELOAD,
	  "How many events are kept in rooms without a keep of their own. 0: "
	  "all." },
	{ AT(storage, files), NUMBER(0, 1000000, 0), "descriptors", FIXED,
	  "Logs that are open at one time; the rest of the descriptors is for "
	  "connections. 0: a quarter of them, at most 512." },
	{ AT(storage, segment), NUMBER(64, 1048576, 16384), "KiB", FIXED,
	  "The size at which a room's log goes on in another file." },
	{ AT(storage, backups), TEXT(4095, NULL), "", FIXED,
	  "A directory below which BACKUP may write. Empty: only in the data "
	  "directory. All else is out of the server's reach." },
	{ .path = NULL },
};

const struct option *
option_find(const char *path)
{
	const struct option *option;

	for (option = options; option->path != NULL; option++)
		if (strcmp(option->path, path) == 0)
			return option;
	return NULL;
}

_Atomic int64_t *
option_number(const struct config *config, const struct option *option)
{
	return (_Atomic int64_t *)((char *)config + option->offset);
}

char **
option_text(const struct config *config, const struct option *option)
{
	return (char **)((char *)config + option->offset);
}

char ***
option_list(const struct config *config, const struct option *option)
{
	return (char ***)((char *)config + option->offset);
}
