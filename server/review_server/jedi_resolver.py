"""Answers questions about installed libraries with jedi, in a process of its own.

Nothing of what is looked at is executed: the environment is that of this interpreter, folders are
given one by one and only read, and a project's own settings for jedi are not obeyed. One request is
one line of JSON on standard input, an answer one on standard output. The process ends when its
input does.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

MEMORY_LIMIT = 150 * 1024 * 1024
"""Above how many bytes in memory the process says that it should be replaced."""


class Request(msgspec.Struct, frozen=True):
    """Questions, see ``review_checks.resolve``, about what is installed in some folders."""

    folders: tuple[str, ...]
    expressions: tuple[str, ...]


class Answer(msgspec.Struct, frozen=True):
    """The answer to one question, '' when there is none; ``full`` asks for another process."""

    expression: str
    meaning: str
    full: bool = False


class JediResolver:
    """Answers questions about one set of folders."""

    def __init__(self, folders: tuple[str, ...]) -> None:
        """Prepare jedi for folders that hold installed packages."""
        import jedi  # noqa: PLC0415 -- it takes long, and only this process needs it
        from jedi.api.environment import InterpreterEnvironment  # noqa: PLC0415

        self._folders = folders
        self._script = jedi.Script
        self._environment = InterpreterEnvironment()
        self._project = jedi.Project(
            os.devnull,
            sys_path=list(folders),
            smart_sys_path=False,
            load_unsafe_extensions=False,
        )

    def answer(self, expression: str) -> str:
        """Return what an expression means, or '' when that is not known or not one thing."""
        module, rest = self._split(expression)
        if not module or not rest:
            return ""
        text = f"import {module} as m\nm.{rest}"
        script = self._script(text, project=self._project, environment=self._environment)
        # jedi names an instance by its class.
        found = {name.full_name or "" for name in script.infer(2, len(rest) + 2)}
        return found.pop() if len(found) == 1 else ""

    def _split(self, expression: str) -> tuple[str, str]:
        """Divide an expression into the longest module that is installed, and what follows."""
        steps = expression.replace("()", "\0").split(".")
        for count in range(len(steps), 0, -1):
            path = os.path.join(*steps[:count])  # noqa: PTH118 -- this is asked often
            if "\0" not in path and any(_is_module(folder, path) for folder in self._folders):
                rest = ".".join(steps[count:]).replace("\0", "()")
                return ".".join(steps[:count]), rest
        return "", ""


def _is_module(folder: str, path: str) -> bool:
    base = os.path.join(folder, path)  # noqa: PTH118 -- see above
    return any(
        os.path.isfile(base + end)  # noqa: PTH113 -- see above
        for end in (".py", ".pyi", os.sep + "__init__.py", os.sep + "__init__.pyi")
    )


def _memory() -> int:
    """Return how many bytes this process has in memory; 0 where that is not told."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


def serve(lines: Iterable[bytes], write: Any) -> None:
    """Answer the requests that come line by line."""
    resolvers: dict[tuple[str, ...], JediResolver] = {}
    for line in lines:
        request = msgspec.json.decode(line, type=Request)
        resolver = resolvers.get(request.folders)
        if resolver is None:
            resolver = resolvers[request.folders] = JediResolver(request.folders)
        for expression in request.expressions:
            try:
                meaning = resolver.answer(expression)
            except Exception:  # noqa: BLE001 -- jedi raises whatever there is; it costs this answer
                meaning = ""
            write(Answer(expression, meaning, _memory() > MEMORY_LIMIT))


def _end_with_parent() -> None:
    """End the process when its parent is gone, in the middle of an answer as well."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


def main(cache: str) -> None:
    """Serve on standard input and output.

    Args:
        cache: an empty folder for what jedi keeps of the files that it parsed.
    """
    import jedi  # noqa: PLC0415 -- see above

    jedi.settings.cache_directory = cache
    sys.setrecursionlimit(3000)
    _end_with_parent()
    output = sys.stdout.buffer

    def write(answer: Answer) -> None:
        output.write(msgspec.json.encode(answer) + b"\n")
        output.flush()

    serve(sys.stdin.buffer, write)


if __name__ == "__main__":
    main(sys.argv[1])
