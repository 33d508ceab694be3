/* test_disk.c -- files are read, written, listed and replaced
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/disk.h"
#include "suite.h"

static char path[32];
static int dir;

static int
make(const char *name)
{
	int fd = disk_open(dir, name, O_RDWR | O_CREAT | O_TRUNC);

	CU_ASSERT_FATAL(fd >= 0);
	return fd;
}

static void
holds(const char *name, const char *text)
{
	char got[256] = "";
	int fd = disk_open(dir, name, O_RDONLY);

	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_EQUAL(
	    disk_read(fd, got, sizeof(got) - 1, 0), (ssize_t)strlen(text));
	CU_ASSERT_STRING_EQUAL(got, text);
	disk_close(fd);
}

static void
writes_and_reads_anywhere(void)
{
	char got[8] = "";
	int fd = make("a");

	CU_ASSERT_EQUAL(disk_write(fd, "world", 5, 6), 0);
	CU_ASSERT_EQUAL(disk_write(fd, "hello ", 6, 0), 0);
	CU_ASSERT_EQUAL(disk_read(fd, got, 5, 6), 5);
	CU_ASSERT_STRING_EQUAL(got, "world");
	CU_ASSERT_EQUAL(disk_read(fd, got, 8, 9), 2);
	CU_ASSERT_EQUAL(disk_read(fd, got, 8, 11), 0);
	CU_ASSERT_EQUAL(disk_size(fd), 11);
	CU_ASSERT_EQUAL(disk_size_at(dir, "a"), 11);
	CU_ASSERT_EQUAL(disk_sync(fd), 0);
	CU_ASSERT_EQUAL(disk_truncate(fd, 5), 0);
	disk_close(fd);
	holds("a", "hello");
}

static void
writes_many_pieces(void)
{
	static char abc[] = "abc";
	static struct iovec pieces[2 * IOV_MAX + 5];
	unsigned count = sizeof(pieces) / sizeof(pieces[0]);
	size_t len = 0;
	char *got;
	int fd = make("many");

	for (unsigned i = 0; i < count; i++) {
		pieces[i].iov_base = abc;
		pieces[i].iov_len = i % 4;
		len += i % 4;
	}
	CU_ASSERT_EQUAL(disk_writev(fd, pieces, count, 2), 0);
	CU_ASSERT_EQUAL(disk_size(fd), (int64_t)len + 2);
	got = malloc(len);
	CU_ASSERT_EQUAL(disk_read(fd, got, len, 2), (ssize_t)len);
	CU_ASSERT_EQUAL(memcmp(got, "aababcaababc", 12), 0);
	CU_ASSERT_EQUAL(memcmp(got + len / 12 * 6, "aababc", 6), 0);
	free(got);
	CU_ASSERT_EQUAL(disk_writev(fd, pieces, 0, 0), 0);
	disk_close(fd);
}

static void
goes_on_after_a_short_write(void)
{
	struct rlimit limit, small = { 10, RLIM_INFINITY };
	int fd = make("short");

	/* The kernel writes up to the limit, and fails only then. */
	CU_ASSERT_EQUAL_FATAL(getrlimit(RLIMIT_FSIZE, &limit), 0);
	small.rlim_max = limit.rlim_max;
	CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_FSIZE, &small), 0);
	CU_ASSERT_EQUAL(disk_write(fd, "0123456789abcdef", 16, 0), -EFBIG);
	setrlimit(RLIMIT_FSIZE, &limit);
	CU_ASSERT_EQUAL(disk_size(fd), 10);
	disk_close(fd);
}

static void
note_name(const char *name, void *arg)
{
	strcat(arg, name[0] == 'x' ? name : "");
	CU_ASSERT(strcmp(name, ".") != 0 && strcmp(name, "..") != 0);
}

static void
names_come_and_go(void)
{
	char names[64] = "";

	CU_ASSERT_EQUAL(disk_mkdir(dir, "d"), 0);
	CU_ASSERT_EQUAL(disk_mkdir(dir, "d"), -EEXIST);
	disk_close(make("d/x"));
	CU_ASSERT_EQUAL(disk_sync_dir(dir, "d"), 0);
	CU_ASSERT_EQUAL(disk_sync_dir(dir, "."), 0);
	CU_ASSERT_EQUAL(disk_sync_dir(dir, "none"), -ENOENT);
	CU_ASSERT_EQUAL(disk_list(dir, "d", note_name, names), 0);
	CU_ASSERT_STRING_EQUAL(names, "x");
	CU_ASSERT_EQUAL(disk_rename(dir, "d/x", "d/y"), 0);
	CU_ASSERT_EQUAL(disk_rename(dir, "d/x", "d/y"), -ENOENT);
	CU_ASSERT_EQUAL(disk_unlink(dir, "d/y"), 0);
	CU_ASSERT_EQUAL(disk_unlink(dir, "d/y"), -ENOENT);
	CU_ASSERT_EQUAL(disk_list(dir, "d/y", note_name, names), -ENOENT);
	CU_ASSERT_EQUAL(disk_list(dir, "a", note_name, names), -ENOTDIR);
	CU_ASSERT_EQUAL(disk_size_at(dir, "d/y"), -ENOENT);
}

