/* password.c -- a password, from where it may come from
 *
 * SPDX-License-Identifier: MIT */
#include "client/password.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

enum { GROUPS = 5, GROUP = 5 };	/* of five bits each */

void
password_generate(char *text_r)
{
	static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";
	unsigned char bytes[GROUPS * GROUP];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		abort();
	for (size_t i = 0; i < sizeof(bytes); i++) {
		if (i > 0 && i % GROUP == 0)
			*text_r++ = '-';
		*text_r++ = letters[bytes[i] % 32];
	}
	*text_r = '\0';
	explicit_bzero(bytes, sizeof(bytes));
}

bool
password_from(int fd, char *text_r, const char **why_r)
{
	size_t len = 0;
	ssize_t n;
	char c;

	for (;;) {
		n = read(fd, &c, 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || c == '\n')
			break;
		if (len == PASSWORD_SIZE - 1) {
			*why_r = "this is too long for a password";
			return false;
		}
		text_r[len++] = c;
	}
	if (n < 0)
		*why_r = strerror(errno);
	if (len > 0 && text_r[len - 1] == '\r')
		len--;
	text_r[len] = '\0';
	return n >= 0;
}

bool
password_from_file(const char *path, char *text_r, const char **why_r)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	bool good = false;

	if (fd < 0 || fstat(fd, &st) < 0)
		*why_r = strerror(errno);
	else if (!S_ISREG(st.st_mode))
		*why_r = "this is no file";
	else if (st.st_uid != geteuid() && st.st_uid != 0)
		*why_r = "this is somebody else's file";
	else if ((st.st_mode & 077) != 0)
		*why_r = "others can use this file: chmod 600";
	else
		good = password_from(fd, text_r, why_r);
	if (fd >= 0)
		close(fd);
	return good;
}

/* A line of the terminal's, or false when a signal is there first: it does
 * what it does when the terminal shows what is typed again. */
static bool
wait_for_line(const sigset_t *signals)
{
	struct pollfd items[2] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = signalfd(-1, signals, SFD_CLOEXEC), .events = POLLIN }
	};

	while (poll(items, 2, -1) < 0 && errno == EINTR)
		;
	close(items[1].fd);
	return items[1].revents == 0;
}

bool
password_ask(const char *prompt, char *text_r, const char **why_r)
{
	static const int kinds[] = {
		SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP
	};
	struct termios shown, hidden;
	sigset_t signals, old;
	bool good = false;
	size_t i;

	sigemptyset(&signals);
	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		sigaddset(&signals, kinds[i]);
	if (tcgetattr(STDIN_FILENO, &shown) < 0) {
		*why_r = "there is no terminal to ask for it";
		return false;
	}
	hidden = shown;
	hidden.c_lflag &= ~(tcflag_t)ECHO;
	hidden.c_lflag |= ICANON | ECHONL;
	sigprocmask(SIG_BLOCK, &signals, &old);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
	fprintf(stderr, "%s: ", prompt);
	*why_r = "interrupted";
	if (wait_for_line(&signals))
		good = password_from(STDIN_FILENO, text_r, why_r);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return good;
}
