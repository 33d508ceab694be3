#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What Wireshark's dissector finds in captures made by hand: each field, whom an answer belongs to, what is amiss."""
import base64, os, re
from capture import KEY, SESSION, TIME, TOP, Capture, Tshark, equal, main, must

GREETING = "VCRP 1 chat.example.org vcrpd/0.1 guest,tls\nOK HELLO ~alice\n"
SHOWN_TIME = "Nov 22, 2026 09:19:58.696000000 UTC"
N = 1838427338437632

# What a client and what a server may say, and the fields of it besides the verb.
SAID = {
    "SAY lobby Hello,  world ": dict(room="lobby", text="Hello,  world "),
    "say   lobby Hello": dict(verb="SAY", room="lobby", text="Hello"),
    "JOIN lobby": dict(room="lobby"),
    f"JOIN lobby {N}": dict(room="lobby", after=str(N)),
    "HELLO alice lobby": dict(nick="alice", room="lobby"),
    "LEAVE lobby": dict(room="lobby"),
    f"EDIT lobby {N} Hello, all": dict(room="lobby", target=str(N), text="Hello, all"),
    f"DELETE lobby {N}": dict(room="lobby", target=str(N)),
    f"REACT lobby {N} 👍": dict(room="lobby", target=str(N), text="👍"),
    "SIGNAL lobby typing": dict(room="lobby", text="typing"),
    "WHO lobby": dict(room="lobby"),
    "LIST lob*": dict(pattern="lob*"),
    f"HISTORY lobby 20 {N}": dict(room="lobby", count="20", before=str(N)),
    "SEARCH lobby 20 some words": dict(room="lobby", count="20", text="some words"),
    "READ lobby 7": dict(room="lobby", number="7"),
    "SET lobby topic The front room": dict(room="lobby", setting="topic", value="The front room"),
    "SET lobby topic": dict(room="lobby", setting="topic"),
    "ROLE lobby ~bob voice": dict(room="lobby", name="~bob", role="voice"),
    "KICK lobby ~bob too loud": dict(room="lobby", name="~bob", reason="too loud"),
    "PING are you there": dict(text="are you there"),
    "PONG": {},
    "HELP SAY": dict(subject="SAY"),
    "QUIT till tomorrow": dict(reason="till tomorrow"),
    "AUTH *": {"auth.data": "*"},
    "AUTH EXTERNAL": {"auth.mechanism": "EXTERNAL"},
    "REGISTER alice SCRAM-SHA-256$10000:c2FsdA==$a:b": dict(name="alice", verifier="SCRAM-SHA-256$10000:c2FsdA==$a:b"),
    "PASSWD SCRAM-SHA-256$10000:c2FsdA==$a:b": dict(verifier="SCRAM-SHA-256$10000:c2FsdA==$a:b"),
    "ACCOUNT role alice administrator": dict(action="role", name="alice", value="administrator"),
    "ACCOUNT invite": dict(action="invite"),
    "STATS rooms": dict(subject="rooms"),
    "NOTICE back at nine": dict(text="back at nine"),
    "KILL ~bob enough": dict(name="~bob", reason="enough"),
    "RELOAD": {}, "SHUTDOWN": {}, "UDP": {},
    "RETRY lobby": dict(room="lobby"),
    "BACKUP /var/backups/a b": dict(directory="/var/backups/a b"),
    "BAN 192.0.2.0/24 too many": dict(network="192.0.2.0/24", reason="too many"),
    "BAN": {},
    "UNBAN 2001:db8::/32": dict(network="2001:db8::/32"),
    "CALM 30": dict(seconds="30"),
    "DRAIN 0": dict(seconds="0"),
}
HEARD = {
    "VCRP 1 chat.example.org vcrpd/0.1 guest,tls,udp": dict(
        version="1", server="chat.example.org", software="vcrpd/0.1", features="guest,tls,udp",
        feature=["guest", "tls", "udp"]),
    f"MSG lobby 5 {TIME} ~alice Hé, world": dict(room="lobby", number="5", time=SHOWN_TIME, name="~alice",
                                               text="Hé, world"),
    f"EDIT lobby 6 {TIME} ~alice 5 Hello": dict(room="lobby", number="6", time=SHOWN_TIME, name="~alice", target="5",
                                              text="Hello"),
    f"DELETE lobby 7 {TIME} ~alice 5": dict(room="lobby", number="7", time=SHOWN_TIME, name="~alice", target="5"),
    f"REACT lobby 8 {TIME} bob 5 👍": dict(room="lobby", number="8", time=SHOWN_TIME, name="bob", target="5", text="👍"),
    f"SET lobby 9 {TIME} bob topic The front room": dict(
        room="lobby", number="9", time=SHOWN_TIME, name="bob", setting="topic", value="The front room"),
    f"SET lobby 10 {TIME} bob topic": dict(room="lobby", number="10", time=SHOWN_TIME, name="bob", setting="topic"),
    f"ROLE lobby 11 {TIME} bob ~eve muted": dict(room="lobby", number="11", time=SHOWN_TIME, name="bob", who="~eve",
                                               role="muted"),
    "JOIN lobby ~bob": dict(room="lobby", name="~bob"),
    "LEAVE lobby ~bob closed by peer": dict(room="lobby", name="~bob", reason="closed by peer"),
    "SIGNAL lobby ~bob typing": dict(room="lobby", name="~bob", text="typing"),
    "ERR no-such-room there is none": dict(code="no-such-room", text="there is none"),
    "ROOM hall 12 2 The front room": dict(room="hall", last="12", members="2", topic="The front room"),
    "READ lobby 11": dict(room="lobby", number="11"),
    "NAMES lobby ~alice bob ~eve": dict(room="lobby", name=["~alice", "bob", "~eve"]),
    "PAGE lobby 0": dict(room="lobby", count="0"),
    "GAP lobby 12 20": {"room": "lobby", "from": "12", "to": "20"},
    "RESET lobby 12": dict(room="lobby", last="12"),
    "STAT room lobby last=12 members=2": dict(stat="room", value=["lobby", "last=12", "members=2"]),
    "STAT sends 5": dict(stat="sends", value="5"),
    "NOTICE back at nine": dict(text="back at nine"),
    "PING idle": dict(text="idle"),
    "PONG are you there": dict(text="are you there"),
    "BYE killed enough": dict(code="killed", reason="enough"),
    "AUTH =": {"auth.data": "="},
    "AT lobby 20": dict(room="lobby", last="20"),
    "OK HELLO ~alice": dict(answered="HELLO", name="~alice"),
    "OK AUTH alice": dict(answered="AUTH", name="alice"),
    "OK REGISTER alice": dict(answered="REGISTER", name="alice"),
    "OK PASSWD": dict(answered="PASSWD"),
    "OK JOIN lobby 12": dict(answered="JOIN", room="lobby", last="12"),
    "OK LEAVE lobby": dict(answered="LEAVE", room="lobby"),
    "OK SAY lobby 12": dict(answered="SAY", room="lobby", number="12"),
    "OK EDIT lobby 13": dict(answered="EDIT", room="lobby", number="13"),
    "OK DELETE lobby 14": dict(answered="DELETE", room="lobby", number="14"),
    "OK REACT lobby 15": dict(answered="REACT", room="lobby", number="15"),
    "OK WHO lobby": dict(answered="WHO", room="lobby"),
    "OK HISTORY lobby": dict(answered="HISTORY", room="lobby"),
    "OK SEARCH lobby 3": {"answered": "SEARCH", "room": "lobby", "from": "3"},
    "OK READ lobby 11": dict(answered="READ", room="lobby", number="11"),
    "OK LIST": dict(answered="LIST"),
    "OK SET lobby 12": dict(answered="SET", room="lobby", number="12"),
    "OK ROLE lobby 12": dict(answered="ROLE", room="lobby", number="12"),
    "OK KICK lobby ~bob": dict(answered="KICK", room="lobby", name="~bob"),
    "OK HELP": dict(answered="HELP"), "OK STATS": dict(answered="STATS"), "OK RELOAD": dict(answered="RELOAD"),
    "OK DRAIN": dict(answered="DRAIN"), "OK SHUTDOWN": dict(answered="SHUTDOWN"),
    "OK ACCOUNT invite abc": dict(answered="ACCOUNT", action="invite", value="abc"),
    "OK NOTICE 3": dict(answered="NOTICE", count="3"),
    "OK KILL 2": dict(answered="KILL", count="2"),
    "OK BAN 192.0.2.0/24 2": dict(answered="BAN", network="192.0.2.0/24", count="2"),
    "OK BAN": dict(answered="BAN"),
    "OK UNBAN 192.0.2.0/24": dict(answered="UNBAN", network="192.0.2.0/24"),
    "OK CALM 30": dict(answered="CALM", seconds="30"),
    "OK RETRY lobby 12": dict(answered="RETRY", room="lobby", last="12"),
    "OK BACKUP 12 40960": dict(answered="BACKUP", files="12", bytes="40960"),
    f"OK UDP {SESSION.hex()} {KEY.hex()}": dict(answered="UDP", session=":".join(f"{b:02x}" for b in SESSION),
                                               session_key=":".join(f"{b:02x}" for b in KEY)),
}
# Lines that are amiss, by who says them, and the expert that tells.
AMISS = {
    True: {
        "SAY lobby": ["malformed"], "SAY lobby   ": ["malformed"], "DELETE lobby 07": ["malformed"],
        "DELETE lobby 9007199254740992": ["malformed"], "JOIN lobby 5 6": ["malformed"],
        "DANCE lobby": ["unknown_verb"],
        "@id SAY lobby x": [], "@id= SAY lobby x": ["malformed"], "@id=a;;re=5 SAY lobby x": ["malformed"],
        "@id=a; SAY lobby x": ["malformed"], "@ SAY lobby x": ["malformed"], "@id=a?b SAY lobby x": ["malformed"],
        "@id=a": ["malformed"], "@re=x SAY lobby x": ["malformed"], "   ": ["malformed"],
        "@+a=" + "x" * 255 + ";+b=" + "x" * 255 + " SAY lobby x": ["too_long"],
        "SAY lobby " + "x" * 3073: ["too_long"], "SAY lobby " + "x" * 5000: ["too_long", "too_long"],
        b"SAY lobby \xff\xfe": ["bad_utf8"], b"SAY lobby \xe2\xc3\xa9\x80\x80": ["bad_utf8"],
        b"SAY lobby \xed\xa0\x80": ["bad_utf8"], b"SAY lobby \xc0\x80": ["bad_utf8"],
        b"SAY lobby a\x00b": ["control"], b"SAY lobby a\x1bb": ["control"], "SAY lobby a\u0085b": ["control"],
        "SAY lobby a\tb\u2028\U0001f44d": [], "SAY lobby \u00a0": [],
        "REGISTER alice SCRAM-SHA-256$1:a$b:c": ["plain_password"], "@key=" + "k" * 22 + " HELLO alice": ["plain_key"],
        "ACCOUNT add bob SCRAM-SHA-256$1:a$b:c": ["plain_password"],
        "AUTH PLAIN " + base64.b64encode(b"\0ann\0secret").decode(): ["plain_password"],
        "GET / HTTP/1.1": ["unknown_verb"],
    },
    False: {
        "ERR internal broken": ["error_server"], "ERR storage-full no space": ["error_server"],
        "ERR bad-line what": ["error_line"], "ERR unknown-verb what": ["error_line"],
        "ERR denied no": ["error_refused"],
        "GAP lobby 1 2": ["gap"], "RESET lobby 2": ["reset"], "BYE quit": ["bye"], "MSG lobby": ["malformed"],
        "MSG yard 1 2x ~bob hi": ["malformed"], f"DELETE lobby 3 {TIME} ~alice 1 more": ["more_words"],
        "WAVE lobby": ["unknown_verb"], "ok HELLO ~alice": ["unknown_verb"], f"MSG hall 1 {TIME} ~bob      ": [],
    },
}


