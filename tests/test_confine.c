/* test_confine.c -- what is out of reach, tried by processes of their own
 *
 * SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/confine.h"
#include "base/privileges.h"
#include "suite.h"

enum { GOOD = 0, CANNOT = 77 };

static char dir[] = "/tmp/vcrp-confine-XXXXXX";

/* The wait status of a process that has run fn, which gives its exit's. */
static int
status_of(int (*fn)(void *arg), void *arg)
{
	const struct rlimit none = { 0, 0 };
	int status = -1;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &none);
		_exit(fn(arg));
	}
	CU_ASSERT_FATAL(pid > 0);
	CU_ASSERT_FATAL(waitpid(pid, &status, 0) == pid);
	return status;
}

static bool
ended(int status, int code)
{
	return WIFEXITED(status) && WEXITSTATUS(status) == code;
}

/* What cannot be had, in this build or by this kernel, is not tested. */
static bool
good(int status)
{
	if (ended(status, CANNOT))
		printf("(not here) ");
	return ended(status, GOOD) || ended(status, CANNOT);
}

struct forbidden {
	const char *name;
	long        number;
	long        args[5];
};

static int
call(void *arg)
{
	const struct forbidden *f = arg;

	if (confine_calls() < 0)
		return CANNOT;
	syscall(f->number, f->args[0], f->args[1], f->args[2], f->args[3],
	    f->args[4]);
	return GOOD;
}

static void
who_makes_a_call_that_no_server_makes_is_killed(void)
{
	static char sh[] = "/bin/true";
	char *argv[] = { sh, NULL };
	struct forbidden all[] = {
		{ "execve", SYS_execve, { (long)sh, (long)argv } },
		{ "execveat", SYS_execveat, { AT_FDCWD, (long)sh } },
		{ "clone", SYS_clone, { SIGCHLD } },
		{ "ptrace", SYS_ptrace, { PTRACE_TRACEME } },
		{ "process_vm_readv", SYS_process_vm_readv, { getpid() } },
		{ "process_vm_writev", SYS_process_vm_writev, { getpid() } },
		{ "setresuid", SYS_setresuid, { 0, 0, 0 } },
		{ "setuid", SYS_setuid, { 0 } },
		{ "setgroups", SYS_setgroups, { 0 } },
		{ "capset", SYS_capset, { 0 } },
		{ "chroot", SYS_chroot, { (long)"/" } },
		{ "mount", SYS_mount, { 0 } },
		{ "umount2", SYS_umount2, { (long)"/" } },
		{ "init_module", SYS_init_module, { 0 } },
		{ "finit_module", SYS_finit_module, { 0 } },
		{ "delete_module", SYS_delete_module, { 0 } },
		{ "kexec_load", SYS_kexec_load, { 0 } },
		{ "bpf", SYS_bpf, { 0 } },
		{ "perf_event_open", SYS_perf_event_open, { 0 } },
		{ "io_uring_setup", SYS_io_uring_setup, { 0 } },
		{ "userfaultfd", SYS_userfaultfd, { 0 } },
		{ "keyctl", SYS_keyctl, { 0 } },
		{ "unshare", SYS_unshare, { 0 } },
		{ "setns", SYS_setns, { 0 } },
		{ "kill", SYS_kill, { getpid(), 0 } },
		{ "listen", SYS_listen, { 0, 1 } },
		{ "prlimit64", SYS_prlimit64, { 0, RLIMIT_NOFILE, (long)all } },
		{ "PR_SET_DUMPABLE", SYS_prctl, { PR_SET_DUMPABLE, 1 } },
		{ "TIOCSTI", SYS_ioctl, { 0, 0x5412, (long)sh } },
		{ "an executable mmap", SYS_mmap, { 0, 4096, PROT_EXEC,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1 } },
		{ "an executable mprotect", SYS_mprotect, { 0, 0, PROT_EXEC } }
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		int status = status_of(call, &all[i]);

		if (ended(status, CANNOT))
			continue;
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
			printf("%s: status %x\n", all[i].name, status);
		CU_ASSERT(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
	}
}

static void *
thread(void *arg)
{
	*(int *)arg = 1;
	return NULL;
}

static int
serve(void *arg)
{
	pthread_t id;
	int ran = 0, fd;

	(void)arg;
	if (confine_calls() < 0)
		return CANNOT;
	if (pthread_create(&id, NULL, thread, &ran) != 0 ||
	    pthread_join(id, NULL) != 0 || !ran)
		return 1;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return 2;
	close(fd);
	if (socket(AF_INET, SOCK_STREAM, 0) >= 0 || errno != EAFNOSUPPORT)
		return 3;
	if (socket(AF_NETLINK, SOCK_RAW, 0) >= 0 || errno != EAFNOSUPPORT)
		return 4;
	return socket(AF_PACKET, SOCK_RAW, 0) < 0 && errno == EAFNOSUPPORT ?
	    GOOD : 5;
}

static void
threads_and_local_sockets_are_left(void)
{
	int status = status_of(serve, NULL);

	CU_ASSERT(good(status));
}

static int
confine(const char *path, unsigned access)
{
	const struct confine_path paths[] = {
		{ path, access }, { "/nowhere/at/all", CONFINE_READ }
	};

	/* Without it only root may. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return confine_files(paths, 2, false);
}

static bool
may_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static int
write_here(void *arg)
{
	char path[64];

	(void)arg;
	if (confine(dir, CONFINE_READ | CONFINE_WRITE) < 0)
		return CANNOT;
	snprintf(path, sizeof(path), "%s/file", dir);
	if (!may_open(path, O_RDWR | O_CREAT) || !may_open(dir, O_RDONLY))
		return 1;
	if (may_open("/tmp/vcrp-elsewhere", O_RDWR | O_CREAT) ||
	    errno != EACCES)
		return 2;
	if (may_open("/etc/passwd", O_RDONLY) || may_open("/", O_RDONLY))
		return 3;
	if (symlink("/etc/passwd", path) == 0 || mkfifo(path, 0600) == 0)
		return 4;
	return unlink(path) == 0 ? GOOD : 5;
}

static int
read_here(void *arg)
{
	char path[64];

	(void)arg;
	snprintf(path, sizeof(path), "%s/kept", dir);
	if (!may_open(path, O_RDWR | O_CREAT))
		return 1;
	if (confine(dir, CONFINE_READ) < 0)
		return CANNOT;
	if (!may_open(path, O_RDONLY))
		return 2;
	return may_open(path, O_WRONLY) || unlink(path) == 0 ? 3 : GOOD;
}

static void
files_are_where_they_were_said_to_be(void)
{
	int status;

	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
	status = status_of(write_here, NULL);
	CU_ASSERT(good(status));
	status = status_of(read_here, NULL);
	CU_ASSERT(good(status));
	if (chdir(dir) == 0) {
		unlink("kept");
		unlink("file");
	}
	CU_ASSERT(chdir("/") == 0 && rmdir(dir) == 0);
}

/* Somebody who listens, and takes what comes. */
static int
listen_at(struct sockaddr_in *sa)
{
	socklen_t len = sizeof(*sa);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*sa = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	CU_ASSERT_FATAL(bind(fd, (struct sockaddr *)sa, len) == 0 &&
	    listen(fd, 8) == 0);
	getsockname(fd, (struct sockaddr *)sa, &len);
	return fd;
}

static int
call_out(void *arg)
{
	const struct sockaddr *to = arg;
	struct sockaddr_in any = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int version = confine("/", CONFINE_READ);

	if (version < 4)
		return CANNOT;
	if (connect(fd, to, sizeof(struct sockaddr_in)) == 0 ||
	    errno != EACCES)
		return 1;
	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) == 0 ||
	    errno != EACCES)
		return 2;
	return version >= 6 && kill(getppid(), 0) == 0 ? 3 : GOOD;
}

