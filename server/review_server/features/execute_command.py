"""``workspace/executeCommand``: what users ask of the server besides the analysis."""

from __future__ import annotations

import platform
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import msgspec
from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

from review_checks.docs import page
from review_checks.engine.discovery import all_rules, rules_by_name
from review_server import __version__
from review_server.cache import default_path
from review_server.describing import described
from review_server.links import page_uri

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from review_server import wire
    from review_server.host import ReviewServer
    from review_server.workspace import Project


def handle(ls: ReviewServer, params: wire.ExecuteCommandParams) -> Any:
    """Do what a command says, and return what it yields.

    Raises:
        JsonRpcInvalidParams: there is no such command, or it was asked of nothing that is there.
    """
    command = COMMANDS.get(params.command)
    if command is None:
        raise JsonRpcInvalidParams(f"There is no command {params.command}")
    return command(ls, params.arguments or ())


def restart_index(ls: ReviewServer, _arguments: Sequence[Any]) -> None:
    """Read all files of the workspace again."""
    ls.session.index.restart()


def show_configuration(ls: ReviewServer, arguments: Sequence[Any]) -> list[dict[str, Any]]:
    """Return the options in force and what set each: of a document's project, or of all."""
    return [
        {
            "project": str(project.root or ""),
            "file": project.configuration.path,
            "options": described(project.configuration),
            "faults": [msgspec.to_builtins(fault) for fault in project.configuration.faults],
        }
        for project in _projects(ls, arguments)
    ]


def debug_information(ls: ReviewServer, _arguments: Sequence[Any]) -> dict[str, Any]:
    """Return what helps to understand a report of a mistake; it holds none of the user's code."""
    session = ls.session
    return {
        "version": __version__,
        "python": sys.version,
        "executable": sys.executable,
        "platform": platform.platform(),
        "packages": {name: _version(name) for name in ("pygls", "lsprotocol", "msgspec", "jedi")},
        "rules": len(all_rules()),
        "client": ls.client_name,
        "capabilities": msgspec.to_builtins(session.client),
        "channel": "pull" if session.client.pulls else "push",
        "folders": [uri for _, uri in session.projects.folders],
        "projects": [
            {
                "root": str(project.root or ""),
                "configuration": project.configuration.path,
                "faults": len(project.configuration.faults),
            }
            for project in session.projects.all()
        ],
        "documents": session.open_documents,
        "index": msgspec.to_builtins(session.index.status),
        "status": msgspec.to_builtins(ls.status.current),
        "cache": {"path": str(default_path()), "bytes": _size(default_path())},
        "peak memory MiB": _peak_memory(),
    }


def rule_timings(ls: ReviewServer, arguments: Sequence[Any]) -> list[dict[str, Any]]:
    """Return how long each rule takes on a document, the slowest first."""
    document = ls.session.document(_text(arguments))
    if document is None:
        raise JsonRpcInvalidParams("The command needs the URI of an open document")
    timings = document.project.analysis.time_rules(document.path)
    return [msgspec.to_builtins(row) for row in timings]


def show_rule(ls: ReviewServer, arguments: Sequence[Any]) -> dict[str, str]:
    """Return the page of a rule, and have the editor show it where it can ask for the contents."""
    rule = rules_by_name().get(_text(arguments))
    if rule is None:
        raise JsonRpcInvalidParams("The command needs the name of a rule")
    client = ls.session.client
    uri = page_uri(rule.name)
    if client.reads_pages and client.shows_documents:
        ls.ask(types.WINDOW_SHOW_DOCUMENT, types.ShowDocumentParams(uri))
    return {"uri": uri, "text": page(rule)}


COMMANDS: dict[str, Callable[[ReviewServer, Sequence[Any]], Any]] = {
    "review.restartIndex": restart_index,
    "review.showConfiguration": show_configuration,
    "review.debugInformation": debug_information,
    "review.ruleTimings": rule_timings,
    "review.showRule": show_rule,
}
"""Command → what is done with its arguments."""


def _text(arguments: Sequence[Any]) -> str:
    return arguments[0] if arguments and isinstance(arguments[0], str) else ""


def _projects(ls: ReviewServer, arguments: Sequence[Any]) -> list[Project]:
    uri = _text(arguments)
    return [ls.session.project_of(uri)] if uri else ls.session.projects.all()


def _version(name: str) -> str:
    from importlib import metadata  # noqa: PLC0415 -- it takes 30 ms, and this is seldom asked

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _peak_memory() -> int | None:
    """Return the largest memory in use so far, where the system says."""
    try:
        resource = import_module("resource")
    except ImportError:
        return None
    peak: int = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # macOS counts bytes, others KiB.
    return peak // (2**20 if sys.platform == "darwin" else 2**10)
