#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Input that nobody means well with: Wireshark's dissector neither fails nor takes long over it, in one pass and in
two. (That there was no error of Lua is seen to by Tshark.run().)"""
import os, random, sys, tempfile
from capture import KEY, KEYS, SESSION, Capture, Session, Tshark, main, must
from fields import AMISS, HEARD, SAID

BOUND = 60


def read(capture, *options):
    """Through all that shows a packet; within the time."""
    shark = Tshark(capture, *options)
    for passes in 1, 2:
        for how in ["-V"], ["-T", "fields", "-e", "vcrp.line", "-e", "vcrp.number", "-e", "_ws.expert.message"]:
            shark.run(*how, passes=passes)
            must(shark.seconds < BOUND, f"{shark.seconds} seconds")


def noise():
    """random bytes, by TCP and by UDP, in all sizes"""
    random.seed(1)
    capture = Capture()
    for i in range(300):
        stream = capture.stream(20000 + i)
        for _ in range(5):
            stream.send(random.random() < 0.5, random.randbytes(random.choice((1, 2, 5, 16, 100, 1460))))
    for i in range(1500):
        data = random.randbytes(random.choice((1, 15, 16, 17, 24, 39, 40, 41, 64, 100, 1200, 1400)))
        capture.udp(bytes([data[0] | 0x80]) + data[1:] if i % 2 else data, random.random() < 0.5)
    read(capture)


def mutants():
    """good lines with bytes changed, taken out, doubled and cut off"""
    random.seed(2)
    lines = [text.encode() if isinstance(text, str) else text for table in (SAID, HEARD, *AMISS.values())
             for text in table]
    capture = Capture()
    for i in range(60):
        stream = capture.stream(20000 + i)
        for _ in range(60):
            line = bytearray(random.choice(lines) + b"\n")
            for _ in range(random.randrange(4)):
                at = random.randrange(len(line))
                line[at:at + random.randrange(3)] = random.choice(
                    (b"", b"\0", b"\n", b" ", b"@", b";", b"=", b"\xff", b"\r\n", b"\xc2\x85", random.randbytes(2)))
            stream.send(random.random() < 0.5, bytes(line[:random.choice((1, 4, 10000, 10000, 10000))]))
    read(capture)


def shapes():
    """what a dissector may stumble over: numbers, times, lists, ends, headers"""
    big = "9" * 400
    lines = ["MSG lobby 9007199254740991 9007199254740991 ~a x", f"MSG lobby {big} {big} {big} {big}", "MSG", "MSG  ",
             "OK",
             "OK OK", "OK OK OK", "@", "@=", "@;", "@id", "@id=", "@id=;", "@a=b=c x", "@" + ";" * 2000,
             "@" + "a;" * 2000,
             "NAMES lobby" + " x" * 1900, "STAT" + " x" * 2000, "VCRP 1 x y " + "," * 3000, "VCRP 1 x y " + "a," * 1500,
             "GAP lobby 5 1", "GAP lobby 0 9007199254740991", "PAGE lobby 9007199254740991", "AT lobby 0",
             "%s%n%d %x", "AUTH ====",
             "AUTH " + "A" * 4000, "AUTH QQ==", "AUTH AAAA", "AUTH bj0=", "AUTH PLAIN AGE=", "OK UDP 00 00",
             "OK UDP " + "0" * 32 + " " + "0" * 64, "OK UDP " + "g" * 32 + " " + "0" * 64, "ERR", "ERR %s", "BYE",
             "RESET",
             "ROOM lobby -1 -1", "JOIN", "\r", "\r\r\r", " \r", "@id=a\r", "HELLO \u202e\u2066",
             "SET lobby topic \ufeff"]
    capture = Capture()
    for i, line in enumerate(lines):
        for to_server in True, False:
            capture.stream(20000 + 2 * i + to_server).send(to_server, line.encode() + b"\n")
    for i, start in enumerate((b"PROXY ", b"PROXY TCP4", b"PROXY \n", b"\r\n\r\n\0\r\nQUIT\n",
                               b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff",
                               b"\r\n\r\n\0", b"\x16", b"\x16\x03", b"\x16\x03\x01\xff\xff" + bytes(100),
                               b"\x17\x03\x03\0\0", b"\0",
                               b"VCRP 1 ", b"VCRP 1 a b")):
        for port in 3073, 5555:
            stream = capture.stream(22000 + i, port)
            for to_server in True, False:
                stream.send(to_server, start)
                stream.send(to_server, b"\nPING\n")
    read(capture)


def long_lines():
    """megabytes without a line's end, and very many lines in one segment"""
    capture = Capture()
    stream = capture.stream()
    for _ in range(2000):
        stream.says(b"x" * 1460)
    stream.says(b"\nPING\n")
    # Each segment ends in the middle of a line that is nearly too long.
    other = capture.stream(40001)
    for _ in range(700):
        other.hears(b"NOTICE " + b"y" * 1400)
        other.hears(b"y" * 1400)
        other.hears(b"y" * 1200 + b"\n" * 20)
    for i in range(5):
        capture.stream(40010 + i).hears(b"P\n" * 20000)
        capture.stream(40020 + i).says(b"\r\n" * 15000 + b"\r" * 2000)
        capture.stream(40030 + i).says(b"@" + b"a=b;" * 10000)
    read(capture)