static void
nothing_gets_out(void)
{
	struct sockaddr_in sa;
	int fd = listen_at(&sa), status = status_of(call_out, &sa);

	CU_ASSERT(good(status));
	close(fd);
}

static int
become(void *arg)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct now[2] = { 0 };
	const struct user *u = arg;
	gid_t groups[64];
	char why[128];

	if (privileges_become(u, why, sizeof(why)) < 0 ||
	    privileges_drop(why, sizeof(why)) < 0)
		return 1;
	if (getuid() != u->uid || geteuid() != u->uid || getgid() != u->gid)
		return 2;
	if (u->uid != 0 && (setuid(0) == 0 || seteuid(0) == 0 ||
	    setgid(0) == 0))
		return 3;
	syscall(SYS_capget, &head, now);
	if ((now[0].effective | now[0].permitted | now[1].effective |
	    now[1].permitted | now[0].inheritable) != 0)
		return 4;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return 5;
	for (int i = getgroups(64, groups); i-- > 0;)
		if (groups[i] == 0 && u->gid != 0)
			return 6;
	return GOOD;
}

static int
become_other(void *arg)
{
	struct user *u = arg, self;
	char why[128];

	if (privileges_become(u, why, sizeof(why)) < 0)
		return 1;
	user_by_id(geteuid(), getegid(), &self);
	u->uid++;
	return privileges_become(u, why, sizeof(why)) == -EPERM &&
	    strstr(why, "only root") != NULL &&
	    privileges_become(&self, why, sizeof(why)) == 0 ? GOOD : 2;
}

static void
root_becomes_a_user_and_never_returns(void)
{
	struct user u, self;

	user_by_id(geteuid(), getegid(), &self);
	CU_ASSERT(ended(status_of(become, &self), GOOD));
	if (geteuid() != 0)
		return;
	CU_ASSERT_FATAL(user_by_name("nobody", &u));
	CU_ASSERT(ended(status_of(become, &u), GOOD));
	CU_ASSERT(ended(status_of(become_other, &u), GOOD));
	user_by_id(54321, 54321, &u);
	CU_ASSERT_STRING_EQUAL(u.name, "uid54321");
	CU_ASSERT(ended(status_of(become, &u), GOOD));
	CU_ASSERT_FALSE(user_by_name("no-such-user", &u));
}

static CU_TestInfo tests[] = {
	{ "who makes a call that no server makes is killed",
	    who_makes_a_call_that_no_server_makes_is_killed },
	{ "threads and local sockets are left",
	    threads_and_local_sockets_are_left },
	{ "files are where they were said to be",
	    files_are_where_they_were_said_to_be },
	{ "nothing gets out", nothing_gets_out },
	{ "root becomes a user and never returns",
	    root_becomes_a_user_and_never_returns },
	CU_TEST_INFO_NULL
};

static CU_SuiteInfo suites[] = {
	{ "confine", NULL, NULL, NULL, NULL, tests },
	CU_SUITE_INFO_NULL
};

int
main(void)
{
	return suite_run(suites);
}
