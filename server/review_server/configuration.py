"""What the user chose for a project, from its file and from the editor.

The file is ``review-lsp.toml``, or ``pyproject.toml`` with a table ``[tool.review-lsp]``: the nearest
one in the folder of the project or above it, up to the root of the repository. An option that
several places set is taken whole from the one that goes first: the editor, unless its setting
``precedence`` says otherwise.
"""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from review_checks.model import Span
from review_checks.models.schema import Library
from review_checks.options import (
    EDITOR_ONLY,
    Options,
    Problem,
    option_types,
    options_of,
    sound,
)
from review_server.baselines import Baseline, BaselineError, read_baseline
from review_server.names import no_such_name, rule_and_concern_names
from review_server.selection import is_pattern
from review_server.toml_places import place_of, place_of_error, places

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

OWN_FILE, SHARED_FILE = "review-lsp.toml", "pyproject.toml"
CONFIGURATION_FILES = (OWN_FILE, SHARED_FILE)
DEFAULT = "default"

_TABLE = ("tool", "review-lsp")
_REPOSITORY = (".git", ".hg")
_HAS_TABLE = re.compile(r"^\s*\[\s*tool\s*\.\s*[\"']?review-lsp\b", re.MULTILINE)
_START = Span(0, 0, 0, 0)


class Layer(NamedTuple):
    """Options from one place: what it is called, and what it says."""

    origin: str
    values: Mapping[str, Any]


class Fault(msgspec.Struct, frozen=True):
    """Something wrong with the configuration, and where: a file and a place, or the editor."""

    message: str
    origin: str
    span: Span | None = None


class Configuration(msgspec.Struct, frozen=True):
    """The options of a project and where they come from.

    Attributes:
        options: what the user chose.
        path: the file that was read, '' when there is none.
        base: the folder that patterns are relative to, '' for that of the project.
        origins: option → what set it: the file, or a place in the editor.
        faults: what is wrong.
        baseline: the findings that are not to be reported again.
        files: the files besides ``path`` whose contents matter.
    """

    options: Options = Options()
    path: str = ""
    base: str = ""
    origins: dict[str, str] = {}
    faults: tuple[Fault, ...] = ()
    baseline: Baseline = Baseline()
    files: tuple[str, ...] = ()

    def origin(self, key: str) -> str:
        """Return what set an option."""
        return self.origins.get(key, DEFAULT)


def configuration(root: Path | None, editor: Sequence[Layer] = ()) -> Configuration:
    """Return the options of a project, under or over those of the editor.

    Args:
        root: the folder of the project; None for buffers that belong to none.
        editor: what the editor says, the most general place first.
    """
    file = _nearest(root) if root is not None else None
    folder = file.path.parent if file is not None else root
    return _Combined(file, editor, folder, str(folder or "")).result()


def read_configuration(path: Path, editor: Sequence[Layer] = ()) -> Configuration:
    """Return the options of one file; its patterns are relative to each project's folder."""
    return _Combined(_read(path), editor, path.parent, "").result()


class _File(NamedTuple):
    """A file of configuration: our table in it, and where everything stands."""

    path: Path
    values: dict[str, Any]
    text: str
    faults: tuple[Fault, ...] = ()

    def fault(self, problem: Problem) -> Fault:
        """Return a problem with the place of its key."""
        above = _TABLE if self.path.name == SHARED_FILE else ()
        span = place_of(places(self.text), (*above, *problem.at))
        return Fault(problem.message, str(self.path), span or _START)


def _nearest(root: Path) -> _File | None:
    for folder in (root, *root.parents):
        for name in CONFIGURATION_FILES:
            path = folder / name
            found = _read(path) if path.is_file() else None
            if found is not None:
                return found
        if any((folder / marker).exists() for marker in _REPOSITORY):
            return None
    return None


def _read(path: Path) -> _File | None:
    """Return what a file says to us; None when it says nothing."""
    shared = path.name == SHARED_FILE
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        # Whether it says anything to us is not known; to go by other options would be to guess.
        reason = (error.strerror or str(error)).lower()
        return _File(path, {}, "", (Fault(f"the file cannot be read: {reason}", str(path)),))
    # What is no UTF-8 is no TOML either, and its place is to be shown.
    text = raw.decode("utf-8", "replace").replace("\r\n", "\n")
    if shared and not _HAS_TABLE.search(text) and "review-lsp" not in text:
        return None
    try:
        raw.decode("utf-8")
        table: Any = tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start)
        fault = Fault("the file is not UTF-8", str(path), Span(line, 0, line, 0))
        return _File(path, {}, text, (fault,))
    except tomllib.TOMLDecodeError as error:
        if shared and not _HAS_TABLE.search(text):
            # Other tools complain of it, and it has no table of ours.
            return None
        span = place_of_error(error, text)
        return _File(path, {}, text, (Fault(str(error), str(path), span),))
    if shared:
        for key in _TABLE:
            table = table.get(key) if isinstance(table, dict) else None
        if table is None:
            return None
    if not isinstance(table, dict):
        span = place_of(places(text), _TABLE) or _START
        fault = Fault("`tool.review-lsp` is not a table", str(path), span)
        return _File(path, {}, text, (fault,))
    return _File(path, table, text)


