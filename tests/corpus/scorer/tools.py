"""The checkers that can be measured, and what their reports mean."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from .cases import CONCERNS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

PROFILES = ("default", "strict")
PEERS = ("ruff", "bandit")

_PACKAGES = ("review_checks", "review_server")
_WITHOUT_CODE = "?"


class Diagnostic(msgspec.Struct, frozen=True):
    """Something that a checker reports: its rule, the first and last line from 1, its words."""

    code: str
    first: int
    last: int
    message: str = ""


class ToolError(Exception):
    """A checker cannot be run, or cannot be understood; the message is for people."""


class Tool(NamedTuple):
    """A checker.

    Attributes:
        name: what it is called in the tables.
        command: the words that start it; paths of files are appended.
        read: gives the path of the file and the diagnostic for each row of its report.
        concerns: the concern of each rule, or of all rules whose name starts so; 0 is none.
        exits: the exit codes of a run without trouble.
        identity: computes what is another when the checker would answer otherwise; None when
            there is no way to know.
    """

    name: str
    command: tuple[str, ...]
    read: Callable[[Any], list[tuple[str, Diagnostic]]]
    concerns: Mapping[str, int]
    exits: frozenset[int] = frozenset({0, 1})
    identity: Callable[[], str] | None = None

    def concern(self, code: str) -> int:
        """Return the concern of a rule, 0 for none. Of several prefixes, the longest decides."""
        known = [prefix for prefix in self.concerns if code.startswith(prefix)]
        return self.concerns[max(known, key=len)] if known else 0


class Run(NamedTuple):
    """What came of one run of a checker.

    Attributes:
        diagnostics: those of each file, by its resolved path; None when there is no report.
        complaint: what went wrong; '' when nothing did.
    """

    diagnostics: Mapping[Path, tuple[Diagnostic, ...]] | None
    complaint: str = ""


def run(tool: Tool, files: Sequence[Path], folder: Path, seconds: float) -> Run:
    """Check files.

    Args:
        tool: the checker.
        files: absolute paths of the files.
        folder: where the checker runs.
        seconds: how long it may take.
    """
    try:
        done = _start((*tool.command, *map(str, files)), folder, seconds)
    except ToolError as error:
        return Run(None, str(error))
    try:
        rows = tool.read(json.loads(done.stdout))
    except (ValueError, KeyError, TypeError):
        return Run(None, f"the report cannot be read; {_complaint(done)}")
    complaint = "" if done.returncode in tool.exits else _complaint(done)
    found: dict[Path, list[Diagnostic]] = {}
    for path, diagnostic in rows:
        found.setdefault(Path(folder, path).resolve(), []).append(diagnostic)
    return Run({path: tuple(own) for path, own in found.items()}, complaint)


def review(profile: str, command: Sequence[str] = ()) -> Tool:
    """Return review-lsp with one of ``PROFILES``.

    Args:
        profile: which rules report.
        command: how to start it; by default, as it is installed beside this interpreter.

    Raises:
        ToolError: when it cannot be run, or has a rule of a concern that is not known here.
    """
    start = tuple(command) or (sys.executable, "-m", "review_server")
    return Tool(
        f"review-lsp, profile {profile}",
        (*start, "check", "--profile", profile, "--output-format", "json"),
        _read_review,
        _review_concerns(start),
        identity=None if command else _review_identity,
    )


def peer(name: str, command: Sequence[str] = ()) -> Tool:
    """Return one of ``PEERS``; see ``review``."""
    start = tuple(command) or (sys.executable, "-m", name)
    # The first line is a name, which depends on how the checker was started, and the version.
    version = _output((*start, "--version")).partition("\n")[0].split()[-1]
    make = {"ruff": _ruff, "bandit": _bandit}[name]
    return make(start)._replace(name=f"{name} {version}", identity=lambda: version)


def _ruff(start: tuple[str, ...]) -> Tool:
    options = (
        *("check", "--isolated", "--no-cache", "--exit-zero", "--preview"),
        *("--output-format", "json"),
        *("--select", "S,BLE,TRY,LOG,G,B,SIM115,PLW,ASYNC,E722"),
    )
    synchronization = dict.fromkeys(("ASYNC", "ASYNC110", "PLW2101", "B039", "PLW0603"), 1)
    errors = dict.fromkeys(
        (
            *("S110", "S112", "S113", "BLE", "E722", "TRY", "LOG", "PLW0711", "PLW1510"),
            *("B012", "B014", "B025", "B029", "B030", "B904"),
        ),
        2,
    )
    logging = dict.fromkeys(("S105", "S106", "S107"), 3)
    resources = dict.fromkeys(("SIM115", "PLW1509", "S108", "ASYNC210", "ASYNC230", "B019"), 5)
    atomicity = dict.fromkeys(("B909", "PLW2901", "B020"), 6)
    style = dict.fromkeys(("TRY002", "TRY003", "TRY004", "TRY301", "LOG015"), 0)
    concerns = synchronization | errors | logging | resources | atomicity | style
    return Tool("ruff", (*start, *options), _read_ruff, concerns)


def _bandit(start: tuple[str, ...]) -> Tool:
    errors = dict.fromkeys(("B110", "B112", "B113"), 2)
    logging = dict.fromkeys(("B105", "B106", "B107"), 3)
    resources = dict.fromkeys(("B108", "B306"), 5)
    concerns = errors | logging | resources
    return Tool("bandit", (*start, "-q", "-f", "json"), _read_bandit, concerns)


def _read_ruff(report: list[dict[str, Any]]) -> list[tuple[str, Diagnostic]]:
    return [
        (
            row["filename"],
            Diagnostic(
                # A syntax error has no code.
                row["code"] or _WITHOUT_CODE,
                row["location"]["row"],
                row["end_location"]["row"],
                row["message"],
            ),
        )
        for row in report
    ]


# The reports have the same shape.
_read_review = _read_ruff


def _read_bandit(report: dict[str, Any]) -> list[tuple[str, Diagnostic]]:
    found = []
    for row in report["results"]:
        lines = row["line_range"] or [row["line_number"]]
        diagnostic = Diagnostic(row["test_id"], min(lines), max(lines), row["issue_text"])
        found.append((row["filename"], diagnostic))
    return found


def _review_concerns(start: Sequence[str]) -> dict[str, int]:
    """Return the number of the concern of each rule, as the checker itself says."""
    numbers = {name: number for number, name in CONCERNS.items()}
    try:
        rules = json.loads(_output((*start, "rules", "--output-format", "json")))
        return {rule["name"]: numbers[rule["concern"]] for rule in rules}
    except (ValueError, KeyError, TypeError) as error:
        raise ToolError(f"the list of review-lsp's rules cannot be read: {error!r}") from error


def _review_identity() -> str:
    """Return a digest of the checker's files; in a checkout they change without a new version."""
    digest = hashlib.sha256(platform.python_version().encode())
    for package in _PACKAGES:
        found = importlib.util.find_spec(package)
        for folder in (found and found.submodule_search_locations) or ():
            for file in sorted(Path(folder).rglob("*")):
                if file.suffix in {".py", ".toml"}:
                    digest.update(f"\0{file.relative_to(folder).as_posix()}\0".encode())
                    digest.update(file.read_bytes())
    return digest.hexdigest()


def _output(words: Sequence[str]) -> str:
    """Return what a command prints; it must do so without trouble."""
    done = _start(words, Path.cwd(), seconds=60)
    if done.returncode:
        raise ToolError(_complaint(done))
    return done.stdout.decode(errors="replace")


def _start(
    words: Sequence[str], folder: Path, seconds: float
) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            words,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            # Results are kept here, and what ours reads should leave no trace elsewhere.
            env={**os.environ, "REVIEW_LSP_NO_CACHE": "1"},
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ToolError(f"{words[0]} did not end within {seconds:.0f} s") from error
    except OSError as error:
        raise ToolError(f"{words[0]} cannot be run: {error}") from error


def _complaint(done: subprocess.CompletedProcess[bytes]) -> str:
    """Return why a command failed: the last line that it wrote, usually that of the error."""
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    said = f": {lines[-1]}" if lines else ""
    return f"{Path(done.args[0]).name} ended with {done.returncode}{said}"
