"""The commands, and what happens to errors that reach the top."""

from __future__ import annotations

import os
import sys
import traceback
from io import TextIOWrapper
from typing import TYPE_CHECKING

import click

from review_server import __version__
from review_server.cli.check import TROUBLE, check
from review_server.cli.config import config
from review_server.cli.describe import explain, rules
from review_server.cli.index import index
from review_server.cli.new_rule import new_rule

if TYPE_CHECKING:
    from collections.abc import Sequence


class _Commands(click.Group):
    """The commands; a path in the place of one is answered with the command that is meant."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that is called.

        Raises:
            click.UsageError: there is none of that name.
        """
        if args and self.get_command(ctx, args[0]) is None and os.path.exists(args[0]):  # noqa: PTH110
            raise click.UsageError(
                f"{args[0]} is no command; to check it: review-lsp check {args[0]}", ctx
            )
        return super().resolve_command(ctx, args)


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Without a command, review-lsp serves an editor on standard input and output.",
)
@click.version_option(__version__, prog_name="review-lsp", message="%(prog)s %(version)s")
def commands() -> None:
    """Leave the comments that a senior engineer would leave in review of a Python service."""


@commands.command(short_help="Serve an editor on standard input and output.")
def serve() -> None:
    """Serve an editor on standard input and output; `review-lsp` alone does the same."""


for _command in (check, index, rules, explain, config, new_rule):
    commands.add_command(_command)


def run(arguments: Sequence[str]) -> int:
    """Run a command line; return the exit code.

    The code is 2 for wrong usage and for errors of ours.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            # It was closed by whoever started this process.
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115
        elif isinstance(stream, TextIOWrapper):
            # Names and sources may hold what the terminal's encoding lacks.
            stream.reconfigure(errors="backslashreplace")
    try:
        # `Command.main` has ideas of its own about interrupts and closed pipes.
        with commands.make_context("review-lsp", list(arguments)) as context:
            commands.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        error.show()
        return TROUBLE
    except KeyboardInterrupt:
        raise
    except BrokenPipeError:
        # Whoever read the output has gone; the interpreter must not write what is left, either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return TROUBLE
    except OSError as error:
        sys.stderr.write(f"review-lsp: {error}\n")
        return TROUBLE
    except BaseException:  # noqa: BLE001 -- the exit code of a traceback would mean "findings"
        traceback.print_exc()
        return TROUBLE
    return 0
