/* address.h -- where a server is, out of what a person writes
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: any.
 * Locks:   none.
 * Memory:  a struct vaddress owns its texts until vaddress_fini(). */
#ifndef LIB_ADDRESS_H
#define LIB_ADDRESS_H

#include <stdbool.h>

/* Either path, or host and port. */
struct vaddress {
	char *path;	/* of a local socket */
	char *host;
	char *port;
	char *user;	/* NULL for none */
	char *room;	/* NULL for none */
	bool  tls;
	bool  udp;
};

/* text as struct vcrp_options describes it. 0, or -EINVAL with a phrase in
 * *why_r, or -ENOMEM; then there is nothing to release. */
int vaddress_init(struct vaddress *, const char *text, const char **why_r);
void vaddress_fini(struct vaddress *);

#endif