def lines_of(text, to_server=True, passes=2):
    capture = Capture()
    stream = capture.stream()
    stream.send(to_server, text if isinstance(text, bytes) else text.encode())
    return Tshark(capture).lines(passes)


def every_field():
    """every verb has its fields, by its grammar"""
    for to_server, table in (True, SAID), (False, HEARD):
        found = lines_of("".join(line + "\n" for line in table), to_server)
        equal(len(found), len(table), "as many lines")
        for line, (text, fields) in zip(found, table.items()):
            expected = dict(verb=text.split()[0], **fields) if "verb" not in fields else fields
            equal({key: line.get(key) for key in line.fields}, expected, text)
            expected = {"GAP": ["gap"], "RESET": ["reset"], "BYE": ["bye"], "ERR": ["error_refused"],
                        "REGISTER": ["plain_password"], "PASSWD": ["plain_password"]}.get(text.split()[0], [])
            equal(line.experts, ["plain_key"] if text.startswith("OK UDP") else expected, text)


def grammar_of_the_server():
    """the commands of src/proto/command.c and the lines of doc/vcrp-1.md, and no others, are known"""
    with open(os.path.join(TOP, "src/proto/command.c")) as file:
        rows = re.findall(r'\.name = "([A-Z]+)".*?\.usage = "([^"]*)"', file.read(), re.S)
    with open(os.path.join(TOP, "contrib/wireshark/vcrp.lua")) as file:
        plugin = file.read()
    tables = {name: dict(re.findall(r'(?:^|[\s,])([A-Z]+) = "([^"]*)"', text)) for name, text in
              re.findall(r"^local (REQUESTS|ANSWERS|DONE) = \{(.*?)^\}", plugin, re.S | re.M)}
    requests = tables["REQUESTS"]
    must(rows and {verb for verb, _ in rows} <= set(requests), f"all of {[verb for verb, _ in rows]} are known")
    for verb, usage in rows:
        # An optional word that holds another (BAN) is one word and a text; `a or b` is a word.
        terms = re.sub(r" (?:or|and) \w+", "", usage).replace("[network [reason]]", "[network] [reason]").split()
        known = requests[verb].split()
        equal(len(known), len(terms), f"words of {verb}: {usage}")
        for term, mine in zip(terms, known):
            optional = mine.startswith("[") or mine.startswith(":") and not mine.endswith("!")
            must((term[0] == "[") == optional, f"{verb} {usage} is {requests[verb]}")
    with open(os.path.join(TOP, "doc/vcrp-1.md")) as file:
        grammar = file.read().split("## Appendix: collected ABNF")[1].split("\n## ")[0]
    equal(set(tables["ANSWERS"]) | set(tables["DONE"]), set(re.findall(r'%s"([A-Z]+)"', grammar)), "what a server says")
    equal(set(requests), set(re.findall(r'= "([A-Z]+)"', grammar)), "what a client says")
    equal(set(requests) - set(tables["DONE"]), {"SIGNAL", "PING", "PONG", "QUIT"}, "requests without an OK")


