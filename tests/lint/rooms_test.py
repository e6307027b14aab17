#!/usr/bin/env python3
"""Breaks each rule of rooms.py in a tree of its own, and looks whether rooms.py notices that and nothing else."""
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).with_name("rooms.py")

# A tree in order: every room, and all that is allowed.
GOOD = {
    "libswill/base/result.hpp": ["<string>"],
    "libswill/net/poller.hpp": ['"libswill/base/result.hpp"'],
    "libswill/net/poller.cpp": ['"libswill/net/poller.hpp"', '"libswill/net/detail/reactor.hpp"'],
    "libswill/net/detail/reactor.hpp": ["<boost/asio.hpp>", '"libswill/base/result.hpp"'],
    "libswill/wire/codec.hpp": ['"libswill/base/result.hpp"'],
    "libswill/wire/codec.cpp": ['"libswill/wire/codec.hpp"', "<msgpack.hpp>", "<vector>"],
    "libswill/api/app.hpp": ['"libswill/wire/codec.hpp"', '"libswill/api/detail/describe.hpp"'],
    "libswill/api/detail/describe.hpp": ['"libswill/base/result.hpp"'],
    "libswill/api/pattern.cpp": ["<re2/re2.h>"],
    "libswill/transport/listener.hpp": ['"libswill/api/app.hpp"'],
    "libswill/transport/listener.cpp": [
        '"libswill/transport/listener.hpp"', '"libswill/transport/detail/connection.hpp"'],
    "libswill/transport/detail/connection.hpp": ['"libswill/net/poller.hpp"'],
    "actors/runtime.hpp": ['"libswill/api/app.hpp"', "<caf/actor.hpp>"],
    "libswill/server/server.hpp": ['"libswill/api/app.hpp"'],
    "libswill/server/server.cpp": [
        '"libswill/server/server.hpp"', '"actors/runtime.hpp"', '"libswill/transport/listener.hpp"'],
    "libswill/client/client.hpp": ['"libswill/api/app.hpp"', '"libswill/transport/listener.hpp"'],
    "libswill/client/client.cpp": ['"libswill/client/client.hpp"', "<boost/beast.hpp>"],
    "libswill/logging/logging.hpp": ['"libswill/api/app.hpp"'],
    "libswill/logging/targets.cpp": ["<nlohmann/json.hpp>"],
    "libswill/redis/client.cpp": ["<hiredis/hiredis.h>", '"libswill/base/result.hpp"'],
    "libswill/swill.hpp": ['"libswill/server/server.hpp"', '"libswill/client/client.hpp"'],
    "apps/gateway/main.cpp": ['"libswill/server/server.hpp"', '"actors/runtime.hpp"', "<boost/asio.hpp>"],
    "programs/options/command_line.cpp": ["<CLI/CLI.hpp>"],
    "tests/support/pipe.hpp": ['"libswill/wire/codec.hpp"', "<gtest/gtest.h>"],
}


