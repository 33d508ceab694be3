/* thread.h -- the one way a thread starts
 *
 * SPDX-License-Identifier: MIT
 *
 * Every thread has all signals blocked (main takes them through a signalfd),
 * a name of at most 15 bytes that debuggers and the log show, and a stack of
 * a stated size.
 *
 * Threads: any may start one; only the starter joins it.
 * Locks:   none.
 * Memory:  struct thread is embedded, and outlives the thread. */
#ifndef SYNC_THREAD_H
#define SYNC_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct thread {
	pthread_t id;		/* (o) the starter */
	char      name[16];	/* (c) */
	void    (*run)(void *);	/* (c) */
	void     *arg;		/* (c) */
};

/* 0, or -EAGAIN and the like when there are no more threads to be had.
 * A detached one is never joined; it says itself when it is done. */
int thread_start(struct thread *, const char *name, size_t stack,
    bool detached, void (*run)(void *), void *arg);
void thread_join(struct thread *);

/* Is the caller this thread? What a module's owner alone may call asserts it. */
bool thread_is(const struct thread *);
/* The caller acts as this thread from now on: for main, and for tests that
 * run a room on their own thread. */
void thread_adopt(struct thread *, const char *name);

#endif