def segments():
    """lines are put together over segments, and taken apart in one"""
    said = f"@id=a1 SAY lobby Hé, world\nPING\r\n\n\r\n\nWHO lobby\nSAY lobby {'x' * 3000}\nQUIT\n".encode()
    whole = [(line.verb, line.fields) for line in lines_of(said)]
    equal([verb for verb, _ in whole], ["SAY", "PING", "WHO", "SAY", "QUIT"], "in one segment")
    for size in 1, 3, 7, 100, 1400:
        capture = Capture()
        stream = capture.stream()
        for i in range(0, len(said), size):
            stream.says(said[i:i + size])
        for passes in 1, 2:
            found = [(line.verb, line.fields) for line in Tshark(capture).lines(passes)]
            equal(found, whole, f"in segments of {size}, {passes} passes")


def unordered():
    """segments that come in another order, or twice, make the same lines"""
    capture = Capture()
    stream = capture.stream()
    for i in range(20):
        stream.says(f"@id=a{i} SAY lobby number {i}\nPI")
        stream.says(f"NG {i}\n")
    packets = capture.packets
    packets[5], packets[6] = packets[6], packets[5]
    packets.insert(9, packets[8])
    shark = Tshark(capture, "-o", "tcp.reassemble_out_of_order:TRUE")
    equal([line.text for line in shark.lines()], [text for i in range(20) for text in (f"number {i}", str(i))], "texts")


