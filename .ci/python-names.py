"""
Writes src/codecs/pickle/read/python-names.ts: the names of Python 2 that protocols 0 to 2 use, and the exceptions of the standard
library. Run it by the newest Python; further interpreters, as arguments, add what only they have:

    python3 .ci/python-names.py ~/.pyenv/versions/3.*/bin/python3
"""

import _compat_pickle as compat
import importlib
import json
import pathlib
import pkgutil
import re
import subprocess
import sys
import warnings

# Modules that open a browser, print, or are no library.
SKIPPED = {"antigravity", "this", "idlelib", "test", "lib2to3", "turtledemo", "turtle", "tkinter", "ensurepip", "site-packages"}


def modules():
    names = set(sys.builtin_module_names)
    library = pathlib.Path(importlib.__file__).parent.parent
    for found in pkgutil.walk_packages([str(library), str(library / "lib-dynload")], onerror=lambda _: None):
        parts = found.name.split(".")
        if not SKIPPED & set(parts) and "__main__" not in parts and not any("test" in part for part in parts):
            names.add(found.name)
    return sorted(names)


def exceptions():
    """The names of exception classes, by the module that they say they are of."""
    for name in modules():
        try:
            importlib.import_module(name)
        except BaseException:
            pass
    found, todo = {}, [BaseException]
    while todo:
        cls = todo.pop()
        todo.extend(cls.__subclasses__())
        library = not re.match(r"(__main__|test|_test|_?xx)", cls.__module__)
        if library and "<" not in cls.__qualname__:
            found.setdefault(cls.__module__, set()).add(cls.__qualname__)
    return {module: sorted(names) for module, names in found.items()}


def merged(interpreters):
    all = {}
    for path in interpreters:
        # Without the packages that happen to be installed.
        command = [path, "-I", "-S", "-W", "ignore", __file__, "--json"]
        answer = subprocess.run(command, stdout=subprocess.PIPE, check=True)
        # Some modules print when they are imported.
        for module, names in json.loads(answer.stdout.splitlines()[-1]).items():
            all[module] = sorted({*all.get(module, ()), *names})
    return all


def wrapped(words, indent):
    lines = [indent]
    for word in words:
        if len(lines[-1]) + len(word) > 118:
            lines.append(indent)
        lines[-1] += word if lines[-1] == indent else " " + word
    return "\n".join(line for line in lines if line.strip())


def main(others):
    names = merged([sys.executable, *others])
    renamed = {
        f"{module}.{name}": f"{new_module}.{new_name}"
        for (module, name), (new_module, new_name) in sorted(compat.NAME_MAPPING.items())
        if not (module == "exceptions" and (new_module, new_name) == ("builtins", name))
    }
    moved = dict(sorted({**compat.IMPORT_MAPPING, "exceptions": "builtins"}.items()))
    lines = [
        "// Written by .ci/python-names.py.",
        "",
        "/** Modules of Python 2, by what they are called now. */",
        "export const MOVED_MODULES: ReadonlyMap<string, string> = pairs(`",
        wrapped([f"{old}:{new}" for old, new in moved.items()], "  "),
        "`)",
        "",
        "/** Names of Python 2, by what they are called now, each with its module. */",
        "export const MOVED_NAMES: ReadonlyMap<string, string> = pairs(`",
        wrapped([f"{old}:{new}" for old, new in renamed.items()], "  "),
        "`)",
        "",
        "/** The exceptions of the standard library, of all Pythons from 3.6 on, by their modules. */",
        "export const EXCEPTION_NAMES: ReadonlyMap<string, ReadonlySet<string>> = new Map(",
        "  [",
    ]
    for module in sorted(names, key=lambda module: (module != "builtins", module)):
        text = wrapped([module + ":", *names[module]], "      ").strip()
        lines.append(f"    `{text}`,")
    lines += [
        "  ].map((line) => {",
        "    const [module = '', ...names] = line.split(/[:\\s]+/)",
        "    return [module, new Set(names)] as const",
        "  }),",
        ")",
        "",
        "function pairs(text: string): Map<string, string> {",
        "  return new Map(",
        "    text",
        "      .trim()",
        "      .split(/\\s+/)",
        "      .map((pair) => pair.split(':') as [string, string]),",
        "  )",
        "}",
        "",
    ]
    target = pathlib.Path(__file__).parent.parent / "src/codecs/pickle/read/python-names.ts"
    target.write_text("\n".join(lines))


warnings.simplefilter("ignore")
if sys.argv[1:] == ["--json"]:
    print(json.dumps(exceptions()))
else:
    main(sys.argv[1:])
