"""The command: reads what is wanted, measures, and prints."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import platformdirs

from .cases import CONCERNS, Decidable, Selection, Strength, read_corpus
from .measuring import Context, Settings, measure
from .mirrors import ORIGIN, Mirrors, UnavailableError
from .report import as_json, listing, table
from .results import ChangedError, Results
from .scoring import Slack, score
from .tools import PEERS, PROFILES, Tool, ToolError, peer, review

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_DESCRIPTION = """\
Measure a checker against real bug fixes: what it says at the place of the bug, and whether that goes
with the fix. Without options, review-lsp as it is installed beside this interpreter is measured, in
both profiles. The repositories are cloned once, into REVIEW_TEST_CACHE or the user's cache.
"""

_COLUMNS = """\
columns, in percent of the cases of a concern if not said otherwise:
  hit     a diagnostic of the concern overlaps the place of the bug
  new     a hit, and the fix made at least one such diagnostic go
  clrd    of the hits, those where the fix made all of them go
  sharp   a hit, and the fix made all of them go: the number that counts
  chance  what as many diagnostics at random lines would hit
  negs    places where a reviewer stays silent; negFP: those where the checker does not
  /kloc   diagnostics of the concern per 1,000 lines of the files with the bugs
"""


def main(words: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code, which is 2 when it could not do its work."""
    options = _parser().parse_args(words)
    try:
        _run(options)
    except (UnavailableError, ToolError, ChangedError) as error:
        _say(f"score: {error}")
        if isinstance(error, UnavailableError):
            _say("--mirrors DIR uses other clones; --exclude-repo NAME goes without a repository")
        return 2
    return 0


def _run(options: argparse.Namespace) -> None:
    corpus = _selection(options).of(read_corpus(options.corpus))
    tools = _tools(options)
    cache = _cache()
    mirrors = Mirrors(cache / "mirrors", options.origin)
    if options.mirrors is not None:
        mirrors = Mirrors(options.mirrors)
    for repo in corpus.repositories:
        mirrors.provide(repo, lambda address: _say(f"Cloning {address}; this takes a while"))
    kept = cache / "corpus-results" if options.cache else None
    checkers = [Results(tool, options.context, kept) for tool in tools]
    settings = Settings(mirrors, options.context, options.jobs, options.timeout)
    measure(corpus.sources, checkers, settings, _show_progress)
    slack = Slack(options.tolerance, options.negatives_tolerance)
    report = []
    for checker in checkers:
        found = score(corpus, checker.of(corpus.sources), checker.tool.concern, slack)
        report.append(as_json(checker.tool.name, found))
        _print(listing(found) if options.cases else ())
        _print(table(checker.tool.name, found))
        _print([""])
    if options.json is not None:
        options.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=_DESCRIPTION,
        epilog=_COLUMNS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for add in (_add_checkers, _add_selection, _add_measuring, _add_output):
        add(parser)
    return parser


def _add_checkers(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what is measured")
    group.add_argument(
        "--tool",
        action="append",
        choices=("review-lsp", *PEERS),
        help="the checker; may be repeated (default: review-lsp)",
    )
    group.add_argument(
        "--profile",
        action="append",
        choices=PROFILES,
        help="which of review-lsp's rules report; may be repeated (default: each)",
    )
    group.add_argument(
        "--command",
        type=shlex.split,
        default=[],
        metavar="WORDS",
        help="how to start the checker, such as a path; its results are not kept",
    )


def _add_selection(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("which cases")
    names = group.add_mutually_exclusive_group()
    names.add_argument("--repo", action="append", default=[], help="only this repository")
    names.add_argument("--exclude-repo", action="append", default=[], help="not this repository")
    group.add_argument(
        "--concern",
        action="append",
        default=[],
        choices=CONCERNS.values(),
        help="only this concern",
    )
    group.add_argument(
        "--strength",
        choices=get_args(Strength),
        help="only bugs that are plainly, or only loosely, of their concern",
    )
    group.add_argument(
        "--decidable",
        choices=get_args(Decidable),
        help="only bugs that are seen by reading this much",
    )
    group.add_argument(
        "--no-near-duplicates",
        action="store_true",
        help="not the cases that are almost like another one",
    )
    group.add_argument("--only", action="append", default=[], metavar="ID", help="only this case")
    group.add_argument(
        "--corpus",
        type=Path,
        default=Path(__file__).parent.parent,
        metavar="DIR",
        help="where corpus.json and negatives.json are (default: beside the command)",
    )


def _add_measuring(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how it is measured")
    group.add_argument(
        "--mirrors",
        type=Path,
        metavar="DIR",
        help="use the clones DIR/<owner>+<name>/repo, with full history; clone nothing",
    )
    group.add_argument(
        "--origin", default=ORIGIN, help="from where to clone (default: %(default)s)"
    )
    group.add_argument(
        "--context",
        choices=get_args(Context),
        default="package",
        help="what the checker can read: the file, or its whole package (the default)",
    )
    group.add_argument(
        "--tolerance",
        type=int,
        default=Slack().cases,
        metavar="LINES",
        help="how far from a bug a diagnostic may be (default: %(default)s)",
    )
    group.add_argument(
        "--negatives-tolerance",
        type=int,
        default=Slack().silences,
        metavar="LINES",
        help="how far from a silent place one is a false alarm (default: %(default)s)",
    )
    group.add_argument(
        "--jobs",
        type=int,
        default=min(2, os.cpu_count() or 1),
        metavar="N",
        help="how many versions are checked at the same time (default: %(default)s)",
    )
    group.add_argument(
        "--timeout",
        type=float,
        default=120,
        metavar="SECONDS",
        help="how long a version may take (default: %(default)s)",
    )
    group.add_argument(
        "--no-cache",
        dest="cache",
        action="store_false",
        help="neither use nor keep results of the same version of the checker",
    )


def _add_output(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what is printed")
    group.add_argument("--cases", action="store_true", help="list what became of each case")
    group.add_argument("--json", type=Path, metavar="FILE", help="write everything to a file")


def _selection(options: argparse.Namespace) -> Selection:
    return Selection(
        repositories=tuple(options.repo),
        excluded=tuple(options.exclude_repo),
        concerns=tuple(n for n, name in CONCERNS.items() if name in options.concern),
        ids=tuple(options.only),
        strength=options.strength,
        decidable=options.decidable,
        near_duplicates=not options.no_near_duplicates,
    )


def _tools(options: argparse.Namespace) -> list[Tool]:
    names = options.tool or ["review-lsp"]
    if options.command and len(names) > 1:
        raise ToolError("--command starts one checker; there are several")
    tools = []
    for name in names:
        if name in PEERS:
            tools.append(peer(name, options.command))
        else:
            tools += [review(profile, options.command) for profile in options.profile or PROFILES]
    return tools


def _cache() -> Path:
    chosen = os.environ.get("REVIEW_TEST_CACHE")
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("review-lsp-tests"))


def _show_progress(done: int, total: int) -> None:
    """Show how far the work is: on a terminal at every step, else every 50."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{done} of {total} versions{'' if done < total else chr(10)}")
        sys.stderr.flush()
    elif done % 50 == 0:
        _say(f"{done} of {total} versions")


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")


def _say(message: str) -> None:
    sys.stderr.write(f"{message}\n")