def attributes():
    """each attribute has its key, its value, and its own field"""
    line, = lines_of("@id=a1.b_c-d;re=5;+x/y=1;+mood=good;+flag SAY lobby x\n".replace("+x/y=1;", ""))
    equal((line.id, line.re, line.attributes), ("a1.b_c-d", "5", "id=a1.b_c-d;re=5;+mood=good;+flag"), "attributes")
    equal(line.fields["attribute"], ["id=a1.b_c-d", "re=5", "+mood=good", "+flag"], "each")
    equal(line.fields["attribute.key"], ["id", "re", "+mood", "+flag"], "keys")
    equal(line.fields["attribute.value"], ["a1.b_c-d", "5", "good"], "values")
    line, = lines_of("@id=a;wait=250;limit=slow ERR too-fast wait\n", False)
    equal((line.wait, line.limit, line.code), ("250", "slow", "too-fast"), "of an ERR")
    line, = lines_of("@retry=4000 BYE restarting\n", False)
    equal(line.retry, "4000", "of a BYE")
    line, = lines_of("@for=1h;before=9;id=s SEARCH lobby 9 x\n")
    equal((line.get("for"), line.before), ("1h", "9"), "for and before")


def amiss():
    """what is not in the grammar, or tells of trouble, has an expert's remark"""
    for to_server, table in AMISS.items():
        for size in 10000, 1000:
            capture, expected = Capture(), {}
            stream = capture.stream()
            for text, experts in table.items():
                data = (text if isinstance(text, bytes) else text.encode()) + b"\n"
                # Of what is too long, each part says so.
                if len(data) <= max(size, 4096):
                    for i in range(0, len(data), size):
                        frame = stream.send(to_server, data[i:i + size])
                    expected[frame] = (text, experts)
            for line in Tshark(capture).lines():
                text, experts = expected.pop(line.frame)
                equal(line.experts, experts, f"{text[:60]!r}")
            equal(expected, {}, "lines that are none")


