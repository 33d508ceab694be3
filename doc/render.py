#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""render.py VERSION MARKDOWN OUTPUT: a document as one page of HTML that needs nothing else, or, where OUTPUT
ends in .txt, as text of 72 columns in the manner of an RFC. Sections get numbers and a table of contents.
Debian's lowdown and w3m do the work."""
import html
import re
import subprocess
import sys

UNNUMBERED = "Abstract", "Status of This Document"
INDENT, WIDTH = 3, 72

STYLE = """
:root { color-scheme: light dark; }
body { max-width: 46rem; margin: 0 auto; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif; }
h1, h2, h3 { line-height: 1.2; margin-top: 2em; }
h1 { margin-top: 0.5em; }
h2 a, h3 a, nav a { color: inherit; text-decoration: none; }
h2 a:hover, h3 a:hover, nav a:hover { text-decoration: underline; }
nav div.sub { padding-left: 1.5em; }
pre, code { font-family: ui-monospace, monospace; font-size: 0.875rem; }
pre { overflow-x: auto; padding: 0.75em; background: #8882; border-radius: 4px; line-height: 1.4; }
code { overflow-wrap: anywhere; }
pre code { overflow-wrap: normal; }
table { border-collapse: collapse; display: block; margin: 1em 0; max-width: 100%; overflow-x: auto; }
td, th { border: 1px solid #8886; padding: 0.25em 0.5em; text-align: left; vertical-align: top; }
dt { font-weight: bold; }
"""


def run(program, *args, text):
    try:
        return subprocess.run([program, *args], input=text, stdout=subprocess.PIPE, check=True, text=True).stdout
    except FileNotFoundError:
        sys.exit(f"{program} is missing, which makes the documents of a release: install what Debian calls {program}")


def numbered(body):
    """The page with numbers before its headings, and [(level, number and title, anchor)]."""
    counts, sections = [0, 0, 0], []

    def heading(m):
        level, anchor, title = int(m[1]), m[2], m[3]
        if title in UNNUMBERED:
            text = title
        elif level == 2 and title.startswith("Appendix: "):
            counts[:] = 0, 0, counts[2] + 1
            title = title.removeprefix("Appendix: ")
            text = f"Appendix {chr(64 + counts[2])}. {title[0].upper() + title[1:]}"
        else:
            counts[:2] = (counts[0] + 1, 0) if level == 2 else (counts[0], counts[1] + 1)
            head = chr(64 + counts[2]) if counts[2] else counts[0]
            text = f"{head}. {title}" if level == 2 else f"{head}.{counts[1]}. {title}"
        sections.append((level, text, anchor))
        return f'<h{level} id="{anchor}"><a href="#{anchor}">{text}</a></h{level}>'

    return re.sub(r'<h([23]) id="([^"]*)">(.*?)</h\1>', heading, body, flags=re.S), sections


def contents(sections):
    rows = "\n".join(f'<div{" class=sub" if level == 3 else ""}><a href="#{anchor}">{text}</a></div>'
                     for level, text, anchor in sections)
    return f"<nav>\n<h2>Table of Contents</h2>\n{rows}\n</nav>\n"


def page(version, source):
    body = run("lowdown", "-Thtml", "--out-no-smarty", text=source)
    body = re.sub(r"<thead>\s*<tr>\s*(<th></th>\s*)+</tr>\s*</thead>", "", body.replace("&#47;", "/"))
    body, sections = numbered(body)
    title = re.search(r"<h1[^>]*>(.*?)</h1>", body)[1]
    first = body.index("<h2", body.index('id="status-of-this-document"'))
    body = body[:first] + contents(sections) + body[first:]
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{STYLE}</style>
</head>
<body>
<p>vcrp {html.escape(version)}</p>
{body}</body>
</html>
""", sections


def mark_code(part):
    """With what stands close to it, in one line if it is short."""
    def mark(m):
        text = f"{m[1]}`{m[2]}`{m[3]}"
        return text if len(text) > 40 else f"<nobr>{text}</nobr>"

    return re.sub(r"(\(?)<code>(.*?)</code>([).,;:]*)", mark, part, flags=re.S)


def as_text(document, sections, version):
    """Sections begin at the margin, what is in them is indented."""
    document = document.replace("<div class=sub>", f"<div>{'&nbsp;' * INDENT}")
    document = re.sub(r"<p>vcrp .*?</p>\n", "", document, count=1)
    document = re.sub(r"<(t[dh])( [^>]*)?>", r'<\1 align="left" valign="top">', document)
    # Code is marked, but where all of it is, or most.
    document = "".join(part if part.startswith(("<pre", "<table")) else mark_code(part)
                       for part in re.split(r"(<pre>.*?</pre>|<table>.*?</table>)", document, flags=re.S))
    plain = run("w3m", "-dump", "-T", "text/html", "-I", "UTF-8", "-O", "UTF-8", "-cols", str(WIDTH - INDENT),
                text=document)
    heads = {html.unescape(re.sub("<.*?>", "", text)) for _, text, _ in sections} | {"Table of Contents"}
    lines = [line.rstrip() for line in plain.replace("\xa0", " ").rstrip().split("\n")]
    title = lines.pop(0)
    start = lines.index("Table of Contents") + 2
    listed = range(start, lines.index("", start))
    out = [f"vcrp {version}", "", title.center(WIDTH).rstrip()]
    out += [line if line in heads and i not in listed else " " * INDENT + line if line else ""
            for i, line in enumerate(lines)]
    return "\n".join(out) + "\n"


def main(version, source, output):
    with open(source, encoding="utf-8") as f:
        document, sections = page(version, f.read())
    if output.endswith(".txt"):
        document = as_text(document, sections, version)
    with open(output, "w", encoding="utf-8") as f:
        f.write(document)


if __name__ == "__main__":
    main(*sys.argv[1:])
