#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The ABNF of doc/vcrp-1.md is what is really said. Every line of the document's examples, and every line
that a talk script sends or awaits, is parsed with the document's grammar; lines that a script sends because
they are wrong are none. abnf.py --collect prints all rules, for the document's appendix."""
import glob
import os
import re
import sys

from grammar import ANY, CORE, WORD, Grammar, Line, split_rules

# What a server says of a line that the grammar does not have, and what it may say of one that it has or has
# not: the grammar knows no longest name, nor that an id was used before.
WRONG = {"bad-line", "too-long", "bad-utf8", "unknown-verb"}
EITHER = {"bad-value", "bad-name", "auth-failed", "*", "..."}
EXAMPLES = {("session", "C: "): ["request", "line"], ("session", "S: "): ["server-line", "line"],
            ("discovery", "C: "): ["discovery-question"], ("discovery", "S: "): ["discovery-answer"],
            ("gone", "S: "): ["gone"]}
NUMBER = "1838427338437633"
LINE_MOST, ATTRIBUTES_MOST = 4096, 512


class Document:
    def __init__(self, path):
        with open(path, encoding="utf-8") as f:
            self.text = f.read()
        body, mark, self.appendix = self.text.partition("\n## Appendix: collected ABNF\n")
        self.blocks = re.findall(r"^```abnf\n(.*?)^```$", body, re.S | re.M)
        self.examples = re.findall(r"^```(session|discovery|gone|uri)\n(.*?)^```$", self.text, re.S | re.M)

    def collected(self):
        return "\n".join(self.blocks)

    def table(self, head):
        """The first column of the table with this head, code marks and all."""
        rows = re.search(r"^\| " + re.escape(head) + r" \|.*\n\|.*\n((?:\|.*\n)+)", self.text, re.M)
        return [row.split("|")[1].strip() for row in rows[1].splitlines()]

    def said(self):
        """(rules, line) of the examples; folded lines are unfolded."""
        for kind, example in self.examples:
            for line in re.sub(r"\\\n +", "", example).splitlines():
                if kind == "uri":
                    yield ["local-uri" if ":///" in line else "vcrp-uri"], line.encode()
                else:
                    yield EXAMPLES[kind, line[:3]], line[3:].encode() + b"\n"


class Script:
    """One talk script: what is sent and awaited, as far as lines go. See tests/talk.md."""

    def __init__(self, path):
        self.path, self.faults, self.sent, self.awaited = path, [], 0, 0
        self.waiting = {}  # by peer: (lines sent, their answers), until it sends again
        self.rest = {}     # by peer: what was sent without an end of line

    def fill(self, text):
        """With the values of names, which are all numbers but for two."""
        def value(m):
            if "*" in m[1]:
                piece, count = m[1].rsplit("*", 1)
                return piece * int(count) if count.isdigit() else piece
            return {"i": "0", "user": "root"}.get(m[1], NUMBER)
        return re.sub(r"\$\{([^}]*)\}", value, text)

    def run(self, grammar):
        self.grammar = grammar
        with open(self.path, encoding="utf-8") as f:
            lines = f.read().splitlines()
        config = False
        for number, line in enumerate(lines, 1):
            self.at = f"{self.path}:{number}"
            config = line != "end" if config else line == "config"
            m = re.match(r"(?:[\d$]\S*\* )?([^\s<>!]+)(>>|>|<EOF|<\?|<\*|<\||<|!) ?(.*)", line)
            if m and not config and not line.startswith(("#", "server!", "log<")):
                self.step(*m.groups())
        for peer in list(self.waiting):
            self.settle(peer)

    def step(self, peer, op, text):
        if op == "!" or op == "<?":
            return
        if op[0] == ">":
            if self.waiting.get(peer, (None, []))[1]:
                self.settle(peer)
            self.send(peer, self.unescape(self.fill(text)) if op == ">>" else self.fill(text).encode() + b"\n")
        elif op == "<EOF":
            self.waiting.setdefault(peer, ([], []))[1].append("EOF")
            self.settle(peer)
            self.rest.pop(peer, None)
        else:
            self.expect(text)
            self.waiting.setdefault(peer, ([], []))[1].append(text)

    @staticmethod
    def unescape(text):
        names = {"n": b"\n", "r": b"\r", "t": b"\t", "0": b"\0", "\\": b"\\"}
        out = b""
        for m in re.finditer(r"\\x([0-9a-fA-F]{2})|\\([nrt0\\])|(.)", text, re.S):
            out += bytes([int(m[1], 16)]) if m[1] else names[m[2]] if m[2] else m[3].encode()
        return out

    def send(self, peer, data):
        *lines, self.rest[peer] = (self.rest.get(peer, b"") + data).split(b"\n")
        for line in lines:
            if line.strip(b"\r"):
                self.sent += 1
                self.waiting.setdefault(peer, ([], []))[0].append((self.at, line + b"\n"))

    def is_request(self, line):
        attributes = line.split(b" ", 1)[0] if line.startswith(b"@") else b""
        return len(line) <= LINE_MOST and len(attributes) <= ATTRIBUTES_MOST + 1 and \
            self.grammar.has("request", Line([line]))

    def expect(self, pattern):
        """A server's line could look so: holes are holes."""
        self.awaited += 1
        pattern = self.fill(pattern)
        versions = [pattern, pattern[:-4]] if pattern.endswith(" ...") else [pattern]
        if not any(self.grammar.has("server-line", self.holes(v)) for v in versions):
            self.faults.append(f"{self.at}: no line of a server: {pattern}")

    @staticmethod
    def holes(pattern):
        parts = []
        for m in re.finditer(r"(\.\.\.)|(\*)|\\(.)|(.)", pattern):
            parts.append(ANY if m[1] else WORD if m[2] else (m[3] or m[4]).encode())
        return Line([*parts, b"\n"])

    def settle(self, peer):
        """What was sent together is compared with what was answered: one with an id by its own answer, all
        others by how many were refused."""
        lines, answers = self.waiting.pop(peer)
        errors = [re.match(r"(?:@(\S*) )?ERR (\S+)", a) for a in answers]
        errors = [(self.id_of(m[1] or ""), m[2]) for m in errors if m]
        ended = "EOF" in answers
        for place, line in lines:
            if id := self.id_of(line[1:].split(b" ", 1)[0].decode(errors="replace")) if line[:1] == b"@" else "":
                found = [code for i, code in errors if self.fill(i) == id]
                if found:
                    errors = [(i, code) for i, code in errors if self.fill(i) != id]
                    self.judge([(place, line)], found, ended)
                    lines = [pair for pair in lines if pair[1] is not line]
        self.judge(lines, [code for _, code in errors], ended)

    @staticmethod
    def id_of(attributes):
        m = re.search(r"(?:^|;)id=([^;]*)", attributes)
        return m[1] if m else ""

    def judge(self, lines, codes, ended):
        refused = [(place, line) for place, line in lines if not self.is_request(line)]
        least = sum(code in WRONG for code in codes)
        most = least + sum(code in EITHER for code in codes)
        if len(refused) < least:
            self.faults += [f"{p}: the grammar has what is refused ({', '.join(codes)}): {line[:99]!r}"
                            for p, line in lines]
        if len(refused) > most and not (ended and least):
            self.faults += [f"{p}: the grammar lacks what is taken: {line[:99]!r}" for p, line in refused]