def overlong():
    """what has no end for over 4096 bytes is not kept, and what follows is read again"""
    capture = Capture()
    stream = capture.stream()
    for _ in range(100):
        stream.says(b"x" * 1400)
    stream.says(b"y" * 100 + b"\nPING a\nPI")
    stream.says(b"NG b\n")
    for passes in 1, 2:
        found = Tshark(capture).lines(passes)
        equal([line.text for line in found if line.verb], ["a", "b"], "lines behind it")
        equal({expert for line in found if not line.verb for expert in line.experts}, {"too_long"}, "and the long one")
    capture = Capture()
    stream = capture.stream()
    stream.says("SAY lobby no end\nPING")
    stream.ends()
    equal([line.text for line in Tshark(capture).lines()], ["no end"], "a line without its end is none")


def answers():
    """requests and answers are linked by their ids, and an echo by its name too"""
    capture = Capture()
    stream, other = capture.stream(), capture.stream(40001)
    hello = stream.says("@id=h HELLO alice\n")
    greeting = stream.hears("VCRP 1 x y guest\n@id=h OK HELLO ~alice\n")
    asked = stream.says("@id=w WHO lobby\n@id=e SAY lobby hi\n@id=p PING\n@id=n JOIN none\n")
    other.says("@id=w WHO hall\n")
    stream.hears("NAMES lobby ~alice ~bob\n@id=w OK WHO lobby\n")
    foreign = stream.hears(f"@id=e MSG lobby 5 {TIME} ~bob hi\n")
    own = stream.hears(f"@id=e MSG lobby 6 {TIME} ~alice hi\n@id=p PONG\n")
    refused = stream.hears("@id=n ERR no-such-room none\n")
    last = other.hears("@id=w OK WHO hall\n@id=zz OK WHO hall\n")
    shark = Tshark(capture)
    found = {(line.frame, line.verb, line.id): line for line in shark.lines()}
    equal(found[hello, "HELLO", "h"].response_in, str(greeting), "HELLO's answer")
    for verb, id, frame in ("WHO", "w", asked + 2), ("SAY", "e", own), ("PING", "p", own), ("JOIN", "n", refused):
        equal(found[asked, verb, id].response_in, str(frame), f"{verb}'s answer")
        answer = next(line for key, line in found.items() if key[0] == frame and key[2] == id)
        equal(answer.response_to, str(asked), f"and back from {verb}'s")
        equal(float(answer.response_time), (frame - asked) / 1000, f"{verb} took")
    must(found[foreign, "MSG", "e"].response_to is None, "another one's id is none")
    equal(found[asked + 1, "WHO", "w"].response_in, str(last), "each connection has its own ids")
    must(found[last, "OK", "zz"].response_to is None, "an answer to nothing")
    equal([line.response_to for line in shark.lines(1)], [line.response_to for line in shark.lines(2)],
          "answers know their requests in one pass")
    equal(shark.frames("vcrp.response_to == %d" % asked), [asked + 2, own, refused], "by filter")
    equal(shark.frames("vcrp.response_time > 0.0035"), [own, refused, last], "what took long")


