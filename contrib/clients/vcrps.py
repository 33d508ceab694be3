#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""vcrps.py HOST PORT USER ROOM TEXT [sha256:HEX]: logs in over TLS with an account, whose password is
the first line of standard input and does not leave, and says TEXT. The server's certificate is
verified as the system does it, or has to be the one that is named."""
import hashlib, hmac, secrets, socket, ssl, sys, unicodedata
from base64 import b64decode, b64encode

host, port, user, room, text, *pin = sys.argv[1:]
password = unicodedata.normalize("NFKC", sys.stdin.readline().rstrip("\n")).encode()
context = ssl.create_default_context()
context.minimum_version = ssl.TLSVersion.TLSv1_2
if pin:
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
sock = context.wrap_socket(socket.create_connection((host, port), 10), server_hostname=host)
shown = "sha256:" + hashlib.sha256(sock.getpeercert(True)).hexdigest()
if pin and pin[0].lower() != shown:
    sys.exit(f"the certificate is another one: {shown}")
lines = sock.makefile(encoding="utf-8", newline="\n")


def send(line):
    sock.sendall(line.encode() + b"\n")


def ask(line, verb):
    """The first words of this verb that answer it."""
    send(line)
    for answer in lines:
        words = answer.rstrip("\r\n").split(" ")
        if words[0] in (verb, "ERR", "BYE"):
            return words[1:] if words[0] == verb else sys.exit(answer.rstrip())
    sys.exit("the server has closed the connection")


def mac(key, message):
    return hmac.digest(key, message.encode(), "sha256")


first = f"n={user},r={secrets.token_hex(12)}"  # SCRAM-SHA-256, RFC 7677
challenge = b64decode(ask("AUTH SCRAM-SHA-256 " + b64encode(b"n,," + first.encode()).decode(), "AUTH")[0]).decode()
nonce, salt, rounds = (part[2:] for part in challenge.split(",")[:3])
assert nonce.startswith(first.split("r=")[1]) and 4096 <= int(rounds) <= 10**7, challenge
salted = hashlib.pbkdf2_hmac("sha256", password, b64decode(salt), int(rounds))
said, key = f"{first},{challenge},c=biws,r={nonce}", mac(salted, "Client Key")
proof = bytes(a ^ b for a, b in zip(key, mac(hashlib.sha256(key).digest(), said)))
answer = b64decode(ask("AUTH " + b64encode(f"c=biws,r={nonce},p={b64encode(proof).decode()}".encode()).decode(), "AUTH")[0])
if not hmac.compare_digest(answer, b"v=" + b64encode(mac(mac(salted, "Server Key"), said))):
    sys.exit("this is not the server that knows the password")
lines.readline()  # OK AUTH
ask(f"JOIN {room}", "OK")
id = secrets.token_hex(8)
send(f"@id={id} SAY {room} {text}")
print(next(line for line in lines if line.startswith(f"@id={id} ")), end="")
