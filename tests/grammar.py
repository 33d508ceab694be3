# SPDX-License-Identifier: MIT
"""A grammar in the ABNF of RFC 5234 (and RFC 7405), and whether it has a line: a set of its rules, read
from text, and a matcher that takes lines with holes in them."""
import re

CORE = r"""
ALPHA = %x41-5A / %x61-7A
DIGIT = %x30-39
HEXDIG = DIGIT / "A" / "B" / "C" / "D" / "E" / "F"
SP = %x20
HTAB = %x09
CR = %x0D
LF = %x0A
OCTET = %x00-FF
UTF8-2 = %xC2-DF UTF8-tail
UTF8-3 = %xE0 %xA0-BF UTF8-tail / %xE1-EC 2UTF8-tail / %xED %x80-9F UTF8-tail / %xEE-EF 2UTF8-tail
UTF8-4 = %xF0 %x90-BF 2UTF8-tail / %xF1-F3 3UTF8-tail / %xF4 %x80-8F 2UTF8-tail
UTF8-tail = %x80-BF
host = "[" 1*( HEXDIG / ":" / "." ) "]" / *( unreserved / pct-encoded / sub-delims )
port = *DIGIT
unreserved = ALPHA / DIGIT / "-" / "." / "_" / "~"
pct-encoded = "%" HEXDIG HEXDIG
sub-delims = "!" / "$" / "&" / "'" / "(" / ")" / "*" / "+" / "," / ";" / "="
pchar = unreserved / pct-encoded / sub-delims / ":" / "@"
path-absolute = "/" [ 1*pchar *( "/" *pchar ) ]
"""

TOKEN = re.compile(
    r'\s*(?:(?P<text>%[si]?"[^"]*"|"[^"]*")|(?P<value>%x[0-9A-Fa-f]+(?:-[0-9A-Fa-f]+|(?:\.[0-9A-Fa-f]+)*))'
    r"|(?P<repeat>\d*\*\d*|\d+)|(?P<name>[A-Za-z][A-Za-z0-9-]*)|(?P<mark>[][()/]))")


def split_rules(text):
    """(name, text) of each rule: a line that is not indented begins one."""
    rules = []
    for line in text.splitlines():
        if re.match(r"[A-Za-z]", line):
            name, rest = line.split("=", 1)
            rules.append((name.strip(), [rest]))
        elif line.strip():
            rules[-1][1].append(line)
    return [(name, "\n".join(lines)) for name, lines in rules]