def exchange():
    """AUTH is one request; SCRAM is readable, a password is not shown"""
    def sasl(text):
        return base64.b64encode(text.encode()).decode()
    capture = Capture()
    stream = capture.stream()
    first = stream.says("@id=a AUTH SCRAM-SHA-256 " + sasl("n,,n=al=2Cice,r=nonce") + "\n")
    challenge = stream.hears("VCRP 1 x y scram-sha-256\n@id=a AUTH " + sasl("r=nonceMORE,s=c2FsdA==,i=10000") + "\n")
    stream.says("AUTH " + sasl("c=biws,r=nonceMORE,p=cHJvb2Y=") + "\n")
    last = stream.hears("@id=a AUTH " + sasl("v=c2ln") + "\n@id=a OK AUTH alice\n")
    stream.says("AUTH PLAIN\n")
    stream.says("AUTH " + sasl("\0ann\0good morning") + "\n")
    shark = Tshark(capture)
    found = shark.lines()
    equal([(line.get("auth.mechanism"), line.get("auth.message"), line.get("auth.name")) for line in found
           if line.verb == "AUTH"],
          [("SCRAM-SHA-256", "n,,n=al=2Cice,r=nonce", "al,ice"), (None, "r=nonceMORE,s=c2FsdA==,i=10000", None),
           (None, "c=biws,r=nonceMORE,p=cHJvb2Y=", None), (None, "v=c2ln", None), ("PLAIN", None, None),
           (None, "\\0ann\\0(password)", "ann")], "messages")
    equal([line.response_in for line in found if line.frame == first], [str(last)], "answered in the end")
    equal([line.response_to for line in found if line.frame == challenge], [None, str(first)],
          "every step belongs to it")
    equal(found[-1].experts, ["plain_password"], "and it is remarked")
    shown = shark.run("-V", "-O", "vcrp") + shark.run()
    must("good morning" not in shown, "no password in the tree")
    must(sasl("v=c2ln") not in shark.run(), "no data in the list")


