/* confine_calls.c -- the server's own system calls only, by libseccomp
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <net/if.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/confine.h"

#define EACH(array) (sizeof(array) / sizeof(*(array)))

/* With any arguments. Those of every turn come first. */
static const int calls[] = {
	SCMP_SYS(sendmsg), SCMP_SYS(recvfrom), SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait), SCMP_SYS(futex), SCMP_SYS(read),
	SCMP_SYS(write), SCMP_SYS(pwritev), SCMP_SYS(epoll_ctl),
	/* connections, mailboxes, signals */
	SCMP_SYS(accept4), SCMP_SYS(bind), SCMP_SYS(connect),
	SCMP_SYS(epoll_create1), SCMP_SYS(eventfd2), SCMP_SYS(getpeername),
	SCMP_SYS(getsockname), SCMP_SYS(getsockopt), SCMP_SYS(poll),
	SCMP_SYS(ppoll), SCMP_SYS(recvmmsg), SCMP_SYS(recvmsg),
	SCMP_SYS(sendmmsg), SCMP_SYS(sendto),
	SCMP_SYS(setsockopt), SCMP_SYS(shutdown),
	/* files: logs, the database, backups, the configuration */
	SCMP_SYS(access), SCMP_SYS(close), SCMP_SYS(copy_file_range),
	SCMP_SYS(dup2), SCMP_SYS(dup3), SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2), SCMP_SYS(fadvise64), SCMP_SYS(fallocate),
	SCMP_SYS(fchmod), SCMP_SYS(fchown), SCMP_SYS(fcntl),
	SCMP_SYS(fdatasync), SCMP_SYS(flock), SCMP_SYS(fstat),
	SCMP_SYS(fstatfs), SCMP_SYS(fsync), SCMP_SYS(ftruncate),
	SCMP_SYS(getcwd), SCMP_SYS(getdents64), SCMP_SYS(lseek),
	SCMP_SYS(lstat), SCMP_SYS(memfd_create), SCMP_SYS(mkdir),
	SCMP_SYS(mkdirat), SCMP_SYS(newfstatat), SCMP_SYS(open),
	SCMP_SYS(openat), SCMP_SYS(pread64), SCMP_SYS(preadv),
	SCMP_SYS(pwrite64), SCMP_SYS(pwritev2), SCMP_SYS(readlink),
	SCMP_SYS(readlinkat), SCMP_SYS(readv), SCMP_SYS(rename),
	SCMP_SYS(renameat), SCMP_SYS(renameat2), SCMP_SYS(rmdir),
	SCMP_SYS(stat), SCMP_SYS(statfs), SCMP_SYS(statx),
	SCMP_SYS(sync_file_range), SCMP_SYS(syncfs), SCMP_SYS(unlink),
	SCMP_SYS(unlinkat), SCMP_SYS(utimensat), SCMP_SYS(writev),
	/* memory, time, threads */
	SCMP_SYS(brk), SCMP_SYS(clock_getres), SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_nanosleep), SCMP_SYS(exit), SCMP_SYS(exit_group),
	SCMP_SYS(getcpu), SCMP_SYS(getegid), SCMP_SYS(geteuid),
	SCMP_SYS(getgid), SCMP_SYS(getpid), SCMP_SYS(getppid),
	SCMP_SYS(getpriority), SCMP_SYS(getrandom), SCMP_SYS(getrusage),
	SCMP_SYS(gettid), SCMP_SYS(gettimeofday), SCMP_SYS(getuid),
	SCMP_SYS(madvise), SCMP_SYS(membarrier), SCMP_SYS(mincore),
	SCMP_SYS(mlock), SCMP_SYS(mremap), SCMP_SYS(munlock),
	SCMP_SYS(munmap), SCMP_SYS(nanosleep), SCMP_SYS(restart_syscall),
	SCMP_SYS(rseq), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(sched_getaffinity),
	SCMP_SYS(sched_yield), SCMP_SYS(set_robust_list),
	SCMP_SYS(setpriority), SCMP_SYS(sigaltstack), SCMP_SYS(sysinfo),
	SCMP_SYS(time), SCMP_SYS(uname)
};

/* With these arguments only. */
struct narrow {
	int                   call;
	struct scmp_arg_cmp   is;
};

static const struct narrow narrow[] = {
	/* Threads, but no processes. */
	{ SCMP_SYS(clone), SCMP_A0_64(SCMP_CMP_MASKED_EQ, CLONE_THREAD,
	    CLONE_THREAD) },
	/* No memory that can be executed: no library is loaded any more. */
	{ SCMP_SYS(mmap), SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0) },
	{ SCMP_SYS(mprotect), SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0) },
	/* The log, the journal, the manager of services. */
	{ SCMP_SYS(socket), SCMP_A0_32(SCMP_CMP_EQ, AF_UNIX) },
	{ SCMP_SYS(socketpair), SCMP_A0_32(SCMP_CMP_EQ, AF_UNIX) },
	{ SCMP_SYS(ioctl), SCMP_A1_32(SCMP_CMP_EQ, FICLONE) },
	{ SCMP_SYS(ioctl), SCMP_A1_32(SCMP_CMP_EQ, FIONREAD) },
	{ SCMP_SYS(ioctl), SCMP_A1_32(SCMP_CMP_EQ, SIOCGIFINDEX) },
	{ SCMP_SYS(ioctl), SCMP_A1_32(SCMP_CMP_EQ, TCGETS) },
	{ SCMP_SYS(prctl), SCMP_A0_32(SCMP_CMP_EQ, PR_SET_NAME) },
	/* Limits are read, not set. */
	{ SCMP_SYS(prlimit64), SCMP_A2_64(SCMP_CMP_EQ, 0) }
};

static int
allow(scmp_filter_ctx filter)
{
	int rc = 0;

	for (size_t i = 0; i < EACH(calls) && rc == 0; i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
	for (size_t i = 0; i < EACH(narrow) && rc == 0; i++)
		rc = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW,
		    narrow[i].call, 1, &narrow[i].is);
	/* abort() does that. */
	if (rc == 0)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill),
		    1, SCMP_A0_32(SCMP_CMP_EQ, (uint32_t)getpid()));
	return rc;
}

/* What libraries try and go on without. */
static int
refuse(scmp_filter_ctx filter)
{
	/* Its flags cannot be seen here; libc goes on with clone(). */
	int rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS),
	    SCMP_SYS(clone3), 0);

	if (rc == 0)
		rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EAFNOSUPPORT),
		    SCMP_SYS(socket), 1,
		    SCMP_A0_32(SCMP_CMP_NE, AF_UNIX));
	return rc;
}

int
confine_calls(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int rc;

	if (filter == NULL)
		return -ENOMEM;
	/* A tree of comparisons, not a list; and what older kernels do to
	 * filtered processes against speculation would cost more than all of
	 * the filter. */
	(void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	(void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_SSB, 1);
	rc = allow(filter);
	if (rc == 0)
		rc = refuse(filter);
	if (rc == 0)
		rc = seccomp_load(filter);
	seccomp_release(filter);
	return rc;
}
