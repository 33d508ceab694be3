/* abort.h -- does it abort?
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: the test's; fn runs in a child process.
 * Locks:   none.
 * Memory:  none; what a dying child leaks is nobody's. */
#ifndef TESTS_ABORT_H
#define TESTS_ABORT_H

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* True if fn(arg) ends a process of its own by SIGABRT. What it says on
 * stderr is not shown. */
static inline bool
aborts(void (*fn)(void *), void *arg)
{
	const struct rlimit none = { 0, 0 };
	int status = 0;
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child == 0) {
		setrlimit(RLIMIT_CORE, &none);
		signal(SIGABRT, SIG_DFL);
		if (freopen("/dev/null", "w", stderr) != NULL)
			fn(arg);
		_exit(0);
	}
	return child > 0 && waitpid(child, &status, 0) == child &&
	    WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

#endif
