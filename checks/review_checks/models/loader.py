"""Loads the packaged models once and answers what a canonical name means."""

from __future__ import annotations

import functools
import hashlib
import tomllib
from importlib import resources
from typing import TYPE_CHECKING, Any

import msgspec

from review_checks.models.schema import Knowledge, Lexicon, Library, Log

if TYPE_CHECKING:
    from collections.abc import Mapping

_LEXICON = "lexicon.toml"
_NOTHING = Knowledge()


class ModelError(ValueError):
    """A model is not of the form that ``schema`` describes; the text says where."""


class Models:
    """What all known libraries' names mean, with the users' own models laid over the packaged ones."""

    def __init__(self, names: Mapping[str, Knowledge], lexicon: Lexicon, digest: str) -> None:
        """Take compiled tables; ``digest`` identifies their contents in cache keys."""
        self.names = dict(names)
        self.lexicon = lexicon
        self.digest = digest

    @functools.cached_property
    def logs(self) -> dict[str, Log]:
        """Canonical name → how that logs, for all that do."""
        return {name: known.log for name, known in self.names.items() if known.log is not None}

    @functools.cached_property
    def giving_secrets(self) -> frozenset[str]:
        """The canonical names of what gives a credential when it is called."""
        return frozenset([name for name, known in self.names.items() if known.secret])

    def knowledge(self, name: str) -> Knowledge:
        """Return what is known of a canonical name; nothing is known of most."""
        return self.names.get(name, _NOTHING)

    def canonical(self, name: str) -> str:
        """Follow spellings such as ``socket.error`` to the name the models speak of.

        An alias of a prefix holds for everything below it.
        """
        names = self.names
        for _ in range(8):
            found = names.get(name)
            if found is not None and found.alias:
                name = found.alias
                continue
            head, dot, last = name.rpartition(".")
            tail = last
            while dot:
                found = names.get(head)
                if found is not None and found.alias:
                    name = f"{found.alias}.{tail}"
                    break
                head, dot, last = head.rpartition(".")
                tail = f"{last}.{tail}"
            else:
                return name
        return name

    def extended(self, tables: Mapping[str, Any]) -> Models:
        """Return these models with a user's table of names laid over them.

        Raises:
            ModelError: the table is not of the models' form.
        """
        try:
            added = msgspec.convert(tables, dict[str, Knowledge])
        except msgspec.ValidationError as error:
            raise ModelError(str(error)) from None
        digest = hashlib.blake2b(
            self.digest.encode() + msgspec.json.encode(tables, order="deterministic"), digest_size=8
        ).hexdigest()
        return Models({**self.names, **added}, self.lexicon, digest)


@functools.cache
def packaged() -> Models:
    """Return the models that come with this package.

    Raises:
        ModelError: a packaged file is malformed; the tests make sure that none is.
    """
    names: dict[str, Knowledge] = {}
    lexicon: Lexicon | None = None
    digest = hashlib.blake2b(digest_size=8)
    for entry in sorted(resources.files(__package__).iterdir(), key=lambda item: item.name):
        if not entry.name.endswith(".toml"):
            continue
        raw = entry.read_bytes()
        digest.update(raw)
        try:
            table = tomllib.loads(raw.decode())
            if entry.name == _LEXICON:
                lexicon = msgspec.convert(table, Lexicon)
                continue
            library = msgspec.convert(table, Library)
        except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
            raise ModelError(f"{entry.name}: {error}") from None
        for name, knowledge in library.name.items():
            if name in names:
                raise ModelError(f"{entry.name}: `{name}` is described twice")
            names[name] = knowledge
    if lexicon is None:
        raise ModelError(f"{_LEXICON} is missing")
    return Models(names, lexicon, digest.hexdigest())
