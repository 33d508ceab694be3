/* service.h -- the manager of services that runs us, if one does
 *
 * SPDX-License-Identifier: MIT
 *
 * With systemd by libsystemd (service_systemd.c), else nobody is told
 * (service_none.c).
 *
 * Threads: main.
 * Locks:   none.
 * Memory:  none. */
#ifndef BASE_SERVICE_H
#define BASE_SERVICE_H

/* How many sockets it has passed to us, from descriptor *first_r on; or
 * -errno. */
int service_sockets(int *first_r);
void service_ready(void);
void service_reloading(void);
void service_stopping(void);

#endif