def compare(what, one, other):
    return [f"{what}: {', '.join(sorted(one ^ other))}"] if one != other else []


def check_rules(document, grammar):
    """The appendix is the blocks; each command, event and code has its rule."""
    def flat(text):
        return [(name, " ".join(rule.split())) for name, rule in split_rules(text)]

    faults = []
    appendix = re.search(r"^```abnf\n(.*?)^```$", document.appendix, re.S | re.M)
    if not appendix or flat(appendix[1]) != flat(document.collected()):
        faults.append("the appendix is not what abnf.py --collect prints")
    requests = grammar.first_texts(("any", [("ref", "command"), ("ref", "texted")]))
    verbs = {row.strip("`").split(" ")[0] for row in document.table("request")}
    faults += compare("commands with a rule or in the table alone", requests, verbs)
    lines = set().union(*(grammar.first_texts(("ref", rule)) for rule in (
        "numbered", "ephemeral", "told", "greeting", "challenge", "ok", "err")))
    told = {verb for row in document.table("line") for verb in re.findall("[A-Z]+", row)}
    faults += compare("lines of a server with a rule or in the table alone", lines, told)
    codes = {row.strip("`") for row in document.table("code")}
    faults += compare("codes in the rule or in the table alone", grammar.first_texts(("ref", "code")), codes)
    used = {"request", "server-line", "line", "datagram", "plaintext", "discovery-question",
            "discovery-answer", "gone", "vcrp-uri", "local-uri"}
    used = used.union(*(grammar.references(node) for node in grammar.rules.values()))
    core = {name.lower() for name, _ in split_rules(CORE)}
    return faults + [f"nothing needs {name}" for name in sorted(set(grammar.rules) - used - core)]


def check_examples(document, grammar):
    faults, count = [], 0
    for rules, line in document.said():
        count += 1
        faults += [f"the document's {rule} lacks its own {line!r}" for rule in rules
                   if not grammar.has(rule, Line([line]))]
    return faults, count


def main(document, scripts):
    grammar = Grammar(document.collected())
    faults = check_rules(document, grammar)
    found, count = check_examples(document, grammar)
    faults += found
    sent = awaited = 0
    for name in scripts:
        script = Script(name)
        script.run(grammar)
        faults += script.faults
        sent, awaited = sent + script.sent, awaited + script.awaited
    for fault in faults:
        print("FAIL", fault)
    print(f"{len(grammar.rules)} rules, {count} lines of examples, {len(scripts)} scripts with {sent} lines sent "
          f"and {awaited} awaited")
    if not scripts or not count or not sent:
        sys.exit("nothing was looked at")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    top = os.environ.get("srcdir", ".")
    document = Document(f"{top}/doc/vcrp-1.md")
    if sys.argv[1:] == ["--collect"]:
        print(document.collected(), end="")
    else:
        main(document, sys.argv[1:] or sorted(glob.glob(f"{top}/tests/talk/*.talk")))
