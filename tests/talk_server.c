/* talk_server.c -- a server under test: its process, directory and log
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "talk_server.h"

static const char quiet[] = "server = { listen = [\"127.0.0.1\"]; };\n";

long long
talk_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

struct talk_server *
talk_server_new(const char *program)
{
	struct talk_server *server = calloc(1, sizeof(*server));
	const char *tmp = getenv("TMPDIR");

	assert(server != NULL);
	/* The path of a local socket has 107 bytes at most. */
	if (tmp == NULL || strlen(tmp) > 60)
		tmp = "/tmp";
	server->program = program;
	server->log_fd = -1;
	server->log = calloc(1, 1);
	snprintf(server->dir, sizeof(server->dir), "%s/vcrp-talk.XXXXXX", tmp);
	if (mkdtemp(server->dir) == NULL) {
		fprintf(stderr, "talk: %s: %s\n", server->dir, strerror(errno));
		exit(2);
	}
	talk_server_configure(server, "");
	return server;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void
talk_server_free(struct talk_server **server)
{
	struct talk_server *s = *server;

	*server = NULL;
	if (s == NULL)
		return;
	talk_server_kill(s);
	nftw(s->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(s->log);
	free(s);
}

void
talk_server_configure(struct talk_server *server, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/vcrpd.conf", server->dir);
	file = fopen(path, "we");
	if (file == NULL) {
		fprintf(stderr, "talk: %s: %s\n", path, strerror(errno));
		exit(2);
	}
	fprintf(file, "%s%s", strstr(text, "server") ? "" : quiet, text);
	fclose(file);
}

static void
run(const struct talk_server *server, int out)
{
	char config[256], data[256];
	sigset_t none;

	/* A runner that is killed takes its server along. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	snprintf(config, sizeof(config), "%s/vcrpd.conf", server->dir);
	snprintf(data, sizeof(data), "%s/data", server->dir);
	dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	execl(server->program, server->program, "-f", "-p", "0", "-c", config,
	    "-d", data, (char *)NULL);
	dprintf(out, "talk: %s: %s\n", server->program, strerror(errno));
	_exit(127);
}

static bool
await_ready(
    struct talk_server *server, size_t from, int wait_ms, const char **why_r)
{
	long long end = talk_now() + wait_ms;

	while (server->log_fd >= 0 && talk_now() < end) {
		struct pollfd ready = { .fd = server->log_fd,
			.events = POLLIN };
		const char *line =
		    strstr(server->log + from, "vcrpd: ready on port ");

		if (line != NULL && strchr(line, '\n') != NULL) {
			server->port = atoi(line + 21);
			return true;
		}
		poll(&ready, 1, (int)(end - talk_now()));
		talk_server_read_log(server);
	}
	*why_r = "the server does not get ready";
	return false;
}

bool
talk_server_start(struct talk_server *server, int wait_ms, const char **why_r)
{
	size_t from = server->log_used;
	int fds[2];

	assert(server->pid == 0);
	if (pipe2(fds, O_CLOEXEC) != 0) {
		*why_r = strerror(errno);
		return false;
	}
	fflush(NULL);
	server->killed = false;
	server->pid = fork();
	if (server->pid == 0)
		run(server, fds[1]);
	close(fds[1]);
	if (server->log_fd >= 0)
		close(server->log_fd);
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	server->log_fd = fds[0];
	return await_ready(server, from, wait_ms, why_r);
}

void
talk_server_signal(struct talk_server *server, int signal)
{
	if (server->pid > 0)
		kill(server->pid, signal);
}

void
talk_server_kill(struct talk_server *server)
{
	const char *why;

	talk_server_signal(server, SIGKILL);
	server->killed = true;
	if (server->pid > 0)
		talk_server_wait(server, 10000, &why);
}

static bool
clean(const struct talk_server *server, const char **why_r)
{
	*why_r = "a sanitizer's report in the log";
	return strstr(server->log, "Sanitizer") == NULL &&
	    strstr(server->log, "runtime error: ") == NULL;
}

bool
talk_server_wait(struct talk_server *server, int wait_ms, const char **why_r)
{
	long long end = talk_now() + wait_ms;
	int status;

	/* The end of its output is the end of the process, and unlike waitpid()
	 * it can be awaited for a time. */
	while (server->log_fd >= 0) {
		struct pollfd ready = { .fd = server->log_fd,
			.events = POLLIN };

		if (talk_now() >= end) {
			*why_r = "the server does not end";
			return false;
		}
		poll(&ready, 1, (int)(end - talk_now()));
		talk_server_read_log(server);
	}
	if (server->pid <= 0)
		return true;
	waitpid(server->pid, &status, 0);
	server->pid = 0;
	if (!clean(server, why_r))
		return false;
	*why_r = "the server did not exit with status 0";
	return server->killed ||
	    (WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

void
talk_server_socket(const struct talk_server *server, char *path_r, size_t size)
{
	snprintf(path_r, size, "%s/data/vcrpd.sock", server->dir);
}

void
talk_server_read_log(struct talk_server *server)
{
	while (server->log_fd >= 0) {
		ssize_t got;

		if (server->log_room - server->log_used < 4096) {
			server->log_room = server->log_room * 2 + 8192;
			server->log = realloc(server->log, server->log_room);
			assert(server->log != NULL);
		}
		got = read(server->log_fd, server->log + server->log_used,
		    server->log_room - server->log_used - 1);
		if (got < 0)
			return;
		if (got == 0) {
			close(server->log_fd);
			server->log_fd = -1;
		}
		server->log_used += (size_t)got;
		server->log[server->log_used] = '\0';
	}
}