class _Combined:
    """Puts the layers over each other."""

    def __init__(
        self, file: _File | None, editor: Sequence[Layer], folder: Path | None, base: str
    ) -> None:
        self._file = file
        self._editor = editor
        self._folder = folder
        self._base = base
        self._faults: list[Fault] = list(file.faults) if file is not None else []
        self._values: dict[str, Any] = {}
        self._origins: dict[str, str] = {}
        self._files: list[str] = []

    def result(self) -> Configuration:
        """Return the configuration."""
        file = self._file
        own: list[Layer] = []
        if file is not None:
            own.append(Layer(str(file.path), self._sound_file(file)))
        editor = [Layer(layer.origin, self._sound_editor(layer)) for layer in self._editor]
        precedence = [layer.values.get("precedence") for layer in editor]
        chosen = next((value for value in reversed(precedence) if value), "editor")
        order = {
            "editor": [*own, *editor],
            "project": [*editor, *own],
            "projectOnly": [
                *[Layer(one.origin, _only(one.values, "precedence")) for one in editor],
                *own,
            ],
        }
        for layer in order[chosen]:
            self._values.update(layer.values)
            self._origins.update(dict.fromkeys(layer.values, layer.origin))
        self._take_models()
        baseline = self._take_baseline()
        return Configuration(
            options_of(self._values),
            str(file.path) if file is not None else "",
            self._base,
            self._origins,
            tuple(self._faults),
            baseline,
            tuple(self._files),
        )

    def _sound_file(self, file: _File) -> dict[str, Any]:
        kept, problems = sound(file.values)
        rows = [*problems, *_problems(kept)]
        misplaced = [key for key in _editor_only() if kept.pop(key, None) is not None]
        rows += [Problem((key,), f"`{key}` is for an editor's settings") for key in misplaced]
        self._faults += map(file.fault, rows)
        return kept

    def _sound_editor(self, layer: Layer) -> dict[str, Any]:
        kept, problems = sound(layer.values)
        rows = (*problems, *_problems(kept))
        self._faults += [Fault(problem.message, layer.origin) for problem in rows]
        return kept

    def _complain(self, at: tuple[str, ...], message: str) -> None:
        """Note a fault of the layer that set an option."""
        origin = self._origins[at[0]]
        problem = Problem(at, message)
        if self._file is not None and origin == str(self._file.path):
            self._faults.append(self._file.fault(problem))
        else:
            self._faults.append(Fault(message, origin))

    def _path(self, given: str) -> Path:
        path = (self._folder or Path()) / Path(given).expanduser()
        self._files.append(os.path.realpath(path))
        return path

    def _take_models(self) -> None:
        """Read the files of models, and put the inline ones over them."""
        names: dict[str, Any] = {}
        for index, given in enumerate(self._values.get("model-files", ())):
            try:
                table = tomllib.loads(self._path(given).read_text(encoding="utf-8"))
                msgspec.convert(table, Library)
            except OSError as error:
                why = (error.strerror or str(error)).lower()
            except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
                why = str(error)
            else:
                names.update(table.get("name", {}))
                continue
            self._complain(("model-files", str(index)), f"`model-files`: {given}: {why}")
        if names:
            self._values["models"] = {**names, **self._values.get("models", {})}

    def _take_baseline(self) -> Baseline:
        given = self._values.get("baseline", "")
        if not given:
            return Baseline()
        try:
            return read_baseline(self._path(given))
        except BaselineError as error:
            self._complain(("baseline",), f"`baseline`: {given}: {error}")
            return Baseline()


def _only(values: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {key: values[key]} if key in values else {}


def _editor_only() -> Iterator[str]:
    for name, annotated in option_types().items():
        extras = [extra.extra for extra in annotated.__metadata__ if extra.extra]
        if any(extra.get("scope") == EDITOR_ONLY for extra in extras):
            yield name


def _problems(kept: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what is wrong with options that have the right types: names and patterns."""
    known = rule_and_concern_names()
    named: list[tuple[tuple[str, ...], str]] = [
        ((key, str(index)), name)
        for key in ("select", "ignore")
        for index, name in enumerate(kept.get(key, ()))
    ]
    named += [(("severity", name), name) for name in kept.get("severity", ())]
    for pattern, names in kept.get("per-file-ignores", {}).items():
        named += [
            (("per-file-ignores", pattern, str(index)), name) for index, name in enumerate(names)
        ]
    for at, name in named:
        if name not in known:
            yield Problem(at, f"`{at[0]}`: {no_such_name(name)}")
    patterns: list[tuple[tuple[str, ...], str]] = [
        (("exclude", str(index)), pattern) for index, pattern in enumerate(kept.get("exclude", ()))
    ]
    patterns += [(("per-file-ignores", one), one) for one in kept.get("per-file-ignores", ())]
    for at, pattern in patterns:
        if not is_pattern(pattern):
            yield Problem(at, f"`{at[0]}`: `{pattern}` is not a pattern of paths")
