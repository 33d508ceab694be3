#!/usr/bin/env python3
# 49_standing.py -- as whom the server runs, and what foreign code could do
#
# SPDX-License-Identifier: MIT
"""Started by root and by a user; then gdb, as root, has the server itself make
calls that no server makes, as who found a fault in it would."""
import os
import pwd
import re
import shutil
import signal
import subprocess

from accept import Client, Row, Server, administrator

row = Row("49", "root becomes a user; no capability, Seccomp 2, no file "
          "outside, no execve; exposure <= 1.5")
NOBODY = pwd.getpwnam("nobody")


def field(server, name):
    with open("/proc/%d/status" % server.pid, encoding="ascii") as f:
        return re.search(r"^%s:\s+(.*)$" % name, f.read(), re.M).group(1)


def judge(server, how, uid):
    client = Client(server.port, "alice")
    client.join("lobby")
    client.send("SAY lobby hello")
    client.until("MSG lobby")
    client.close()
    row.check(set(field(server, "Uid").split()) == {str(uid)},
              "%s: all user ids are %d" % (how, uid))
    row.check(all(int(field(server, "Cap" + kind), 16) == 0
                  for kind in ("Inh", "Prm", "Eff", "Amb")),
              "%s: CapEff %s, no other either" % (how,
                                                  field(server, "CapEff")))
    row.check(field(server, "NoNewPrivs") == "1", "%s: NoNewPrivs 1" % how)
    row.check(field(server, "Seccomp") == "2", "%s: Seccomp %s is 2" % (
        how, field(server, "Seccomp")))
    mode = os.stat(server.data).st_mode & 0o7777
    row.check(mode == 0o700, "%s: the data directory's mode is %o" % (
        how, mode))
    for text in re.findall(r"(?:warn|info) \[main\] (?:runs|.*confined).*",
                           server.log()):
        print("   " + text)


def made_to(server, call):
    """What gdb says of it."""
    done = subprocess.run(
        ["gdb", "-nx", "-batch", "-p", str(server.pid), "-ex", call],
        capture_output=True, text=True, timeout=120, check=False)
    return done.stdout


def backup(server, path):
    root = administrator(server)
    root.send("BACKUP " + path)
    said = root.line()
    root.close()
    return said


if os.geteuid() != 0:
    row.check(False, "this one needs root")
    row.finish()

by_root = Server(row, {"server.user": "nobody"}, started=False)
os.chown(by_root.dir, NOBODY.pw_uid, NOBODY.pw_gid)
os.chown(by_root.data, NOBODY.pw_uid, NOBODY.pw_gid)
by_root.start()
judge(by_root, "by root", NOBODY.pw_uid)
by_user = Server(row, uid=NOBODY.pw_uid)
judge(by_user, "by a user", NOBODY.pw_uid)
without = Server(row)
judge(without, "by root, no user named", 0)
row.check("runs as root" in without.log(), "it is said that root is left")

said = backup(by_user, os.path.join(row.dir, "elsewhere"))
row.check(said.startswith("ERR denied"), "a backup elsewhere: %s" % said)
said = backup(by_user, os.path.join(by_user.data, "copy"))
row.check(said.startswith("OK BACKUP"), "in the data directory: %s" % said)

if shutil.which("gdb"):
    for server, how in ((by_user, "a user's"), (without, "root's")):
        said = made_to(server, 'print (int)open("/etc/passwd", 0)')
        row.check("= -1" in said, "%s server cannot open /etc/passwd" % how)
        said = made_to(server, 'print (int)open("%s/x", 66, 384)' % row.dir)
        row.check("= -1" in said and not os.path.exists(
            os.path.join(row.dir, "x")), "nor make a file elsewhere")
        said = made_to(server, "print (int)socket(2, 1, 0)")
        row.check("= -1" in said, "nor have a socket of TCP")
        # The client is served as ever.
        Client(server.port, "bob").close()
        made_to(server, 'print (int)execve("/bin/true", 0, 0)')
        status = server.process.wait(30)
        server.killed = True
        row.check(status == -signal.SIGSYS,
                  "execve: the process is killed by signal %d, SIGSYS"
                  % -status)
else:
    row.check(False, "gdb is here")

probe = subprocess.run([row.program("tests/test_confine")],
                       capture_output=True, text=True, check=False)
row.check(probe.returncode == 0 and "not here" not in probe.stdout,
          "31 other forbidden calls are killed too (tests/test_confine)")
if shutil.which("systemd-analyze"):
    unit = row.program("contrib/systemd/vcrpd.service")
    text = subprocess.run(
        ["systemd-analyze", "security", "--no-pager", "--offline=true", unit],
        capture_output=True, text=True, check=False).stdout
    found = re.search(r"Overall exposure level.*: ([\d.]+)", text)
    row.check(found is not None, "systemd-analyze rates the unit")
    if found:
        row.at_most("exposure", float(found.group(1)), 1.5)
else:
    row.check(False, "systemd-analyze is here")
row.finish()
