"""Says at little cost whether a function may bring a credential to light at all.

Hardly any function does. What makes the answer of ``secrets`` exact is left out here: every earlier
assignment counts as one that a use may see, and whatever is named like a credential as one. Where
nothing is found this way, nothing can be found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.facts.schema import Const, Items, Mode, Opaque, Path, Result, Table, Value
from review_checks.summaries.arguments import arguments_for
from review_checks.summaries.inputs import models
from review_checks.summaries.paths import last_step, steps_of
from review_checks.summaries.secrecy import sources
from review_checks.summaries.secrecy.credentials import identifier, vocabulary
from review_checks.summaries.secrecy.origins import key_read, select
from review_checks.summaries.secrecy.secrets import Reader, returned_origins
from review_checks.summaries.secrecy.showing import shown_arguments, shown_parts

if TYPE_CHECKING:
    from collections.abc import Collection

    from review_checks.facts.schema import Call, Function
    from review_checks.summaries.incremental import Database

_AUGMENT, _DELETE = Mode.AUGMENT, Mode.DELETE
_MOST = 500
"""After how many values it is taken for possible that one of them is a credential."""


def mentions_credential(db: Database, body: Function, targets: Collection[str | None]) -> bool:
    """Say whether anything in a function is named like a credential, so that a look is worth it.

    Args:
        db: the database.
        body: the facts of the function.
        targets: the canonical names of what it calls.
    """
    words = vocabulary(db)
    paths = [parameter.name for parameter in body.parameters]
    paths += [write.path for write in body.writes]
    paths += [read.path for read in body.reads]
    if words.credential_paths.found(paths) or not models(db).giving_secrets.isdisjoint(targets):
        return True
    telling = words.telling_callees.found([call.callee for call in body.calls])
    for call in body.calls if telling else ():
        if call.callee in telling and (
            words.given(last_step(call.callee)) or words.noun(key_read(call))
        ):
            return True
    return False


class Trail:
    """What there is to look at in a function, and what that leads to."""

    def __init__(self, reader: Reader) -> None:
        """Begin with nothing to look at."""
        self._reader = reader
        self._words = reader.words
        self._calls = reader.body.calls
        self._found = False
        self._todo: list[tuple[Value, int, frozenset[str] | None]] = []
        self._followed: dict[str, int] = {}

    def add(self, name: str, value: Value, at: int, keys: frozenset[str] | None = None) -> None:
        """Have a value looked at.

        Args:
            name: the key or keyword under which it is shown, or ''.
            value: a value of the function.
            at: the order of its use.
            keys: when it is a mapping of which only some keys are shown, those keys.
        """
        if type(value) is Const:
            return
        if name and isinstance(value, Path | Result) and self._words.noun(name):
            self._found = True
        self._todo.append((value, at, keys))

    def may_show(self) -> bool:
        """Say whether anything that was added may show a credential."""
        todo, looks = self._todo, 0
        while todo and not self._found:
            looks += 1
            if looks > _MOST:
                return True
            value, at, keys = todo.pop()
            if type(value) is Path:
                if keys is None:
                    self._path(value, at)
                else:
                    for key in keys:
                        self._path(Path(f"{value.text}[{key!r}]"), at)
            elif type(value) is Result:
                self._result(value)
            elif type(value) is Table:
                self._table(value, at, keys)
            elif type(value) is Opaque:
                self._starred(value, at)
            elif type(value) is not Const:
                todo += [(part, at, named) for part, named in shown_parts(value, self._calls)]
        return self._found

    def _path(self, value: Path, at: int) -> None:
        reader, text = self._reader, value.text
        noun = self._words.noun_told(text)
        if noun is None:
            return
        steps = steps_of(text)
        if noun:
            self._found = True
        elif reader.binds(steps[0]):
            self._carried(text, steps, at)
        elif sources.comes_from_outside(reader, value):
            self._found = True

    def _carried(self, text: str, steps: tuple[str, ...], at: int) -> None:
        """Look at what was assigned to a path or its root, and added to it, before a use."""
        if self._followed.get(text, -1) >= at:
            return
        self._followed[text] = at
        writes, rows = self._reader.writes, self._reader.body.writes
        for index in writes.all_of(text):
            write = rows[index]
            if write.at < at and write.mode is not _DELETE:
                self._todo.append((write.value, write.at, None))
        for index in self._reader.growing.get(text, ()):
            call = self._calls[index]
            if call.at < at:
                self._todo += [(arg, call.at, None) for arg in call.args]
        if len(steps) == 1:
            return
        for index in writes.all_of(steps[0]):
            write = rows[index]
            if write.at < at and write.mode not in (_AUGMENT, _DELETE):
                part = select(write.value, steps[1:])
                if part is not None:
                    self._todo.append((part, write.at, None))

    def _table(self, value: Table, at: int, keys: frozenset[str] | None) -> None:
        for key, part in zip(value.keys, value.values, strict=True):
            name = key.value if isinstance(key, Const) and isinstance(key.value, str) else ""
            if keys is None or name in keys:
                self.add(name, part, at)

    def _starred(self, value: Opaque, at: int) -> None:
        """Look at what is given as ``*arguments``."""
        part = value.parts[0] if len(value.parts) == 1 else None
        if isinstance(part, Items):
            self._todo.append((part, at, None))
        elif isinstance(part, Path) and self._reader.binds(part.text):
            self._carried(part.text, steps_of(part.text), at)

    def _result(self, value: Result) -> None:
        reader, words = self._reader, self._words
        call = self._calls[value.call]
        if sources.computes_digest(call) and reader.comparing:
            self._found = True
        if reader.hides(value.call):
            return
        if not value.rest:
            noun, symbol = sources.named_result(reader, value.call)
            if noun:
                self._found = True
            if symbol:
                return
            for name, part, _ in shown_arguments(call, words):
                self.add(name, part, call.at)
        else:
            name, element = identifier(steps_of(value.rest))
            if not element and words.noun(name):
                self._found = True
            if not element and words.clears(name):
                return
        if not self._found:
            self._returned(value, call)

    def _returned(self, value: Result, call: Call) -> None:
        """Look at what a project function returns, as far as that comes from its arguments."""
        reader = self._reader
        inner = reader.called(value.call) if reader.depth > 0 else None
        if inner is None:
            return
        for origin in returned_origins(reader.db, inner, value.rest, reader.depth - 1):
            if origin.noun:
                self._found = True
                return
            for _, arg in arguments_for(reader.db, reader.function, call, inner, origin.parameter):
                self._todo.append((arg, call.at, None))
