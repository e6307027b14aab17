#!/usr/bin/env python3
"""Checks that includes follow the arrows between the rooms.

rooms.py [ROOT]

Prints one line for each include that does not, and exits with 1 when there was one. What it enforces:
- a room includes only itself and the rooms its arrows lead to, and of another room nothing private, which is what lies in a `detail`;
- no class has the name of one in another room, but for those of SAME_NAMES;
- Boost, CAF, hiredis, msgpack, RE2, OpenSSL and nlohmann-json appear only in the rooms that may know them;
- public headers of libswill/ show none of Boost, CAF, hiredis, OpenSSL and nlohmann-json to those who include them;
- CLI11, which takes a compiler seconds, appears in one source;
- each source includes its own header first;
- project includes are quoted, root-relative and exist.
"""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import checks  # noqa: E402

# Room -> rooms it may include besides itself. The longest directory that fits a file is its room.
ARROWS = {
    "libswill/base": [],
    "libswill/net": ["libswill/base"],
    "libswill/wire": ["libswill/base"],
    "libswill/api": ["libswill/base", "libswill/wire"],
    "actors": ["libswill/base", "libswill/wire", "libswill/api"],
    "actors/workers": ["libswill/base", "libswill/wire", "libswill/api", "actors"],
    "sessions": ["libswill/base", "libswill/wire", "libswill/api", "actors"],
    "actors/cluster": ["libswill/base"],
    "actors/connections": ["libswill/base", "libswill/wire", "libswill/api", "actors", "actors/cluster"],
    "pubsub": ["libswill/base", "libswill/wire", "libswill/api", "actors", "actors/cluster"],
    "libswill/redis": ["libswill/base", "libswill/net"],
    "sessions/redis": ["libswill/base", "libswill/wire", "libswill/api", "actors", "sessions", "libswill/redis"],
    "pubsub/redis": ["libswill/base", "libswill/wire", "libswill/api", "actors", "actors/cluster", "pubsub",
                     "libswill/redis"],
    "libswill/transport": ["libswill/base", "libswill/net", "libswill/wire", "libswill/api"],
    "libswill/logging": ["libswill/base", "libswill/wire", "libswill/api"],
    "libswill/server": ["libswill/base", "libswill/net", "libswill/wire", "libswill/api", "libswill/transport", "actors"],
    "libswill/client": ["libswill/base", "libswill/net", "libswill/wire", "libswill/api", "libswill/transport"],
    "programs/options": ["libswill/base", "libswill/net", "libswill/wire", "libswill/api", "libswill/transport", "libswill/server",
                         "libswill/logging"],
    "programs/gateway": ["libswill/base", "libswill/net", "libswill/wire", "libswill/api", "libswill/transport", "libswill/server",
                         "libswill/redis", "actors/cluster", "actors/connections", "actors/workers", "sessions", "sessions/redis",
                         "pubsub", "pubsub/redis", "programs/options"],
    "programs/worker": ["libswill/base", "libswill/api", "libswill/server", "actors/workers", "sessions", "pubsub", "programs/options",
                        "programs/gateway"],
    # Headers right in libswill/ gather others.
    "libswill": ["libswill/base", "libswill/net", "libswill/wire", "libswill/api", "libswill/transport", "libswill/server",
                 "libswill/client", "actors/cluster", "actors/connections", "sessions", "pubsub"],
}
# Classes of two rooms with one name, which everybody writes with their namespace: redis::client and http::request. No further ones: a
# reader who finds the first takes it for the second.
SAME_NAMES = {"client", "request"}
# These wire the rooms together, or look into all of them. Nothing in the rooms includes them.
FREE = ["apps", "tests"]

# Dependency -> (what its headers look like, rooms that may know it).
DEPENDENCIES = {
    "Boost": (r"boost/", ["libswill/net", "libswill/client"]),
    "CAF": (r"caf/", ["actors", "actors/connections", "actors/workers", "sessions", "pubsub", "libswill/server"]),
    "hiredis": (r"hiredis/", ["libswill/redis"]),
    "msgpack-cxx": (r"msgpack(\.hpp|/)", ["libswill/wire"]),
    "RE2": (r"re2/", ["libswill/api"]),
    "OpenSSL": (r"openssl/", ["libswill/base", "libswill/net", "actors/workers"]),
    "nlohmann-json": (r"nlohmann/", ["libswill/logging"]),
}
# The one source that may know a dependency, in rooms that may know them all.
ONLY_SOURCE = {"CLI11": (r"CLI/", "programs/options/command_line.cpp")}
# Out of sight of whoever includes a public header of libswill/, but for these few.
HIDDEN = ["Boost", "CAF", "hiredis", "nlohmann-json", "OpenSSL"]
SHOWN_BY = {"CAF": [], "Boost": [], "hiredis": [], "nlohmann-json": [], "OpenSSL": []}

# At the beginning of a line: neither nested nor only declared.
CLASS = re.compile(r"^(?:class|struct|enum class) (\w+)(?: final)?\s*(?::[^;{]*)?\{", re.M)
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')


