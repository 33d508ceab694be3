/* config.h -- the options of the server: their values, their file
 *
 * SPDX-License-Identifier: MIT
 *
 * An option is one field here, named like its path with '_' for '.', and one
 * row in options.c, which holds its range, its default and its help: the
 * example configuration and the manual are printed from the rows.
 *
 * Numbers, switches and choices are read with config_get(); those marked (a)
 * follow a reload and may change between two readings. (c) is constant once
 * the first thread runs. Times are seconds unless said otherwise.
 *
 * Threads: load, set, reload and free are for the thread main; reading values
 *          is for any.
 * Locks:   none.
 * Memory:  strings belong to the config and are never NULL. */
#ifndef CONF_CONFIG_H
#define CONF_CONFIG_H

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>

/* What guests may do: the value of accounts.guests. */
enum config_guests { GUESTS_YES, GUESTS_READ, GUESTS_NO };

/* Who may make a room: the value of rooms.create. */
enum config_create { CREATE_GUESTS, CREATE_ACCOUNTS, CREATE_ADMINISTRATORS };

/* Who may make an account: the value of accounts.registration. */
enum config_register { REGISTER_OPEN, REGISTER_INVITE, REGISTER_CLOSED };

/* When logs are synced: the value of storage.fsync. */
enum config_sync { SYNC_NEVER, SYNC_INTERVAL, SYNC_ALWAYS };

struct config {
	char            *server_name;             /* (c) "": the host's */
	_Atomic int64_t  server_port;             /* (c) 0: a free one */
	char           **server_listen;           /* (c) with NULL; none: all */
	char            *server_socket;           /* (c) "": in data; "none" */
	char            *server_data;             /* (c) "": main decides */
	char           **server_proxies;          /* (c) with NULL */
	char            *server_user;             /* (c) "": see options.c */
	_Atomic int64_t  server_stop_timeout;     /* (a) */
	_Atomic int64_t  server_retry_spread;     /* (a) */
	_Atomic int64_t  log_target;              /* (c) enum log_target */
	_Atomic int64_t  log_level;               /* (a) enum log_level */
	_Atomic int64_t  threads_auth;            /* (c) */
	_Atomic int64_t  threads_io;              /* (c) 0: half the cores */
	_Atomic int64_t  limits_connections;      /* (a) 0: by descriptors */
	_Atomic int64_t  limits_address;          /* (a) 0: no limit */
	_Atomic int64_t  limits_arrivals;         /* (a) a minute; 0: any */
	_Atomic int64_t  limits_unauthenticated;  /* (a) 0: by descriptors */
	_Atomic int64_t  limits_login_timeout;    /* (a) */
	_Atomic int64_t  limits_idle_timeout;     /* (a) 0: never */
	_Atomic int64_t  limits_ping_timeout;     /* (a) */
	_Atomic int64_t  limits_lines;            /* (a) a second; 0: any */
	_Atomic int64_t  limits_burst;            /* (a) lines */
	_Atomic int64_t  limits_pending;          /* (a) requests */
	_Atomic int64_t  limits_account;          /* (a) */
	_Atomic int64_t  limits_register;         /* (a) an hour; 0: any */
	_Atomic int64_t  limits_rooms_per_connection; /* (a) */
	_Atomic int64_t  limits_rooms_made;       /* (a) an hour; 0: any */
	_Atomic int64_t  limits_calm;             /* (a) 0: no pause; CALM
						   * changes it too */
	_Atomic int64_t  limits_memory;           /* (a) MiB; 0: the cgroup's */
	_Atomic int64_t  limits_loopback_trusted; /* (a) 0 or 1 */
	_Atomic int64_t  accounts_guests;         /* (a) enum config_guests */
	_Atomic int64_t  accounts_young;          /* (a) hours */
	_Atomic int64_t  tls_enable;              /* (c) 0 or 1 */
	_Atomic int64_t  tls_required;            /* (a) 0 or 1 */
	char            *tls_certificate;         /* (c) "": one of its own */
	char            *tls_key;                 /* (c) */
	char            *tls_client_ca;           /* (c) "": none */
	_Atomic int64_t  udp_enable;              /* (c) 0 or 1 */
	_Atomic int64_t  udp_lan;                 /* (c) 0 or 1 */
	_Atomic int64_t  udp_rate;                /* (a) bytes a second */
	_Atomic int64_t  udp_timeout;             /* (a) */
	_Atomic int64_t  accounts_registration;   /* (a) config_register */
	_Atomic int64_t  accounts_iterations;     /* (a) */
	_Atomic int64_t  rooms_max;               /* (a) */
	_Atomic int64_t  rooms_members;           /* (a) */
	_Atomic int64_t  rooms_create;            /* (a) enum config_create */
	_Atomic int64_t  rooms_presence_limit;    /* (a) members */
	_Atomic int64_t  rooms_linger;            /* (a) */
	_Atomic int64_t  rooms_mailbox;           /* (c) mails */
	_Atomic int64_t  rooms_window;            /* (c) KiB */
	_Atomic int64_t  rooms_repeat_ids;        /* (c) events */
	_Atomic int64_t  storage_fsync;           /* (c) enum config_sync */
	_Atomic int64_t  storage_interval;        /* (a) */
	_Atomic int64_t  storage_limit;           /* (a) MiB; 0: none */
	_Atomic int64_t  storage_keep_days;       /* (a) 0: any age */
	_Atomic int64_t  storage_keep_events;     /* (a) 0: any number */
	_Atomic int64_t  storage_files;           /* (c) 0: by descriptors */
	_Atomic int64_t  storage_segment;         /* (c) KiB */
	char            *storage_backups;         /* (c) "": in data */
};

/* Is told of one fault, a line without LF. */
typedef void config_fault_fn(const char *text, void *arg);

/* The defaults. */
struct config *config_new(void);
void config_free(struct config **);

/* The value of a number, a switch (0 or 1) or a choice. */
static inline int64_t
config_get(const _Atomic int64_t *option)
{
	return atomic_load_explicit(option, memory_order_relaxed);
}

/* Takes the options that the file names; the others keep their values.
 * Unknown options, wrong types, values out of range, numbers over INT_MAX
 * without an L, @include, and a file that cannot be read or is over 1 MiB are
 * faults, each told as
 * "FILE:LINE: OPTION: reason" as far as there are a line and an option.
 * Returns their number; unless it is 0 nothing has changed. */
int config_load(struct config *, const char *path, config_fault_fn *,
    void *arg);

/* Sets one option, "server.port", from a word of the command line (one
 * address for server.listen). Returns the number of faults, 0 or 1, told as
 * "OPTION: reason"; after one nothing has changed. */
int config_set(struct config *, const char *path, const char *word,
    config_fault_fn *, void *arg);

/* Copies what may change while running from fresh to live. Returns the number
 * of options that differ but may not, each told as
 * "OPTION: needs a restart". */
int config_reload(struct config *live, const struct config *fresh,
    config_fault_fn *, void *arg);

/* config/vcrpd.conf and doc/man/vcrpd.conf.5, whole. */
void config_print_example(FILE *);
void config_print_man(FILE *);

#endif
