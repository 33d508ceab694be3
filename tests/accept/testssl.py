#!/usr/bin/env python3
# testssl.py -- what testssl.sh finds
#
# SPDX-License-Identifier: MIT
"""Debian's package testssl.sh, with a certificate of an authority of our own,
which it is told to trust: so what it finds is the server's."""
import json
import shutil
import subprocess

from accept import Row, Server
from authority import Authority

row = Row("testssl", "testssl.sh finds nothing of medium severity or worse")
program = shutil.which("testssl") or shutil.which("testssl.sh")
if program is None:
    raise SystemExit("testssl.sh is not installed")
authority = Authority(row.dir)
authority.issue("server")
server = Server(row, {"tls.certificate": authority.path("server.crt"),
                      "tls.key": authority.path("server.key"),
                      "limits.login_timeout": 60})
found = authority.path("found.json")
done = subprocess.run(
    [program, "--quiet", "--color", "0", "--warnings", "off", "--nodns",
     "none", "--openssl", shutil.which("openssl"), "--add-ca", authority.ca,
     "--connect-timeout", "10", "--openssl-timeout", "10", "--jsonfile",
     found, "localhost:%d" % server.port],
    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=900,
    stdin=subprocess.DEVNULL)
with open(found, encoding="utf-8") as f:
    findings = json.load(f)
counts = {}
for each in findings:
    counts[each["severity"]] = counts.get(each["severity"], 0) + 1
for severity, count in sorted(counts.items()):
    row.figure(severity, count)
for each in findings:
    if each["severity"] in ("LOW", "WARN"):
        print("   %s %s: %s" % (each["severity"], each["id"],
                                each["finding"]))
row.check(len(findings) > 100, "%d findings" % len(findings))
bad = [each for each in findings
       if each["severity"] in ("MEDIUM", "HIGH", "CRITICAL", "FATAL")]
for each in bad:
    row.check(False, "%s %s: %s" % (each["severity"], each["id"],
                                    each["finding"]))
row.check(not bad, "nothing of medium severity or worse")
row.finish()
