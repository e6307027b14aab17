"""Compiles a file of mistakes, and checks what the compiler says first for each.

run.py FILE COMPILER [FLAG...]

A line of FILE that ends with `// says: TEXT` must be told an error or a warning that contains TEXT, and nothing else; after
`// on g++ 12 says: TEXT` the same, where the compiler is a g++ that breaks temporaries (libswill/base/temporaries.hpp). All other lines
must be told nothing. What the library says is told to the line of FILE that it was instantiated for.
"""

import os
import re
import subprocess
import sys

SAYS = re.compile(r'// (on g\+\+ 12 )?says: (.*)$')
# g++ names the line before the message, clang after it.
REQUIRED = re.compile(r'^(\S+?):(\d+):\d+:\s+required from')
TOLD = re.compile(r'^(\S+?):(\d+):\d+: (?:fatal )?(error|warning): (.*)$')
REQUESTED = re.compile(r'^(\S+?):(\d+):\d+: note: in instantiation of .* requested here')


def macros_of(compiler):
    """What the compiler says of itself."""
    return subprocess.run([compiler, '-x', 'c++', '-dM', '-E', os.devnull], capture_output=True, text=True, check=True).stdout


def breaks_temporaries(macros):
    """Whether it is a g++ up to 12."""
    gnuc = re.search(r'#define __GNUC__ (\d+)', macros)
    return '__clang__' not in macros and gnuc is not None and int(gnuc[1]) <= 12


def expected_of(path, broken):
    """Line number -> what must be said for it."""
    out = {}
    with open(path, encoding='utf-8') as source:
        for number, line in enumerate(source, 1):
            if (found := SAYS.search(line)) and (broken or not found[1]):
                out[number] = found[2].strip()
    return out


def told_of(path, output):
    """Line number -> all that was said for it; what was said for none is under 0."""
    out = {}
    context = 0  # the line that a template is being instantiated for
    last = None  # the last message
    within = False  # whether that was said of the library, so that the notes after it name its line, the outermost last
    for text in output.splitlines():
        if found := REQUIRED.match(text):
            context = int(found[2]) if found[1] == path else context
        elif found := TOLD.match(text):
            number = int(found[2]) if found[1] == path else context
            last = [number, found[4]]
            out.setdefault(number, []).append(last)
            within = number == 0
            context = context if found[1] != path else 0
        elif (found := REQUESTED.match(text)) and found[1] == path and within:
            out[last[0]].remove(last)
            last[0] = int(found[2])
            out.setdefault(last[0], []).append(last)
        elif ': In instantiation of ' in text:
            context = 0
    return {number: [message for _, message in messages] for number, messages in out.items() if messages}


def main():
    path, compiler, *flags = sys.argv[1:]
    macros = macros_of(compiler)
    expected = expected_of(path, breaks_temporaries(macros))
    if '__clang__' in macros:
        flags.append('-ferror-limit=0')
    done = subprocess.run([compiler, *flags, '-S', '-o', os.devnull, path], capture_output=True, text=True,
                          env={**os.environ, 'LC_ALL': 'C'})
    told = told_of(path, done.stderr)

    failed = False
    for number in sorted(expected.keys() | told.keys()):
        wanted, given = expected.get(number), told.get(number, [])
        if len(given) > 1:  # -Wextra tells of a member that is left out besides what the library says of it
            given = [message for message in given if not message.endswith('-field-initializers]')]
        if wanted is None:
            print(f'{path}:{number}: is right, but is told: {given}')
        elif not given:
            print(f'{path}:{number}: is told nothing instead of: {wanted}')
        elif wanted not in given[0] or len(given) > 1:
            print(f'{path}:{number}: is told {given} instead of: {wanted}')
        else:
            continue
        failed = True
    if failed or not expected:
        print(f'--- {compiler} said:\n{done.stderr[:20000]}')
        return 1
    print(f'{len(expected)} mistakes are told in one line each')
    return 0


if __name__ == '__main__':
    sys.exit(main())
