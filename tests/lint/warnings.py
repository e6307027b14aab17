#!/usr/bin/env python3
"""Holds that a newer compiler, which knows warnings that we do not, fails nobody's build but ours.

warnings.py [ROOT]

Warnings are errors in CI and in the preset `dev`. Prints one line for each place that says otherwise and exits with 1.
"""
import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import checks  # noqa: E402

STRICT = {"dev"}


def check(root):
    presets = json.loads((root / "CMakePresets.json").read_text())["configurePresets"]
    said = {p["name"]: p.get("cacheVariables", {}).get("SWILL_WERROR") for p in presets}
    for name, value in said.items():
        if (value == "ON") != (name in STRICT):
            yield f"CMakePresets.json: SWILL_WERROR is {value} in the preset {name}"
    # Left out, it would stay in a build directory as CI has set it there.
    if said["release"] != "OFF":
        yield "CMakePresets.json: the preset release does not say SWILL_WERROR=OFF"
    if not re.search(r"^export SWILL_WERROR=ON$", (root / ".ci/run").read_text(), re.M):
        yield ".ci/run: warnings are no errors"
    if not re.search(r"^option\(SWILL_WERROR .* OFF\)$", (root / "CMakeLists.txt").read_text(), re.M):
        yield "CMakeLists.txt: SWILL_WERROR is not off by default"
    for path in ("README.md", "Dockerfile"):
        if "SWILL_WERROR" in (root / path).read_text():
            yield f"{path}: decides about warnings"


if __name__ == "__main__":
    checks.run(check)
