#!/usr/bin/env python3
"""pages.py -- the manual pages are whole, and say what the programs do

SPDX-License-Identifier: MIT

Every program, file, function, option and command has its page and place, with
the prototypes of vcrp.h, and no page has one that is not there. mandoc finds
nothing to warn of.

    tests/pages.py          in the directory of the build
"""
import os
import pathlib
import re
import subprocess
import sys

top = pathlib.Path(os.environ.get('srcdir', '.')).resolve()
faults = []

SECTIONS = {
    '1': ['DESCRIPTION', 'ENVIRONMENT', 'FILES', 'EXIT STATUS', 'EXAMPLES'],
    '3': ['LIBRARY', 'SYNOPSIS', 'DESCRIPTION'],
    '5': ['DESCRIPTION', 'FILES', 'EXAMPLES'],
    '7': ['DESCRIPTION', 'FILES'],
    '8': ['DESCRIPTION', 'FILES', 'EXIT STATUS', 'EXAMPLES'],
}


def fault(text):
    faults.append(text)


def read_pages():
    """The source of each page, by its file's name without .in."""
    pages = {}
    for path in sorted((top / 'doc/man').iterdir()):
        name = path.name.removesuffix('.in')
        if re.fullmatch(r'[a-z_.]+\.[1-8]', name):
            pages[name] = path.read_text()
    return pages


def names(page):
    """What the NAME section says it is about."""
    section = re.search(r'^\.Sh NAME\n(.*?)^\.Nd ', page, re.M | re.S)
    return re.findall(r'^\.Nm (\S+)', section.group(1), re.M)


def lint(pages):
    for path in sorted((top / 'doc/man').iterdir()):
        if path.name.removesuffix('.in') not in pages:
            continue
        try:
            done = subprocess.run(['mandoc', '-Tlint', '-Wwarning', path],
                                  capture_output=True, text=True)
        except FileNotFoundError:
            sys.exit('mandoc is missing: install mandoc')
        if done.returncode != 0 or done.stdout or done.stderr:
            fault(done.stdout + done.stderr)


def look_at_sections(pages):
    for name, page in pages.items():
        for section in SECTIONS[name[-1]] + ['SEE ALSO']:
            if f'\n.Sh {section}\n' not in page:
                fault(f'{name}: has no section {section}')


def look_at_references(pages):
    """What a page says of ours, to see also, is there."""
    there = {f'{topic}({name[-1]})' for name, page in pages.items()
             for topic in names(page)}
    for name, page in pages.items():
        for topic, section in re.findall(r'\.Xr (\S+) (\d)', page):
            if 'vcrp' in topic and f'{topic}({section})' not in there:
                fault(f'{name}: refers to {topic}({section}), not there')


def installed_aliases():
    text = (top / 'Makefile.am').read_text()
    return set(re.findall(r'^\tdoc/man/(?:alias/)?(\w+)\.3\b', text, re.M))


def look_at_aliases(pages):
    """Each topic is found by its own name."""
    has = installed_aliases()
    topics = {topic for name, page in pages.items() if name.endswith('.3')
              for topic in names(page)}
    for topic in sorted(topics - has):
        fault(f'Makefile.am: installs no page {topic}(3)')
    for topic in sorted(has - topics):
        fault(f'Makefile.am: has a page {topic}(3), which is about nothing')


# The library

def without_comments(text):
    return re.sub(r'/\*.*?\*/', '', text, flags=re.S)


def plain_type(argument):
    """Of a parameter, without its name."""
    argument = ' '.join(argument.split()).replace('* ', '*')
    if not argument.endswith('*') and ' ' in argument:
        argument = re.sub(r'(?<=[ *])\w+$', '', argument)
    return argument.strip().replace(' *', '*')


def header_functions():
    text = without_comments((top / 'include/vcrp.h').read_text())
    found = {}
    for result, name, arguments in re.findall(
            r'^((?:const )?(?:struct )?\w+ \*?)(vcrp_\w+)\(([^)]*)\);', text,
            re.M):
        found[name] = (plain_type(result),
                       [plain_type(a) for a in arguments.split(',')])
    return found


def page_functions(page):
    """Those of the SYNOPSIS: by .Fn on a line, or .Fo, .Fa ..., .Fc."""
    synopsis = re.search(r'^\.Sh SYNOPSIS\n(.*?)^\.Sh', page,
                         re.M | re.S).group(1)
    found = {}
    for result, macro, name, rest in re.findall(
            r'^\.Ft (.*)\n\.(Fn|Fo) (\w+)(.*(?:\n\.Fa .*)*)', synopsis, re.M):
        quoted = re.findall(r'"([^"]*)"', rest)
        found[name] = (plain_type(result),
                       [plain_type(a) for a in quoted or rest.split()])
    return found


def exported():
    library = pathlib.Path('lib/.libs/libvcrp.so')
    if not library.exists():
        return None
    done = subprocess.run(['nm', '-D', '--defined-only', library],
                          capture_output=True, text=True, check=True)
    return {line.split()[-1].split('@')[0] for line in
            done.stdout.splitlines() if ' T ' in line}


