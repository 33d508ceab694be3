/* client.h -- what the commands of vcrp have in common
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: main.
 * Locks:   none.
 * Memory:  struct client owns its struct vcrp, its key and its password, which
 *          is wiped when it has logged in. */
#ifndef CLIENT_CLIENT_H
#define CLIENT_CLIENT_H

#include <netdb.h>
#include <stdbool.h>
#include <stdint.h>

#include "client/key.h"
#include "client/known.h"
#include "client/password.h"
#include "vcrp.h"

#define CLIENT_NICK_SIZE	80
#define CLIENT_ADDRESS_SIZE	(NI_MAXHOST + 16)

/* What programs here exit with. */
enum status {
	STATUS_DONE,
	STATUS_REFUSED,		/* by the server, which said why */
	STATUS_USAGE,
	STATUS_UNREACHED,	/* no connection */
	STATUS_UDP_ALONE	/* probe: VCRP answers, and not by TCP */
};

struct client {
	const char  *program;		/* for what is said on stderr */
	const char  *server;
	const char  *nick;		/* NULL: the user's, or one like it */
	const char  *user;		/* of an account; NULL: a guest */
	char         user_of_server[VCRP_LINE_MAX];	/* of its URI */
	const char  *password_file;	/* NULL: asked for */
	int          password_fd;	/* -1 for none */
	char         password[PASSWORD_SIZE];
	const char  *fingerprint;	/* the certificate's; or NULL */
	bool         accept_new;	/* take a new server's, and remember */
	char         pin[KNOWN_SIZE];	/* that was taken; "" for none */
	int          known;		/* its line in the file; 0 for none */
	const char  *certificate;	/* files; or NULL */
	const char  *certificate_key;
	const char  *invitation;	/* for register */
	bool         visitor;		/* does not log in */
	bool         udp;		/* datagrams, if they come through */
	const char  *keylog;		/* a file; or NULL */
	int64_t      after;		/* of tail */
	int          patience;		/* ms without a connection; 0: any */
	bool         patience_given;
	bool         external;		/* AUTH EXTERNAL, one connection */
	unsigned     port;		/* of discover; 0: not said */
	bool         json;		/* discover and probe */
	bool         may_end;		/* the server's end is no failure */
	struct vcrp *v;
	struct key   key;
	bool         with_key;
	char         called[CLIENT_NICK_SIZE];	/* nick, or what is tried */
	bool         was_up;		/* has been logged in */
	int64_t      down_since;	/* ms, when not connected */
	char         why[VCRP_LINE_MAX];	/* what the last one ended with */
	/* Told of each event after the first VCRP_UP, but for VCRP_END. */
	void       (*event)(struct client *, const struct vcrp_event *);
	/* Called before something is said on stderr; or NULL. */
	void       (*clear)(const struct client *);
	void        *arg;		/* for both */
};

/* Milliseconds of a clock that only rises. */
int64_t client_now(void);
/* Microseconds of the same clock. */
int64_t client_now_us(void);
/* Says "program: text" on stderr, with nothing in it that acts on a terminal,
 * and exits with status. */
__attribute__((format(printf, 3, 4))) _Noreturn void
client_fail(const struct client *, enum status, const char *format, ...);
__attribute__((format(printf, 2, 3))) void
client_warn(const struct client *, const char *format, ...);

/* Logs in, or fails as client_turn() does. */
void client_login(struct client *);
/* Where the password is to come from: a file, a descriptor, or the terminal,
 * which is asked by this prompt. */
void client_take_password(struct client *, const char *prompt);
/* A new one, asked for twice; without a terminal it is a line of standard
 * input. text_r has PASSWORD_SIZE bytes. */
void client_new_password(const struct client *, char *text_r);
/* Waits until something happens on fd (-1 for none) or to the connection, or
 * for timeout ms (-1 for none), and hands all events on. True when fd can be
 * read. When there was no connection for too long, or the server ended it,
 * the program fails, with what the server said. */
bool client_turn(struct client *, int fd, int timeout);
/* Says QUIT and waits a little for the answer. */
void client_close(struct client *);

/* An ERR: "program: room: code: text", and exit, if a request of ours is
 * meant. */
void client_refused(const struct client *, const struct vcrp_event *);
/* A negative errno of the library's, for a request that concerns what. */
_Noreturn void client_impossible(const struct client *, const char *what,
    int64_t error);

/* "192.0.2.1:3073", "[2001:db8::1]:3073" */
void client_address(const struct sockaddr *, socklen_t,
    char address_r[CLIENT_ADDRESS_SIZE]);

/* text safely on stdout, cut where it is longer than any line may be. */
void client_print(const char *text);

/* The commands: argv[0] is the command's name. */
enum status command_discover(struct client *, int argc, char **argv);
enum status command_passwd(struct client *, int argc, char **argv);
enum status command_probe(struct client *, int argc, char **argv);
enum status command_register(struct client *, int argc, char **argv);
enum status command_rooms(struct client *, int argc, char **argv);
enum status command_say(struct client *, int argc, char **argv);
enum status command_tail(struct client *, int argc, char **argv);
enum status command_who(struct client *, int argc, char **argv);
/* The terminal, where no command is given. */
enum status chat(struct client *, const char *room);

#endif