static void
links_are_not_followed(void)
{
	char names[64] = "";

	CU_ASSERT_EQUAL_FATAL(symlinkat("a", dir, "link"), 0);
	CU_ASSERT_EQUAL_FATAL(symlinkat("d", dir, "dlink"), 0);
	CU_ASSERT_EQUAL(disk_open(dir, "link", O_RDONLY), -ELOOP);
	CU_ASSERT_EQUAL(disk_open(dir, "link", O_RDWR | O_CREAT), -ELOOP);
	CU_ASSERT_EQUAL(disk_size_at(dir, "link"), -ELOOP);
	CU_ASSERT(disk_list(dir, "dlink", note_name, names) < 0);
}

static void
files_are_private(void)
{
	struct stat st;
	int fd = make("private");

	CU_ASSERT_EQUAL(fstat(fd, &st), 0);
	CU_ASSERT_EQUAL(st.st_mode & 0777, 0600);
	CU_ASSERT_EQUAL(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	CU_ASSERT_EQUAL(fstatat(dir, "d", &st, 0), 0);
	CU_ASSERT_EQUAL(st.st_mode & 0777, 0700);
	disk_close(fd);
}

static void
replaces_in_one_step(void)
{
	CU_ASSERT_EQUAL(disk_replace(dir, "whole", "one", 3), 0);
	holds("whole", "one");
	CU_ASSERT_EQUAL(disk_replace(dir, "whole", "second", 6), 0);
	holds("whole", "second");
	CU_ASSERT_EQUAL(disk_replace(dir, "d/whole", "below", 5), 0);
	holds("d/whole", "below");
	CU_ASSERT_EQUAL(disk_replace(dir, "none/whole", "x", 1), -ENOENT);
	/* What cannot be replaced stays, and nothing else does. */
	CU_ASSERT_EQUAL(disk_replace(dir, "d", "x", 1), -EISDIR);
	CU_ASSERT_EQUAL(disk_size_at(dir, "d.new"), -ENOENT);
	holds("d/whole", "below");
}

static void
says_why_it_cannot(void)
{
	int fd = disk_open(dir, "a", O_RDONLY);

	CU_ASSERT_EQUAL(disk_write(fd, "x", 1, 0), -EBADF);
	CU_ASSERT(disk_truncate(fd, 0) < 0);
	disk_close(fd);
	CU_ASSERT_EQUAL(disk_open(dir, "none", O_RDONLY), -ENOENT);
	CU_ASSERT_EQUAL(disk_read(-1, path, 1, 0), -EBADF);
	CU_ASSERT_EQUAL(disk_size(-1), -EBADF);
	CU_ASSERT_EQUAL(disk_sync(-1), -EBADF);
}

/* One by a log's name must not stop a thread for ever. */
static void
pipes_are_not_waited_for(void)
{
	char byte;
	int fd;

	CU_ASSERT_EQUAL_FATAL(mkfifoat(dir, "pipe", 0600), 0);
	alarm(10);
	fd = disk_open(dir, "pipe", O_RDONLY);
	alarm(0);
	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_EQUAL(disk_read(fd, &byte, 1, 0), -ESPIPE);
	disk_close(fd);
	CU_ASSERT_EQUAL(disk_open(dir, "pipe", O_WRONLY), -ENXIO);
	CU_ASSERT_EQUAL(disk_unlink(dir, "pipe"), 0);
}

static int
start(void)
{
	signal(SIGXFSZ, SIG_IGN);
	snprintf(path, sizeof(path), "disk-XXXXXX");
	if (mkdtemp(path) == NULL)
		return 1;
	dir = open(path, O_RDONLY | O_DIRECTORY);
	return dir < 0;
}

static int
finish(void)
{
	char command[64];

	close(dir);
	snprintf(command, sizeof(command), "rm -rf '%s'", path);
	return system(command);
}

static CU_TestInfo tests[] = { { "writes and reads anywhere",
				   writes_and_reads_anywhere },
	{ "writes many pieces", writes_many_pieces },
	{ "goes on after a short write", goes_on_after_a_short_write },
	{ "names come and go", names_come_and_go },
	{ "links are not followed", links_are_not_followed },
	{ "pipes are not waited for", pipes_are_not_waited_for },
	{ "files are private", files_are_private },
	{ "replaces in one step", replaces_in_one_step },
	{ "says why it cannot", says_why_it_cannot }, CU_TEST_INFO_NULL };

static CU_SuiteInfo suites[] = { { "disk", start, finish, NULL, NULL, tests },
	CU_SUITE_INFO_NULL };

int
main(void)
{
	return suite_run(suites);
}
