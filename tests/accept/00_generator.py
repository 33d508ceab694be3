#!/usr/bin/env python3
# 00_generator.py -- the load generator notices each broken promise
#
# SPDX-License-Identifier: MIT
import os
import ssl
import subprocess

from accept import Row
from fake_peers import PEER_FAULTS, PEERS
from fake_server import AUTH_FAULTS, FAULTS, RESUME_FAULTS, FakeServer

row = Row("0", "vcrp-bench against a server that breaks its promises once")
program = row.program("vcrp-bench")


FANOUT = ("fanout", "--rooms", "2", "--members", "8", "--senders", "3",
          "--count", "700")
# 2 rooms of 12 and 6 members, of whom 3 and 2 speak
MIXED = ("mixed", "--rooms", "2", "--members", "18", "--share", "0.25",
         "--count", "700")
# Four that stay, four that come and go, 0.3 seconds each way
CHURN = ("churn", "--members", "4", "--senders", "2", "--rate", "500",
         "--pool", "4", "--churn", "100", "--time", "0.3")
# All of two rooms, after each has said 40 messages
RETURNS = ("returns", "--rooms", "2", "--members", "8", "--rate", "100")
ACCOUNTS = ("--users", "load", "--password", "pencil")


def context():
    """TLS with a certificate made for this run."""
    pem = os.path.join(row.dir, "pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=fake",
                    "-keyout", pem + ".key", "-out", pem], check=True,
                   capture_output=True)
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(pem, pem + ".key")
    return made


def run(fault, load=(*FANOUT, "--ids"), kind=FakeServer, tls=None):
    server = kind(fault, tls=tls)
    server.start()
    return subprocess.run(
        [program, *load, "--port", str(server.port), "--patience", "1"],
        capture_output=True, text=True, check=False)


result = run(None)
row.check(result.returncode == 0 and "deliveries 33600\n" in result.stdout,
          "nothing is found where nothing is wrong")
for fault in FAULTS:
    result = run(fault)
    if fault == "gap":
        row.check(result.returncode == 0 and "missed 1\n" in result.stdout,
                  "a GAP is counted")
    else:
        row.check(result.returncode == 1, "%s: %s" % (
            fault, result.stderr.split("\n")[0][:60]))
result = run(None, MIXED)
row.check(result.returncode == 0 and "deliveries 33600\n" in result.stdout and
          "largest_room_members 12\n" in result.stdout,
          "rooms of unequal sizes: nothing is found")
result = run("hole", MIXED)
row.check(result.returncode == 1, "a hole there: %s" %
          result.stderr.split("\n")[0][:60])
for more in (), ("--reset",), ("--leave",), ("--churn-rooms", "2"):
    result = run(None, CHURN + more)
    row.check(result.returncode == 0 and "\nreconnects " in result.stdout,
              "churn %s: nothing is found" % "".join(more))
for fault in RESUME_FAULTS:
    more = ("--leave",) if fault == "no end" else ()
    result = run(fault, CHURN + more)
    row.check(result.returncode == 1, "%s: %s" % (
        fault, result.stderr.split("\n")[0][:60]))
result = run(None, RETURNS)
row.check(result.returncode == 0 and "\nreturn_samples 16\n" in result.stdout,
          "returns: nothing is found")
for fault in RESUME_FAULTS:
    if fault in ("another person", "no end"):
        continue
    result = run(fault, RETURNS)
    row.check(result.returncode == 1, "returns, %s: %s" % (
        fault, result.stderr.split("\n")[0][:60]))
tls = context()
for load in FANOUT, RETURNS:
    result = run(None, (*load, *ACCOUNTS, "--tls"), tls=tls)
    row.check(result.returncode == 0 and "\nhandshake_p50_us" in result.stdout,
              "%s with TLS and accounts: nothing is found" % load[0])
for fault in FAULTS:
    if fault == "gap":
        continue
    result = run(fault, (*FANOUT, *ACCOUNTS, "--tls"), tls=tls)
    row.check(result.returncode == 1, "with TLS, %s: %s" % (
        fault, result.stderr.split("\n")[0][:60]))
result = run(None, (*FANOUT, *ACCOUNTS))
row.check(result.returncode == 0, "accounts without TLS: nothing is found")
for fault in AUTH_FAULTS:
    result = run(fault, (*FANOUT, *ACCOUNTS))
    row.check(result.returncode == 1, "login, %s: %s" % (
        fault, result.stderr.split("\n")[0][:60]))
for name, kind in PEERS.items():
    load = (*FANOUT, "--protocol", name)
    result = run(None, load, kind)
    row.check(result.returncode == 0 and "deliveries %d\n" % (
        4200 * (7 + kind.echo)) in result.stdout, "%s: nothing is found" % name)
    for fault in PEER_FAULTS:
        result = run(fault, load, kind)
        row.check(result.returncode == 1, "%s, %s: %s" % (
            name, fault, result.stderr.split("\n")[0][:60]))
row.finish()
