#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Debian's gsasl command logs in: it makes all that the client says, and judges what the server says.
Needs the package gsasl. Its command knows no channel bindings, which its library, called here, does."""
import base64, ctypes, ssl, subprocess, sys
import sasl
from server import Server

PASSWORD, LIBRARY = "pencil and paper", "libgsasl.so.18"
AUTHID, PASS, UNIQUE, NEEDS_MORE = 1, 3, 18, 1


def must(good, what):
    if not good:
        sys.exit(f"not so: {what}")


def by_command(wire, mechanism, name, password):
    """What the server says last, and whether the command is content with it."""
    client = subprocess.Popen(["gsasl", "--client", "-d", "--no-cb", "-m", mechanism, "-a", name, "-p", password],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                              bufsize=1)
    must(client.stdout.readline().strip() == mechanism, "it knows the mechanism")
    wire.say("AUTH " + mechanism)
    said = wire.hear()
    # The server's first word is empty: the client begins.
    must(said == "AUTH =", f"{mechanism} begins with nothing, not {said}")
    while said.startswith("AUTH "):
        word = client.stdout.readline().strip()
        if not word:
            said = wire.hear()
            break
        wire.say("AUTH " + word)
        said = wire.hear()
        if said.startswith("AUTH "):
            client.stdin.write(said[5:] + "\n")
    # It asks whether there is more.
    client.stdin.write("\n")
    client.stdin.close()
    client.stdout.read()
    return said, client.wait(20) == 0


def by_library(wire, name, password, binding):
    gsasl = ctypes.CDLL(LIBRARY)
    library, session = ctypes.c_void_p(), ctypes.c_void_p()
    must(gsasl.gsasl_init(ctypes.byref(library)) == 0, "libgsasl is there")
    must(gsasl.gsasl_client_start(library, b"SCRAM-SHA-256-PLUS", ctypes.byref(session)) == 0, "it has SCRAM")
    for key, value in (AUTHID, name.encode()), (PASS, password.encode()), (UNIQUE, base64.b64encode(binding)):
        gsasl.gsasl_property_set(session, key, value)
    wire.say("AUTH SCRAM-SHA-256-PLUS")
    said, status = wire.hear(), NEEDS_MORE
    while said.startswith("AUTH "):
        out = ctypes.c_char_p()
        status = gsasl.gsasl_step64(session, said[5:].replace("=", "", said == "AUTH =").encode(), ctypes.byref(out))
        must(status in (0, NEEDS_MORE), "libgsasl is content")
        if status == NEEDS_MORE or out.value:
            wire.say("AUTH " + out.value.decode())
        said = wire.hear()
    return said, status == 0


def main():
    rules = sasl.any_certificate(ssl.TLSVersion.TLSv1_2)
    with Server() as server:
        with sasl.administrator(server.socket) as root:
            sasl.add(root, "bud", PASSWORD)
        for mechanism in "SCRAM-SHA-256", "PLAIN":
            for where, tls in (server.port, rules), (server.socket, None):
                with sasl.Wire(where, tls) as wire:
                    wire.say("PING")
                    wire.hear(), wire.hear()
                    for name, password in ("bud", "pencil"), ("nobody", PASSWORD):
                        said, content = by_command(wire, mechanism, name, password)
                        must(said.startswith("ERR auth-failed"), f"{mechanism} refuses {name}: {said}")
                        must(mechanism == "PLAIN" or not content, "and the client knows")
                    said, content = by_command(wire, mechanism, "bud", PASSWORD)
                    must(said == "OK AUTH bud" and content, f"{mechanism} logs in: {said}, {content}")
        for password, good in (PASSWORD, True), ("pencil", False):
            with sasl.Wire(server.port, rules) as wire:
                wire.say("PING")
                wire.hear(), wire.hear()
                binding = wire.socket.get_channel_binding("tls-unique")
                said, content = by_library(wire, "bud", password, binding)
                must(said.startswith("OK AUTH bud" if good else "ERR auth-failed") and content == good,
                     f"SCRAM-SHA-256-PLUS: {said}, {content}")
        must(server.stop() == 0, "the server stops")


main()
