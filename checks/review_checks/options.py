"""The options of the analysis, from a mapping such as ``[tool.review-lsp]``."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

import msgspec

from review_checks.model import Severity, Tier

if TYPE_CHECKING:
    from collections.abc import Mapping

Profile = str


class Options(
    msgspec.Struct, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True
):
    """What the user chose. The names are those of the configuration file.

    Attributes:
        profile: ``default`` reports the rules of the default and review tiers, ``strict`` all.
        select: only these rules or concerns; empty means all of the profile.
        ignore: rules or concerns that are not reported.
        severity: rule → the level it is reported at.
        per_file_ignores: pattern of paths → rules or concerns not reported there.
        exclude: patterns of paths that are not checked when they are found in a folder.
        include_tests: whether test code is checked.
        max_file_size: the size in bytes above which a file is not analysed.
        redactors: canonical names of functions whose result shows no secret.
        secret_names: further identifiers that hold credentials.
        not_secret_names: identifiers that hold none, whatever their words say.
        entry_points: canonical names of decorators that make a function an entry point.
        models: knowledge about libraries, in the form of the packaged models.
    """

    profile: Profile = "default"
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    severity: dict[str, Severity] = {}
    per_file_ignores: dict[str, tuple[str, ...]] = {}
    exclude: tuple[str, ...] = ()
    include_tests: bool = False
    max_file_size: int = 2_000_000
    redactors: tuple[str, ...] = ()
    secret_names: tuple[str, ...] = ()
    not_secret_names: tuple[str, ...] = ()
    entry_points: tuple[str, ...] = ()
    models: dict[str, Any] = {}

    def reports(self, rule: str, concern: str, tier: Tier) -> bool:
        """Say whether findings of a rule are reported at all."""
        names = {rule, concern}
        if names & set(self.ignore):
            return False
        if self.select:
            return bool(names & set(self.select))
        return self.profile == "strict" or tier is not Tier.STRICT


class Problem(msgspec.Struct, frozen=True):
    """Something wrong with the configuration, in words, and the key it is about."""

    key: str
    message: str


def read_options(given: Mapping[str, Any]) -> tuple[Options, tuple[Problem, ...]]:
    """Turn a mapping into options.

    A key that is unknown or has a wrong value is left out and reported; the others count.
    """
    known = {field.encode_name: field.type for field in msgspec.structs.fields(Options)}
    kept: dict[str, Any] = {}
    problems: list[Problem] = []
    for key, value in given.items():
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"; did you mean `{near[0]}`?" if near else ""
            problems.append(Problem(key, f"there is no option `{key}`{hint}"))
            continue
        try:
            msgspec.convert(value, known[key])
        except msgspec.ValidationError as error:
            problems.append(Problem(key, f"`{key}`: {error}"))
            continue
        kept[key] = value
    if kept.get("profile", "default") not in ("default", "strict"):
        problems.append(Problem("profile", "`profile` is one of `default` and `strict`"))
        del kept["profile"]
    return msgspec.convert(kept, Options), tuple(problems)
