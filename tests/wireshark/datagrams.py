#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What Wireshark's dissector finds in datagrams made by hand: discovery, and what is sealed."""
import ctypes, os, random, re, struct, tempfile
from capture import KEY, KEYS, SESSION, SODIUM, TIME, TOP, Capture, Session, Tshark, equal, main, must


def question(nonce="0123456789abcdef", size=256):
    return f"VCRP? 1 {nonce}".encode().ljust(size)


def discovery():
    """discovery: question and answer, and what is wrong with them"""
    capture = Capture()
    asked = capture.udp(question())
    answer = capture.udp(b"VCRP! 1 0123456789abcdef chat.example.org vcrpd/0.1 guest,tls,udp 12 7\n", False)
    short = capture.udp(question("00112233", 100) + b"\r\n")
    longer = capture.udp(b"VCRP! 1 00112233 chat.example.org vcrpd/0.1 " + b"x," * 80 + b"x 12 7\n", False)
    bad = capture.udp(question("xyz"))
    capture.udp(b"something else")
    elsewhere = capture.udp(question("abcdef01"), port=5555)
    gone = [capture.udp(b"VCRP! 1 gone " + SESSION.hex().encode() + b"\n", False, port=port) for port in (3073, 5555)]
    odd = capture.udp(b"VCRP! 1 gone a0a1\n", False)
    shark = Tshark(capture)
    found = {layer.frame: layer for layer in shark.layers()}
    equal((found[asked].nonce, found[asked].response_in, found[asked].experts), ("0123456789abcdef", str(answer), []),
          "the question")
    equal([found[answer].get(key) for key in ("server", "software", "feature", "connections", "rooms", "response_to")],
          ["chat.example.org", "vcrpd/0.1", ["guest", "tls", "udp"], "12", "7", str(asked)], "the answer")
    equal((found[short].experts, found[longer].experts, found[bad].experts), (["size"], ["amplifies"], ["malformed"]),
          "what is wrong")
    for frame in gone:
        equal([found[frame].get(key) for key in ("verb", "version", "session", "direction")] + found[frame].experts,
              ["VCRP!", "1", SESSION.hex(":"), "1", "gone"], "a session that is not known")
    equal(set(found[odd].experts), {"malformed"}, "what is like it")
    equal(sorted(found), [asked, answer, short, longer, bad, elsewhere] + gone + [odd], "nothing else is VCRP")


def vectors():
    """the test vectors of doc/vcrp-1.md are opened, with a key from each place that may have it"""
    with open(os.path.join(TOP, "doc/vcrp-1.md")) as file:
        blocks = re.findall(r"(?:^    [0-9a-f]{12,64}\n)+", file.read().split("### Test vectors")[1], re.M)
    datagrams = [bytes.fromhex("".join(block.split())) for block in blocks[-3:]]
    equal([len(datagram) for datagram in datagrams], [70, 64, 134], "vectors")
    def capture(told=False):
        it = Capture()
        if told:
            stream = it.stream()
            stream.says("@id=u UDP\n")
            stream.hears(f"@id=u OK UDP {SESSION.hex()} {KEY.hex()}\n")
        for datagram, to_server in zip(datagrams, (True, True, False)):
            it.udp(datagram, to_server)
        return it
    expected = [("SAY", "Hello, world", None), ("PING", None, None), ("MSG", "Hello, world", "~alice"),
                ("AT", None, None)]
    with tempfile.TemporaryDirectory() as directory:
        log = os.path.join(directory, "keys")
        with open(log, "w") as file:
            file.write(f"# comment\nCLIENT_RANDOM 00 00\nVCRP_DATAGRAM {SESSION.hex()} {KEY.hex()}\n")
        for options, told in (["-o", KEYS], False), (["-o", f"vcrp.keylog_file:{log}"], False), \
                (["-o", f"tls.keylog_file:{log}"], False), ([], True):
            for passes in 1, 2:
                found = [(line.verb, line.text, line.name) for line in Tshark(capture(told), *options).lines(passes)]
                equal(found[-4:], expected, f"{options} {told} {passes}")
    for options, experts in ([], ["sealed"] * 3), (["-o", KEYS[:-2] + "00"], ["bad_seal"] * 3):
        layers = Tshark(capture(), *options).layers()
        equal([expert for layer in layers for expert in layer.experts], experts, f"{options}")
        equal([(layer.counter, layer.direction, layer.session) for layer in layers],
              [(c, d, ":".join(f"{b:02x}" for b in SESSION)) for c, d in (("1", "0"), ("2", "0"), ("1", "1"))],
              "in plain")


def sealing():
    """XChaCha20-Poly1305 is libsodium's, at each length and with any key"""
    random.seed(1)
    for _ in range(4):
        session, key = bytes([0x80 | random.randrange(128)]) + random.randbytes(15), random.randbytes(32)
        if _ == 3:
            key = b"\xff" * 32
        capture, texts = Capture(), []
        made = Session(capture, session, key)
        for length in list(range(1, 140)) + [500, 1158, 1159]:
            text = "".join(chr(random.randrange(33, 127)) for _ in range(length))
            texts.append(text)
            made.hears(text + "\n", counter=random.randrange(1, 2 ** 64))
        found = Tshark(capture, "-o", f"vcrp.keys:{session.hex()}:{key.hex()}")
        rows = [row[0][0] for row in found.fields("vcrp.sealed", passes=1)]
        lines = [packet.get("show") for proto in found.tree(1).values() for layer in proto
                 for packet in layer.iter("field") if packet.get("name") == "vcrp.line"]
        equal((len(rows), lines), (len(texts), texts), "plaintexts")