def look_at_functions(pages):
    header = header_functions()
    described = {}
    for name, page in pages.items():
        if not name.endswith('.3'):
            continue
        functions = page_functions(page)
        described.update(functions)
        if set(functions) != set(names(page)) - {'libvcrp'}:
            fault(f'{name}: NAME and SYNOPSIS are about other functions')
    for function in sorted(set(header) | set(described)):
        if header.get(function) != described.get(function):
            fault(f'{function}: vcrp.h has {header.get(function)}, '
                  f'the page {described.get(function)}')
    if exported() not in (None, set(header)):
        fault(f'libvcrp exports {sorted(exported() ^ set(header))} '
              'or not, unlike vcrp.h')


def look_at_fields(pages):
    """All that the header defines is in some page of the library."""
    text = without_comments((top / 'include/vcrp.h').read_text())
    told = '\n'.join(p for name, p in pages.items() if name.endswith('.3'))
    constants = re.findall(r'\b(VCRP_[A-Z_]+)\b', text)
    for constant in sorted(set(constants) - {'VCRP_H'}):
        if not re.search(rf'^\.(It )?Dv {constant}\b', told, re.M):
            fault(f'{constant}: is on no page')
    for struct, page in (('options', 'vcrp_new.3'), ('event', 'vcrp_next.3')):
        body = re.search(rf'^struct vcrp_{struct} {{\n(.*?)^}};', text,
                         re.M | re.S).group(1)
        fields = re.findall(r'(\w+)(?:\[\w*\])?;', body)
        entries = ' '.join(re.findall(r'^\.It (Va .*)', pages[page], re.M))
        has = re.findall(r'(\w+)(?:\[\])?(?= ,|$| Va)', entries)
        for field in sorted(set(fields) ^ set(has)):
            fault(f'{page}: struct vcrp_{struct}: {field} is in one of '
                  'them only')


# The programs

def help_of(variable):
    done = subprocess.run([os.environ[variable], '--help'], text=True,
                          capture_output=True, check=True)
    return done.stdout


def help_options(text):
    """As a page has them: -s and --server=SERVER are s and -server."""
    found = set()
    for cluster in re.findall(r'\[-(\w{2,})\]', text):
        found.update(cluster)
    text = re.sub(r'\[-\w{2,}\]', '', text)
    found.update(re.findall(r'(?<![\w-])-(-?[A-Za-z][a-z-]*)', text))
    return found


def flags(lines):
    return {flag for line in lines
            for flag in re.findall(r'\bFl (-?[A-Za-z][\w-]*)', line)}


def look_at_options(pages):
    for page, variable in (('vcrp.1', 'VCRP'), ('vcrpctl.8', 'VCRPCTL'),
                           ('vcrpd.8', 'VCRPD')):
        has = help_options(help_of(variable))
        lines = pages[page].splitlines()
        entries = flags(line for line in lines if line.startswith('.It '))
        others = set()
        for flag in flags(lines):
            others.update([flag] if flag[0] == '-' else flag)
        for option in sorted(has - entries):
            fault(f'{page}: -{option} of --help has no entry')
        for option in sorted((entries | others) - has):
            fault(f'{page}: -{option} is not in --help')


def look_at_commands(pages):
    """vcrp's and vcrpctl's, of one or two words, some of them a|b."""
    table = {
        'vcrp.1': re.findall(r'^[a-z: ]+ vcrp (?:\[\S+\] )*([a-z]+)\b',
                             help_of('VCRP'), re.M),
        'vcrpctl.8': re.findall(
            r'^  ((?:account |room )?[a-z|]+)', help_of('VCRPCTL'), re.M),
    }
    for page, commands in table.items():
        has = set()
        for entry in re.findall(r'^\.It Ic ([a-z][a-z |]*)', pages[page],
                                re.M):
            has.add(entry.strip().replace(' | ', '|'))
        for command in sorted(has ^ set(commands)):
            fault(f'{page}: {command} is in the page or in --help only')


def look_at_verbs(pages):
    text = (top / 'src/proto/command.c').read_text()
    entries = '\n'.join(re.findall(r'^\.It Ic (.*)', pages['vcrp.7'], re.M))
    for verb in re.findall(r'\.name = "([A-Z]+)"', text):
        if not re.search(rf'\b{verb}\b', entries):
            fault(f'vcrp.7: {verb} has no entry')
    text = (top / 'doc/vcrp-1.md').read_text()
    events = text[text.index('\n## Events\n'):]
    events = events[:events.index('\n## ', 1)]
    for verb in re.findall(r'^    ([A-Z]+)\b', events, re.M):
        if not re.search(rf'^{verb}\b', pages['vcrp.7'], re.M):
            fault(f'vcrp.7: the event {verb} is not there')


def main():
    pages = read_pages()
    for program in 'vcrp.1', 'vcrp.7', 'vcrpctl.8', 'vcrpd.8', 'vcrpd.conf.5':
        if program not in pages:
            sys.exit(f'{program}: not there')
    lint(pages)
    look_at_sections(pages)
    look_at_references(pages)
    look_at_aliases(pages)
    look_at_functions(pages)
    look_at_fields(pages)
    look_at_options(pages)
    look_at_commands(pages)
    look_at_verbs(pages)
    for text in faults:
        print(text)
    print(f'{len(pages)} pages, {len(header_functions())} functions, '
          f'{len(faults)} faults')
    sys.exit(1 if faults else 0)


if __name__ == '__main__':
    main()
