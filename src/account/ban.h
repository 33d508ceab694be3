/* ban.h -- a network that is kept out, as the store is told of it
 *
 * SPDX-License-Identifier: MIT
 *
 * Threads: whoever holds it as mail.
 * Locks:   none.
 * Memory:  freed by the store. */
#ifndef ACCOUNT_BAN_H
#define ACCOUNT_BAN_H

#include <stdint.h>

#include "base/network.h"
#include "sync/blob.h"
#include "sync/mailbox.h"

struct ban {
	struct mail    mail;	/* MAIL_BAN */
	struct network network;
	bool           lifted;	/* it is no more */
	uint64_t       until;	/* ms since 1970; UINT64_MAX: for ever */
	struct blob   *by;	/* who said so; referenced */
	struct blob   *reason;	/* referenced; NULL: none */
};

#endif
