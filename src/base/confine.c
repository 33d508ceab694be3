/* confine.c -- files, network and memory that are out of reach, by the kernel
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/confine.h"

/* As the kernel has it: libc's headers may be older. */
struct ruleset {
	uint64_t files;
	uint64_t network;
	uint64_t scopes;
};

#define BIT(n) (UINT64_C(1) << (n))
#define EXECUTE		BIT(0)
#define WRITE_FILE	BIT(1)
#define READ_FILE	BIT(2)
#define READ_DIR	BIT(3)
#define REMOVE_DIR	BIT(4)
#define REMOVE_FILE	BIT(5)
#define MAKE_DIR	BIT(7)
#define MAKE_REG	BIT(8)
#define REFER		BIT(13)	/* to rename between directories */
#define TRUNCATE	BIT(14)
#define OF_FILES	(EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE)
#define BIND_TCP	BIT(0)
#define CONNECT_TCP	BIT(1)
#define SCOPE_ABSTRACT	BIT(0)
#define SCOPE_SIGNAL	BIT(1)

void
confine_memory(void)
{
	const struct rlimit none = { 0, 0 };

	/* Neither can fail here, and the server works without. */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)setrlimit(RLIMIT_CORE, &none);
}

/* All that this version of landlock can take away. */
static struct ruleset
all_of(int version, int abstract)
{
	struct ruleset all = { .files = BIT(13) - 1 };

	if (version >= 2)
		all.files |= REFER;
	if (version >= 3)
		all.files |= TRUNCATE;
	if (version >= 5)
		all.files |= BIT(15);	/* ioctl of devices */
	if (version >= 4)
		all.network = BIND_TCP | CONNECT_TCP;
	if (version >= 6)
		all.scopes = SCOPE_SIGNAL | (abstract ? 0 : SCOPE_ABSTRACT);
	return all;
}

/* The kernel refuses a structure with a part that it does not know. */
static size_t
size_for(int version)
{
	return version >= 6 ? sizeof(struct ruleset) : version >= 4 ?
	    2 * sizeof(uint64_t) : sizeof(uint64_t);
}

static uint64_t
rights(unsigned access)
{
	uint64_t all = 0;

	if (access & CONFINE_READ)
		all |= READ_FILE | READ_DIR;
	if (access & CONFINE_WRITE)
		all |= WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR |
		    MAKE_REG | REFER | TRUNCATE;
	if (access & CONFINE_REMOVE)
		all |= REMOVE_FILE;
	return all;
}

static int
add(int rules, const struct confine_path *p, uint64_t known)
{
	struct landlock_path_beneath_attr rule = {
		.allowed_access = rights(p->access) & known,
		.parent_fd = open(p->path, O_PATH | O_CLOEXEC)
	};
	struct stat st;
	int rc = 0;

	if (rule.parent_fd < 0)
		return 0;
	if (fstat(rule.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rule.allowed_access &= OF_FILES;
	if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH,
	    &rule, 0) < 0)
		rc = -errno;
	close(rule.parent_fd);
	return rc;
}

int
confine_files(const struct confine_path *paths, size_t count, int abstract)
{
	int version = (int)syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
	struct ruleset all;
	int rules, rc = 0;

	if (version < 0)
		return -errno;
	all = all_of(version, abstract);
	rules = (int)syscall(SYS_landlock_create_ruleset, &all,
	    size_for(version), 0);
	if (rules < 0)
		return -errno;
	for (size_t i = 0; i < count && rc == 0; i++)
		rc = add(rules, &paths[i], all.files);
	if (rc == 0 && syscall(SYS_landlock_restrict_self, rules, 0) < 0)
		rc = -errno;
	close(rules);
	return rc < 0 ? rc : version;
}