def cut_capture():
    """packets of which the capture has only the beginning"""
    capture = Capture()
    stream = capture.stream()
    for i in range(50):
        stream.says(f"SAY lobby number {i} {'x' * 200}\n")
    made = Session(capture, SESSION, KEY)
    for i in range(50):
        made.hears(f"NOTICE {i}\n")
    with tempfile.TemporaryDirectory() as directory:
        whole, cut = os.path.join(directory, "whole"), os.path.join(directory, "cut")
        capture.write(whole)
        with open(whole, "rb") as file:
            data = file.read()
        for most in 41, 42, 60, 83, 90:
            out, at = bytearray(data[:24]), 24
            while at < len(data):
                size = int.from_bytes(data[at + 8:at + 12], "little")
                kept = min(size, most)
                out += data[at:at + 8] + kept.to_bytes(4, "little") + data[at + 12:at + 16 + kept]
                at += 16 + size
            with open(cut, "wb") as file:
                file.write(out)
            read(cut, "-o", KEYS)


def sealed():
    """datagrams that open, and hold what nobody sends"""
    random.seed(3)
    capture = Capture()
    made = Session(capture, SESSION, KEY)
    for i in range(400):
        text = random.choice((b"\n", b"\n" * 1160, b"x", b"\x10", b"\x11", b"\x1f", b"\x1c\n", b"\0\n", b"\r",
                              b"MSG\n", b"\xff\n",
                              random.randbytes(20), b"OK UDP " + SESSION.hex().encode() + b" " + b"0" * 64 + b"\n",
                              bytes([random.randrange(0x10, 0x20)]) + random.randbytes(random.choice((1, 1159)))))
        capture.udp(made.seal(random.random() < 0.5, text, random.choice((i, i, 0, 5, 2 ** 64 - 1, 2 ** 53,
                                                                          random.randrange(99)))),
                    random.random() < 0.5)
    for text in (b"VCRP?", b"VCRP? ", b"VCRP? 1", b"VCRP? 1 ", b"VCRP! 1 abcdef01 x", b"VCRP! \n",
                 b"VCRP! 1 gone ", b"VCRP! 1 gone \n", b"VCRP! 1 gone " + b"a" * 31 + b"\n",
                 b"VCRP! 1 gone " + b"a" * 33 + b"\n",
                 b"VCRP! 1 abcdef01 x y z 1 2 3 4", b"VCRP? 2 abcdef01" + b" " * 300, b"VCRP? 1 " + b"a" * 1100,
                 b"VCRP! 1 \xff\0 x y z q q"):
        capture.udp(text)
        capture.udp(text, False, port=5555)
    read(capture, "-o", KEYS)
    for keys in "x", "a:b", SESSION.hex(), KEYS[10:] + " " + KEYS[10:] + ",zz:yy", "0" * 5000:
        Tshark(capture, "-o", f"vcrp.keys:{keys}", "-o", "vcrp.keylog_file:/dev/null").run()
    Tshark(capture, "-o", "vcrp.keylog_file:/").run()
    Tshark(capture, "-o", "vcrp.keylog_file:" + os.path.abspath(sys.argv[0])).run()


if __name__ == "__main__":
    main(noise, mutants, shapes, long_lines, cut_capture, sealed)
