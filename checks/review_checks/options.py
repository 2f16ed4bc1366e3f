"""The options of the analysis, from a mapping such as ``[tool.review-lsp]``.

``Options`` is the only place that says which options there are. What it says of each is shown by
the reference page, the JSON Schema and the settings of editors, which are generated from it.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from msgspec import Meta

from review_checks.model import Severity, Tier
from review_checks.models.schema import Knowledge

if TYPE_CHECKING:
    from collections.abc import Mapping

EDITOR_ONLY = "editor"
"""The ``scope`` of an option that only an editor may set."""

_Names = tuple[str, ...]


class Options(
    msgspec.Struct, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True
):
    """What the user chose. The names are those of the configuration file, with ``_`` for ``-``."""

    profile: Annotated[
        Literal["default", "strict"],
        Meta(
            description="Which rules report: `default` those of the default and review tiers, "
            "`strict` all of them.",
            examples=["strict"],
        ),
    ] = "default"
    select: Annotated[
        _Names,
        Meta(
            description="Only these rules or concerns report. Empty means all of the profile.",
            examples=[["synchronization", "leaked-resource"]],
        ),
    ] = ()
    ignore: Annotated[
        _Names,
        Meta(
            description="Rules or concerns that do not report.",
            examples=[["halting-cleanup"]],
        ),
    ] = ()
    severity: Annotated[
        dict[str, Severity],
        Meta(
            description="The level at which a rule reports, instead of its own.",
            examples=[{"secret-in-log": "error"}],
        ),
    ] = {}
    per_file_ignores: Annotated[
        dict[str, _Names],
        Meta(
            description="Patterns of paths, as in `.gitignore` and relative to the folder of the "
            "configuration, with the rules or concerns that do not report there.",
            examples=[{"scripts/": ["errors"]}],
        ),
    ] = {}
    exclude: Annotated[
        _Names,
        Meta(
            description="Patterns of paths, as in `.gitignore`, that are not checked. On the "
            "command line, a file that is named is checked all the same.",
            examples=[["migrations/", "*_old.py"]],
        ),
    ] = ()
    include_tests: Annotated[
        bool,
        Meta(description="Whether test code is checked: `tests/`, `test_*.py`, `conftest.py`."),
    ] = False
    baseline: Annotated[
        str,
        Meta(
            description="A file of known findings, which are not reported again; its path is "
            "relative to the configuration. `review-lsp check --write-baseline` writes it.",
            examples=["review-baseline.json"],
        ),
    ] = ""
    max_file_size: Annotated[
        int, Meta(description="The size in bytes above which a file is not analysed.", ge=0)
    ] = 2_000_000
    locks: Annotated[
        _Names,
        Meta(
            description="Dotted names of classes or functions of yours that make a lock which "
            "only one thread can hold. What can be read is found without being named; this is "
            "for extension modules and for what is not installed.",
            examples=[["acme.native.Mutex"]],
        ),
    ] = ()
    redactors: Annotated[
        _Names,
        Meta(
            description="Dotted names of functions whose result shows no secret.",
            examples=[["acme.text.mask"]],
        ),
    ] = ()
    secret_names: Annotated[
        _Names,
        Meta(description="Further identifiers that hold credentials.", examples=[["signing_salt"]]),
    ] = ()
    not_secret_names: Annotated[
        _Names,
        Meta(
            description="Identifiers that hold no credential, whatever their words say.",
            examples=[["paging_token"]],
        ),
    ] = ()
    entry_points: Annotated[
        _Names,
        Meta(
            description="Dotted names of decorators that make a function an entry point: somebody "
            "outside the project calls it, perhaps on several threads at once.",
            examples=[["acme.rpc.expose"]],
        ),
    ] = ()
    models: Annotated[
        dict[str, Any],
        Meta(
            description="What names of libraries mean, by dotted name, in the form of the models "
            "that come with the package.",
            examples=[{"acme.Client.call": {"raises": ["acme.CallError"]}}],
        ),
    ] = {}
    model_files: Annotated[
        _Names,
        Meta(
            description="TOML files with such models under `[name]`, their paths relative to the "
            "configuration. `models` goes before them, and a later file before an earlier one.",
            examples=[["models/acme.toml"]],
        ),
    ] = ()
    jedi: Annotated[
        bool,
        Meta(
            description="Whether jedi is asked, in a process of its own, what names of installed "
            "libraries mean. It is read when a project is opened."
        ),
    ] = True
    environment: Annotated[
        str,
        Meta(
            description="The folder of the virtual environment in which the project's libraries "
            "are installed; its path is relative to the configuration. Without it, that is "
            "`.venv` or `venv` in the project, or the active one. Nothing in it is run.",
            examples=["../env"],
        ),
    ] = ""
    workspace_diagnostics: Annotated[
        bool,
        Meta(
            description="Whether editors that can show findings of files that are not open get "
            "them. The server looks at the whole folder then, whenever the editor rests.",
        ),
    ] = False
    precedence: Annotated[
        Literal["editor", "project", "projectOnly"],
        Meta(
            description="Which goes first where both set an option: the settings of the `editor`, "
            "or the file of the `project`. `projectOnly` ignores the editor's settings.",
            extra={"scope": EDITOR_ONLY},
        ),
    ] = "editor"

    def reports(self, rule: str, concern: str, tier: Tier) -> bool:
        """Say whether findings of a rule are reported at all."""
        names = {rule, concern}
        if names & set(self.ignore):
            return False
        if self.select:
            return bool(names & set(self.select))
        return self.profile == "strict" or tier is not Tier.STRICT

    def knowledge(self) -> dict[str, Any]:
        """Return what the user says of libraries, in the form of the models."""
        locks: dict[str, Any] = {name: {"lock": {}} for name in self.locks}
        return {**locks, **self.models}


class Problem(msgspec.Struct, frozen=True):
    """Something wrong with the configuration, in words.

    ``at`` leads to what it is about: a key, and what is below it: keys, and indexes of elements.
    """

    at: tuple[str, ...]
    message: str

    @property
    def key(self) -> str:
        """The option that it is about; '' when the whole is."""
        return self.at[0] if self.at else ""


def option_types() -> dict[str, Any]:
    """Return the type of each option by its name in the configuration."""
    return {field.encode_name: field.type for field in msgspec.structs.fields(Options)}


def sound(given: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """Return the options of a mapping that are right, and what is wrong with the others."""
    known = option_types()
    kept: dict[str, Any] = {}
    problems: list[Problem] = []
    for key, value in given.items():
        if key not in known:
            problems.append(Problem((key,), f"there is no option `{key}`{_hint(key, known)}"))
            continue
        if key == "models" and isinstance(value, dict):
            kept[key], more = _sound_models(value)
            problems += more
            continue
        try:
            msgspec.convert(value, known[key])
        except msgspec.ValidationError as error:
            problems.append(Problem((key,), f"`{key}`: {error}"))
            continue
        kept[key] = value
    return kept, tuple(problems)


def options_of(kept: Mapping[str, Any]) -> Options:
    """Return options that are known to be right."""
    return msgspec.convert(dict(kept), Options)


def read_options(given: Mapping[str, Any]) -> tuple[Options, tuple[Problem, ...]]:
    """Turn a mapping into options.

    A key that is unknown or has a wrong value is left out and reported; the others count.
    """
    kept, problems = sound(given)
    return options_of(kept), problems


def _sound_models(given: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    kept: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, value in given.items():
        try:
            msgspec.convert(value, Knowledge)
        except msgspec.ValidationError as error:
            problems.append(Problem(("models", name), f"`models`, `{name}`: {error}"))
        else:
            kept[name] = value
    return kept, problems


def _hint(key: str, known: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(key.replace("_", "-"), known, n=1)
    return f"; did you mean `{near[0]}`?" if near else ""
