/* talk_server.h -- a server under test: its process, directory and log
 *
 * SPDX-License-Identifier: MIT
 *
 * Each has a directory of its own under TMPDIR (or /tmp) with its
 * configuration and its data, and a port picked by the kernel.
 *
 * Threads: one.
 * Locks:   none.
 * Memory:  a talk_server is its maker's, the log's text stays the server's. */
#ifndef TESTS_TALK_SERVER_H
#define TESTS_TALK_SERVER_H

#include <stdbool.h>
#include <sys/types.h>

struct talk_server {
	char        dir[128];
	const char *program;
	pid_t       pid;        /* 0: not running */
	int         port;
	int         log_fd;     /* its stdout and stderr; -1: nothing to read */
	char       *log;        /* all that it wrote, over all its starts */
	size_t      log_used, log_room;
	bool        killed;     /* by talk_server_kill() */
};

/* Ends the program if there is no place for a directory. */
struct talk_server *talk_server_new(const char *program);

/* Kills a server that still runs and removes its directory. */
void talk_server_free(struct talk_server **server);

/* Writes the configuration. One without a `server` group gets one that listens
 * on 127.0.0.1 alone. */
void talk_server_configure(struct talk_server *server, const char *text);

/* Starts it and waits for its ready line, at most wait_ms. False, with the
 * reason, if that does not come. */
bool talk_server_start(struct talk_server *server, int wait_ms,
	const char **why_r);

void talk_server_signal(struct talk_server *server, int signal);

/* kill -9, and waits for the end. */
void talk_server_kill(struct talk_server *server);

/* Waits for the end of the process, at most wait_ms. False, with the reason,
 * if it does not come, if it is no exit with status 0, or if the log holds a
 * sanitizer's report. */
bool talk_server_wait(struct talk_server *server, int wait_ms,
	const char **why_r);

/* The path of its local socket. */
void talk_server_socket(const struct talk_server *server, char *path_r,
	size_t size);

/* Takes in what it has written; log_fd is readable when there is something. */
void talk_server_read_log(struct talk_server *server);

/* CLOCK_MONOTONIC in milliseconds. */
long long talk_now(void);

#endif