def room_of(path):
    """The room of a path relative to the root; one of FREE; or None."""
    if path.count("/") == 1 and path.startswith("libswill/"):
        return "libswill"
    fits = [room for room in [*ARROWS, *FREE] if room != "libswill" and path.startswith(room + "/")]
    return max(fits, key=len, default=None)


def includes_of(text):
    """(line number, '<' or '"', path) of each include, those inside /* */ and // comments left out."""
    text = re.sub(r"/\*.*?\*/", lambda comment: "\n" * comment.group().count("\n"), text, flags=re.S)
    found = ((number, INCLUDE.match(line)) for number, line in enumerate(text.split("\n"), 1))
    return [(number, match[1], match[2]) for number, match in found if match]


def is_public_header(path):
    """detail directories and files are nobody's business but the room's."""
    return path.startswith("libswill/") and path.endswith(".hpp") and "detail" not in re.split(r"[/._]", path)


def shows(path, dependency):
    """Whether this header shows a dependency that it should hide."""
    return dependency in HIDDEN and is_public_header(path) and path not in SHOWN_BY[dependency]


def dependency_of(target):
    return next((name for name, (pattern, _) in DEPENDENCIES.items() if re.match(pattern, target)), None)


def check_project_include(root, path, room, quote, target):
    """target is root-relative: it begins with the name of a room, or of a free directory."""
    if quote == "<":
        yield f"project header in angle brackets: <{target}>"
    if not (root / target).is_file():
        yield f"no such file: {target}"
    to = room_of(target)
    if room in FREE or to == room:
        return
    if to not in ARROWS[room]:
        yield f"{room} may not include {to}: {target}"
    elif "detail" in target.split("/"):
        yield f"private to {to}: {target}"


def check_foreign_include(path, room, quote, target):
    for name, (pattern, source) in ONLY_SOURCE.items():
        if re.match(pattern, target) and path != source:
            yield f"only {source} may know {name}: {target}"
    dependency = dependency_of(target)
    if dependency is None:
        if quote == '"':
            yield f"quoted, but not root-relative: {target}"
        return
    if room in FREE:
        return
    if room not in DEPENDENCIES[dependency][1]:
        yield f"{room} may not know {dependency}: {target}"
    elif shows(path, dependency):
        yield f"public header shows {dependency}: {target}"


def check_own_header_first(root, path, includes):
    own = re.sub(r"\.cpp$", ".hpp", path)
    if own == path or not (root / own).is_file():
        return
    if not includes or includes[0][2] != own:
        yield includes[0][0] if includes else 1, f"its own header must come first: {own}"


def way_to(dependency, header, headers, seen):
    """The includes that lead from a header of ours to one of a dependency; None if none do."""
    for _, _, target in headers[header]:
        if dependency_of(target) == dependency:
            return [target]
        if target in headers and target not in seen:
            seen.add(target)
            way = way_to(dependency, target, headers, seen)
            if way:
                return [target, *way]
    return None


def check_reaching(headers):
    """What a header may not show it may not reach through another header of ours either."""
    for header in headers:
        for dependency in HIDDEN:
            way = way_to(dependency, header, headers, {header}) if shows(header, dependency) else None
            if way and len(way) > 1:
                yield header, 1, f"public header reaches {dependency}: {' -> '.join(way)}"


def check_names(sources):
    """A class has its name for itself. sources: (path, text) of each file."""
    rooms_of = {}
    for path, text in sources:
        room = room_of(path)
        if room is None or room in FREE:
            continue
        for match in CLASS.finditer(re.sub(r"//.*", "", text)):
            rooms_of.setdefault(match[1], {}).setdefault(room, path)
    for name, rooms in sorted(rooms_of.items()):
        if len(rooms) > 1 and name not in SAME_NAMES:
            yield max(rooms.values()), 1, f"class {name} is in several rooms: {', '.join(sorted(rooms))}"


def check(root):
    """(path, line, what is wrong) of everything below root."""
    headers = {}
    tops = sorted({room.split("/")[0] for room in [*ARROWS, *FREE]})
    files = sorted(file for top in tops for suffix in ("hpp", "cpp") for file in (root / top).rglob(f"*.{suffix}"))
    for file in files:
        path = file.relative_to(root).as_posix()
        room = room_of(path)
        if room is None:
            yield path, 1, "in no room: add its directory to tests/lint/rooms.py"
            continue
        includes = includes_of(file.read_text(encoding="utf-8"))
        if path.endswith(".hpp"):
            headers[path] = includes
        for line, quote, target in includes:
            if target.split("/")[0] in tops:
                wrongs = check_project_include(root, path, room, quote, target)
            else:
                wrongs = check_foreign_include(path, room, quote, target)
            for wrong in wrongs:
                yield path, line, wrong
        for line, wrong in check_own_header_first(root, path, includes):
            yield path, line, wrong
    yield from check_reaching(headers)
    yield from check_names((file.relative_to(root).as_posix(), file.read_text(encoding="utf-8")) for file in files)
    if not files:
        yield str(root), 1, "no sources here"


if __name__ == "__main__":
    checks.run(lambda root: (f"{path}:{line}: {wrong}" for path, line, wrong in check(root)))