def run(tree):
    """The lines that rooms.py prints for a tree {path: [what it includes]}, without line numbers."""
    with tempfile.TemporaryDirectory() as root:
        for path, includes in tree.items():
            file = pathlib.Path(root, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            text = includes if isinstance(includes, str) else "".join(f"#include {name}\n" for name in includes)
            file.write_text(text, encoding="utf-8")
        done = subprocess.run([sys.executable, SCRIPT, root], capture_output=True, text=True, check=False)
    lines = [re.sub(r":\d+:", ":", line, count=1) for line in done.stdout.splitlines()]
    assert done.returncode == (1 if lines else 0), (done.returncode, done.stdout, done.stderr)
    return lines


class Rooms(unittest.TestCase):
    def finds(self, path, includes, *wrongs):
        """The good tree with this file in addition (or instead) is found wrong in just these ways."""
        found = run({**GOOD, path: includes})
        self.assertEqual(len(found), len(wrongs), found)
        for line, wrong in zip(found, wrongs):
            self.assertIn(wrong, line)

    def test_the_good_tree_is_good(self):
        self.assertEqual(run(GOOD), [])

    def test_an_empty_tree_is_not_good(self):
        self.assertEqual(len(run({})), 1)

    def test_arrows_hold_for_every_pair_of_rooms(self):
        header_of = {
            "libswill/base": "libswill/base/result.hpp", "libswill/wire": "libswill/wire/codec.hpp",
            "libswill/api": "libswill/api/app.hpp", "actors": "actors/runtime.hpp",
            "libswill/net": "libswill/net/poller.hpp", "libswill/transport": "libswill/transport/listener.hpp",
            "libswill/server": "libswill/server/server.hpp",
            "libswill/client": "libswill/client/client.hpp", "libswill/logging": "libswill/logging/logging.hpp",
        }
        below = {
            "libswill/base": "", "libswill/wire": "base", "libswill/api": "base wire", "actors": "base wire api",
            "libswill/net": "base", "libswill/transport": "base net wire api",
            "libswill/server": "base net wire api transport actors", "libswill/client": "base net wire api transport", "libswill/logging": "base wire api",
        }
        for room, allowed in below.items():
            for to, header in header_of.items():
                with self.subTest(room=room, to=to):
                    good = to == room or to.split("/")[-1] in allowed.split()
                    self.finds(f"{room}/new.cpp", [f'"{header}"'], *([] if good else [f"{room} may not include {to}"]))

    def test_one_source_knows_the_parser_of_command_lines(self):
        self.finds("apps/gateway/options.cpp", ["<CLI/CLI.hpp>"], "only programs/options/command_line.cpp may know CLI11")

    def test_rooms_include_neither_apps_nor_tests(self):
        self.finds("libswill/server/new.cpp", ['"tests/support/pipe.hpp"'], "may not include tests")
        tree = {**GOOD, "apps/common/flags.hpp": [], "actors/new.cpp": ['"apps/common/flags.hpp"']}
        self.assertIn("actors may not include apps", run(tree)[0])

    def test_what_is_private_stays_in_its_room(self):
        self.finds("libswill/transport/new.cpp", ['"libswill/net/detail/reactor.hpp"'], "private to libswill/net")
        opened = {**GOOD, "libswill/api/serving/service.hpp": [], "actors/new.cpp": ['"libswill/api/serving/service.hpp"']}
        self.assertEqual(run(opened), [])

    def test_a_class_has_its_name_for_itself(self):
        one = {"libswill/base/a.hpp": "struct lane {\n};\n", "libswill/base/b.cpp": "class lane final : x {\n};\n"}
        self.assertEqual(run({**GOOD, **one}), [])
        two = {**GOOD, **one, "actors/c.hpp": "enum class lane : int { a };\n"}
        self.assertIn("class lane is in several rooms: actors, libswill/base", run(two)[0])
        declared = {**GOOD, **one, "actors/c.hpp": "class lane;\n// class lane {\nstruct lanes {\n};\n"}
        self.assertEqual(run(declared), [])

    def test_dependencies_stay_in_their_rooms(self):
        self.finds("actors/new.cpp", ["<boost/asio.hpp>"], "actors may not know Boost")
        self.finds("libswill/base/new.cpp", ["<boost/config.hpp>"], "may not know Boost")
        self.finds("libswill/api/new.cpp", ["<caf/all.hpp>"], "may not know CAF")
        self.finds("libswill/transport/new.cpp", ["<boost/asio.hpp>"], "may not know Boost")
        self.finds("libswill/transport/new.cpp", ["<caf/actor.hpp>"], "may not know CAF")
        self.finds("libswill/client/new.cpp", ["<caf/actor.hpp>"], "may not know CAF")
        self.finds("libswill/api/new.cpp", ["<msgpack.hpp>"], "may not know msgpack-cxx")
        self.finds("libswill/api/new.cpp", ["<msgpack/pack.hpp>"], "may not know msgpack-cxx")
        self.finds("libswill/wire/new.cpp", ["<re2/re2.h>"], "may not know RE2")
        self.finds("libswill/server/new.cpp", ["<hiredis/hiredis.h>"], "may not know hiredis")
        self.finds("libswill/server/new.cpp", ["<hiredis/hiredis.h>"], "may not know hiredis")
        self.finds("libswill/base/new.cpp", ['"boost/config.hpp"'], "may not know Boost")

    def test_public_headers_show_no_dependency(self):
        self.finds("libswill/net/new.hpp", ["<boost/asio.hpp>"], "public header shows Boost")
        self.finds("libswill/client/new.hpp", ["<boost/asio.hpp>"], "public header shows Boost")
        self.finds("libswill/server/new.hpp", ["<caf/actor.hpp>"], "public header shows CAF")

    def test_public_headers_reach_no_dependency(self):
        self.finds("libswill/net/new.hpp", ['"libswill/net/detail/reactor.hpp"'], "reaches Boost")
        self.finds("libswill/server/new.hpp", ['"actors/runtime.hpp"'],
                   "reaches CAF: actors/runtime.hpp -> caf/actor.hpp")

    def test_headers_that_include_each_other_end_the_search(self):
        ring = {"libswill/base/a.hpp": ['"libswill/base/b.hpp"'], "libswill/base/b.hpp": ['"libswill/base/a.hpp"']}
        self.assertEqual(run({**GOOD, **ring}), [])

    def test_a_source_includes_its_own_header_first(self):
        self.finds("libswill/wire/codec.cpp", ["<vector>", '"libswill/wire/codec.hpp"'], "own header must come first")
        self.finds("libswill/wire/codec.cpp", ["<vector>"], "own header must come first")
        self.finds("libswill/wire/codec.cpp", [], "own header must come first")

    def test_project_includes_are_quoted_root_relative_and_exist(self):
        self.finds("libswill/wire/new.cpp", ["<libswill/wire/codec.hpp>"], "angle brackets")
        self.finds("libswill/wire/new.cpp", ['"codec.hpp"'], "not root-relative")
        self.finds("libswill/wire/new.cpp", ['"../base/result.hpp"'], "not root-relative")
        self.finds("libswill/wire/new.cpp", ['"libswill/wire/gone.hpp"'], "no such file")

    def test_a_directory_that_is_no_room_is_named(self):
        self.finds("libswill/attic/new.cpp", ['"libswill/base/result.hpp"'], "no room")

    def test_spaces_are_seen_through_and_comments_left_out(self):
        self.finds("actors/new.cpp", "  #  include   <boost/asio.hpp>\n", "may not know Boost")
        self.finds("actors/new.cpp", "// #include <boost/asio.hpp>\n/*\n#include <boost/beast.hpp>\n*/\n")


if __name__ == "__main__":
    unittest.main()
