"""The command ``review-lsp``: serves an editor, or hands over to the command line."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_IGNORED = ("--stdio", "--clientProcessId")
"""What editors append when they start a server. Standard input and output is all there is."""

_NOTICE = """\
review-lsp is a language server for Python services. An editor starts it and talks to it through
standard input and output; it is not meant to be started in a terminal.

To check files here:      review-lsp check PATH...
To see what it looks for: review-lsp rules
All commands:             review-lsp --help
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with the given arguments, else those of the process; return its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    rest = [word for word in given if word.partition("=")[0] not in _IGNORED]
    if rest in ([], ["serve"]):
        return _serve(asked=bool(given))
    try:
        # Neither click nor rich may be loaded when an editor waits for the server.
        from review_server.cli.main import run  # noqa: PLC0415

        return run(given)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return 130


def _serve(*, asked: bool) -> int:
    """Serve on standard input and output, unless a person sits there.

    The notice is an answer to the bare command, and an error when serving was asked for.
    """
    if sys.stdin is None or sys.stdin.isatty():
        (sys.stderr if asked else sys.stdout).write(_NOTICE)
        return 2 if asked else 0
    from review_server.app import serve_stdio  # noqa: PLC0415 -- commands do not need it

    return serve_stdio()


if __name__ == "__main__":
    sys.exit(main())