def holes():
    """numbers that are missing are found, and only those"""
    def msg(n, room="lobby"):
        return f"MSG {room} {n} {TIME} ~bob x\n"
    capture, checks = Capture(), []
    def check(heard, experts, joins="JOIN lobby\n"):
        stream = capture.stream(41000 + len(checks))
        stream.says("HELLO alice\n" + joins)
        first = stream.hears(GREETING)
        # Each line alone, and then all in one segment.
        if len(checks) % 2:
            heard_in = [stream.hears(heard)]
        else:
            heard_in = [stream.hears(line) for line in heard.splitlines(True)]
        checks.append((first, heard_in[-1], experts, heard))
    check("OK JOIN lobby 10\n" + msg(11) + msg(12), [])
    check("OK JOIN lobby 10\n" + msg(12), [("12", "hole")])
    check(msg(11) + msg(12) + msg(5, "hall") + msg(14), [("14", "hole")])
    check("OK JOIN lobby 10\nGAP lobby 8 12\n" + msg(13), [])
    check("OK JOIN lobby 10\nGAP lobby 12 13\n" + msg(14), [("12", "hole")])
    check("OK JOIN lobby 10\nGAP lobby 11 13\n" + msg(15), [("15", "hole")])
    check("OK JOIN lobby 10\n" + msg(11) + msg(11), [("11", "twice")])
    check("OK JOIN lobby 10\n" + msg(6) + msg(7), [], "JOIN lobby 5\n")
    check("OK JOIN lobby 10\n" + msg(7), [("7", "hole")], "JOIN Lobby 5\n")
    check("RESET lobby 10\nOK JOIN lobby 10\n" + msg(11), [], "JOIN lobby 50\n")
    check("OK JOIN lobby 10\n" + msg(3) + msg(4) + msg(6), [("6", "hole")], "JOIN lobby 0\n")
    check("OK JOIN lobby 10\nPAGE lobby 2\n" + msg(3) + msg(7) + "OK HISTORY lobby\n" + msg(11), [])
    check("OK JOIN lobby 10\nOK LEAVE lobby\nOK JOIN lobby 20\n" + msg(21), [])
    check("OK JOIN lobby 10\nOK JOIN lobby 12\n" + msg(11) + msg(12) + msg(13), [])
    check("OK JOIN lobby 10\nLEAVE lobby ~alice kicked by bob\n" + msg(30), [])
    check(f"OK JOIN lobby {N}\n" + msg(N + 2), [(str(N + 2), "hole")])
    for passes in 1, 2:
        lines = Tshark(capture).lines(passes)
        for first, last, experts, heard in checks:
            equal([(line.number or line.last or line.get("from"), expert) for line in lines
                   if first <= line.frame <= last for expert in line.experts if expert in ("hole", "twice")],
                  experts, heard)