class Grammar:
    """Rules by name. A node is ("range", low, high), ("text", bytes, exact), ("ref", name), ("all", nodes),
    ("any", nodes) or ("many", least, most, node)."""

    def __init__(self, text):
        self.rules = {}
        for name, definition in split_rules(CORE + text):
            if name.lower() in self.rules:
                raise ValueError(f"{name} is defined twice")
            self.rules[name.lower()] = self._parse(name, definition)
        for name, node in self.rules.items():
            for wanted in self.references(node):
                if wanted not in self.rules:
                    raise ValueError(f"{name} needs {wanted}, which is not defined")

    def _parse(self, name, text):
        bare = re.sub(r'("[^"]*")|;[^\n]*', lambda m: m[1] or "", text)
        tokens, at = [], 0
        while bare[at:].strip():
            m = TOKEN.match(bare, at)
            if not m:
                raise ValueError(f"{name}: not ABNF: {bare[at:].strip()[:40]}")
            tokens.append((m.lastgroup, m[m.lastgroup]))
            at = m.end()
        node = self._alternation(tokens)
        if tokens:
            raise ValueError(f"{name}: not ABNF from {tokens[0][1]}")
        return node

    def _alternation(self, tokens):
        nodes = [self._concatenation(tokens)]
        while tokens and tokens[0][1] == "/":
            tokens.pop(0)
            nodes.append(self._concatenation(tokens))
        return nodes[0] if len(nodes) == 1 else ("any", nodes)

    def _concatenation(self, tokens):
        nodes = []
        while tokens and tokens[0][1] not in ("/", ")", "]"):
            nodes.append(self._repetition(tokens))
        if not nodes:
            raise ValueError("something is missing")
        return nodes[0] if len(nodes) == 1 else ("all", nodes)

    def _repetition(self, tokens):
        if tokens[0][0] != "repeat":
            return self._element(tokens)
        least, star, most = tokens.pop(0)[1].partition("*")
        node = self._element(tokens)
        return ("many", int(least or 0), int(most) if most else None if star else int(least), node)

    def _element(self, tokens):
        kind, text = tokens.pop(0)
        if kind == "name":
            return ("ref", text.lower())
        if kind == "text":
            return ("text", text[text.index('"') + 1:-1].encode(), text.startswith("%s"))
        if kind == "value":
            if "-" in text:
                return ("range", *(int(part, 16) for part in text[2:].split("-")))
            return ("text", bytes(int(part, 16) for part in text[2:].split(".")), True)
        node = self._alternation(tokens)
        if not tokens or tokens.pop(0)[1] != {"(": ")", "[": "]"}[text]:
            raise ValueError(f"a {text} without its end")
        return node if text == "(" else ("many", 0, 1, node)

    def references(self, node):
        if node[0] == "ref":
            return {node[1]}
        if node[0] == "many":
            return self.references(node[3])
        return set().union(*map(self.references, node[1])) if node[0] in ("all", "any") else set()

    def first_texts(self, node):
        """The texts that a node can begin with, as far as it begins with one."""
        if node[0] == "ref":
            return self.first_texts(self.rules[node[1]])
        if node[0] == "text":
            return {node[1].decode()}
        if node[0] == "any":
            return set().union(*map(self.first_texts, node[1]))
        return self.first_texts(node[1][0]) if node[0] == "all" else set()

    def has(self, rule, line):
        """Is the line, or one that fills its holes, the rule's? Holes: see Line."""
        seen = {}
        return any(line.ends(at) for at in self._walk(("ref", rule), 0, line, seen))

    def _walk(self, node, at, line, seen):
        """The places in the line where the node can end that begins at this place."""
        if node[0] == "range":
            return line.step(at, node[1], node[2])
        if node[0] == "ref":
            key = node[1], at
            if key not in seen:
                seen[key] = self._walk(self.rules[node[1]], at, line, seen)
            return seen[key]
        if node[0] == "any":
            return set().union(*(self._walk(n, at, line, seen) for n in node[1]))
        if node[0] == "many":
            return self._walk_many(*node[1:], at, line, seen)
        places = {at}
        for n in node[1] if node[0] == "all" else line.letters(node[1], node[2]):
            places = set().union(*(self._walk(n, p, line, seen) for p in places))
        return places

    def _walk_many(self, least, most, node, at, line, seen):
        found, places, count = set() if least else {at}, {at}, 0
        while places and count != most:
            places = set().union(*(self._walk(node, p, line, seen) for p in places))
            count += 1
            if count >= least:
                places -= found
                found |= places
        return found


# Holes of a line: one byte or more that are no space; any bytes, or none.
WORD, ANY = "word", "any"


class Line:
    """Bytes, and holes where they are not known."""

    def __init__(self, parts):
        self.parts = []
        for part in parts:
            if part == WORD:
                self.parts += [(False, range(0x21, 0x100)), (True, range(0x21, 0x100))]
            elif part == ANY:
                self.parts.append((True, range(0x09, 0x100)))
            else:
                self.parts += [(False, range(b, b + 1)) for b in part]

    def step(self, at, low, high):
        places = set()
        while at < len(self.parts):
            loops, taken = self.parts[at]
            if low < taken.stop and high >= taken.start:
                places.add(at if loops else at + 1)
            if not loops:
                break
            at += 1
        return places

    def ends(self, at):
        return all(loops for loops, _ in self.parts[at:])

    @staticmethod
    def letters(text, exact):
        for b in text:
            c = chr(b)
            yield ("range", b, b) if exact or c.lower() == c.upper() else \
                ("any", [("range", ord(c.lower()), ord(c.lower())), ("range", ord(c.upper()), ord(c.upper()))])