def sums_at_the_edge():
    """the sum of Poly1305 is brought below its prime where it is at or above"""
    prime, capture, tried, found = 2 ** 130 - 5, Capture(), 0, 0
    while found < 8:
        tried += 1
        header = SESSION + tried.to_bytes(8, "big")
        stream = ctypes.create_string_buffer(32)
        SODIUM.crypto_stream_xchacha20(stream, ctypes.c_ulonglong(32), b"\0" + bytes(15) + header[16:], KEY)
        r, s = (int.from_bytes(stream.raw[i:i + 16], "little") for i in (0, 16))
        r &= 0x0ffffffc0ffffffc0ffffffc0fffffff
        blocks = [int.from_bytes(block + b"\1", "little") for block in
                  (header[:16], header[16:] + bytes(8), bytes(16), struct.pack("<QQ", 24, 16))]
        # The third block is the ciphertext: such that the sum is one that has two forms below 2^130.
        others = sum(block * pow(r, 4 - i, prime) for i, block in enumerate(blocks) if i != 2)
        wanted = ((found % 5 - others) * pow(r, -2, prime) - 2 ** 128) % prime
        if wanted < 2 ** 128:
            tag = (found % 5 + s) % 2 ** 128
            datagram = header + wanted.to_bytes(16, "little") + tag.to_bytes(16, "little")
            must(Session(None, SESSION, KEY).open(True, datagram), "libsodium opens it")
            capture.udp(datagram)
            found += 1
    layers = Tshark(capture, "-o", KEYS).layers(1)
    equal([layer.frame for layer in layers if "bad_seal" in layer.experts], [], "all open")


def datagrams():
    """datagrams: pieces in any order, counters, repeats of requests, holes"""
    capture = Capture()
    made = Session(capture, SESSION, KEY)
    asked = made.says("@id=a SAY lobby hi\n")
    again = made.says("@id=a SAY lobby hi\n")
    echo = made.hears(f"@id=a MSG lobby 7 {TIME} ~alice hi\nAT lobby 9\n")
    long_line = "@id=b SAY lobby " + "é" * 1500 + "\n"
    parts = made.pieces(long_line)
    equal(len(parts), 3, "pieces")
    second, first, third = (made.says(parts[i], 10 + i) for i in (1, 0, 2))
    late = made.says("PING late\n", 5)
    replayed = capture.udp(made.seal(True, b"@id=a SAY lobby hi\n".ljust(24, b"\n"), 1))
    padding = made.says("\n", 13)
    cut = capture.udp(made.seal(True, b"PING\nPING and no end to it", 14))
    tiny = capture.udp(made.seal(True, b"PING\n", 15))
    zero = made.says("PING\n", 0)
    broken = capture.udp(made.seal(True, b"PING\n".ljust(24, b"\n"), 16)[:-1] + b"x")
    short = capture.udp(SESSION + bytes(24))
    alone = made.says(b"\x1c" + b"x" * 1159, 17)
    beyond = made.says(b"\x19" + b"x" * 1159, 18)
    shark = Tshark(capture, "-o", KEYS)
    layers = {layer.frame: layer for layer in shark.layers()}
    lines = {(line.frame, line.verb): line for line in shark.lines()}
    equal({frame: layer.experts for frame, layer in layers.items() if layer.experts},
          {again: ["resent"], echo: ["hole"], second: ["lost"], first: ["reordered"], late: ["reordered"],
           replayed: ["replayed"], cut: ["malformed"], tiny: ["size"], zero: ["malformed", "reordered"],
           broken: ["bad_seal"], short: ["malformed"], alone: ["lost", "malformed"], beyond: ["malformed"]}, "remarks")
    equal(lines[third, "SAY"].text, "é" * 1500, "the line of pieces")
    equal((layers[first].reassembled_in, layers[second].reassembled_in, layers[third].fields["piece.frame"]),
          (str(third), str(third), [str(first), str(second), str(third)]), "and where they are")
    equal((lines[again, "SAY"].first_in, lines[asked, "SAY"].response_in, lines[echo, "MSG"].response_to),
          (str(asked), str(echo), str(asked)), "a request that was sent again")
    equal(layers[replayed].first_in, str(asked), "a replay knows its first")
    must(padding in layers and (padding, "PING") not in lines, "padding is no line")
    equal(shark.frames("vcrp.session && vcrp.counter == 5"), [late], "by filter")
    single = Tshark(capture, "-o", KEYS).lines(1)
    equal([(line.frame, line.verb, line.text) for line in single], [(line.frame, line.verb,
                                                                     line.text) for line in shark.lines()],
          "one pass or two")


if __name__ == "__main__":
    main(discovery, vectors, sealing, sums_at_the_edge, datagrams)