def ports():
    """which port the server has, by preference, by choice, by itself; and when it is used again"""
    capture = Capture()
    stream = capture.stream(port=4444)
    stream.says("HELLO alice\n")
    stream.hears(GREETING)
    stream.says("WHO lobby\n")
    for options in ["-o", "vcrp.ports:4000-4999"], ["-o", "vcrp.ports:1,4444"], ["-d", "tcp.port==4444,vcrp"]:
        equal([(line.verb, line.get("nick")) for line in Tshark(capture, *options).lines()],
              [("HELLO", "alice"), ("VCRP", None), ("OK", None), ("WHO", None)], f"{options}")
    equal([line.verb for line in Tshark(capture).lines(1)], ["VCRP", "OK", "WHO"], "by the greeting")
    equal([line.verb for line in Tshark(capture, "-o", "vcrp.ports:").lines(1)], ["VCRP", "OK", "WHO"], "without ports")
    capture = Capture()
    for _ in range(2):
        stream = capture.stream()
        stream.next = {True: len(capture.packets) * 100000, False: len(capture.packets) * 100000}
        stream.says("@id=h HELLO alice lobby\n")
        stream.hears(f"VCRP 1 x y guest\n@id=h OK HELLO ~alice\nOK JOIN lobby 10\nMSG lobby 11 {TIME} ~bob x\n")
        stream.ends()
    found = Tshark(capture).lines()
    equal([expert for line in found for expert in line.experts], [], "the second connection begins anew")
    equal([int(line.response_to) for line in found if line.response_to], [3, 9], "answers")
    # What does not look like TLS in the middle of it is none of ours; a plain connection after it is.
    capture = Capture()
    stream = capture.stream()
    stream.says(b"\x16\x03\x01\x00\x20" + bytes(32))
    stream.says(b"some of a record\nPING\n")
    stream.ends()
    stream = capture.stream()
    stream.next = {True: 100000, False: 100000}
    stream.says("HELLO alice\nPING\n")
    for passes in 1, 2:
        equal([line.verb for line in Tshark(capture).lines(passes)], ["HELLO", "PING"], "TLS, then plain text")


def proxies():
    """the header of a proxy is read over"""
    for header in b"PROXY TCP4 192.0.2.9 192.0.2.8 5000 3073\r\n", \
            b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes(range(12)):
        for size in 1000, 5:
            said = header + b"HELLO alice\n"
            capture = Capture()
            stream = capture.stream()
            for i in range(0, len(said), size):
                stream.says(said[i:i + size])
            shark = Tshark(capture)
            equal([(line.verb, line.nick, line.experts) for line in shark.lines()], [("HELLO", "alice", [])], "HELLO")
            equal(len(shark.frames("vcrp.proxy")), 1, "and the header")


def filters():
    """display filters by room, number, text, code and time"""
    capture = Capture()
    stream = capture.stream()
    said = stream.says("@id=q;+mood=good SAY lobby Hello\n")
    first = stream.hears(f"MSG lobby {N} {TIME} ~alice Hello\n")
    second = stream.hears(f"MSG hall {N + 5} {int(TIME) + 5000} bob Grüße\n")
    failed = stream.hears("ERR denied no\nBYE killed x\n")
    shark = Tshark(capture)
    for show, frames in (
            ('vcrp.room == "lobby"', [said, first]), (f"vcrp.number > {N}", [second]), ("vcrp.number > 5", [first,
                                                                                                            second]),
            ('vcrp.verb == "SAY"', [said]), ('vcrp.text contains "Grü"', [second]), ('vcrp.code == "denied"', [failed]),
            ('vcrp.name matches "^~"', [first]), ('vcrp.time > "2026-11-22 09:20:00"', [second]), ("vcrp.id", [said]),
            ('vcrp.attribute == "+mood=good"', [said]), ("vcrp.direction == 0", [said]), ("vcrp.expert.bye", [failed]),
            ("vcrp.expert.hole", []), ('vcrp.line contains "Hello"', [said, first])):
        equal(shark.frames(show), frames, show)
    list_ = [re.sub(r".*VCRP +\d+ ", "", row).strip() for row in shark.run().splitlines() if " VCRP " in row]
    equal(list_, ["SAY lobby Hello", f"MSG lobby {N} ~alice Hello", f"MSG hall {N + 5} bob Grüße",
                  "ERR denied no | BYE killed x"], "the packet list")


if __name__ == "__main__":
    main(every_field, grammar_of_the_server, segments, unordered, attributes, amiss, overlong, answers, exchange, holes,
         ports, proxies, filters)
