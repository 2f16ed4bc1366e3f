"""The form of a rule: one module that documents, finds and mends one problem.

A rule's module lies in ``rules/<concern>/<name>.py`` and has

- a docstring under the fixed headings, whose fenced examples are run as tests;
- ``check``, decorated with ``@rule``, a generator of ``Report`` over one declared thing;
- optionally ``fix``, which turns a report into the edits that remove it.

Reports name *places*, events of functions, instead of positions, so that an edit that only moves
text leaves them equal and nothing downstream is computed again.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from review_checks.model import Edit, Fix, Refusal, Safety, Severity, Span, Tier
from review_checks.summaries.index import qualified_name
from review_checks.summaries.inputs import FunctionId, models, settings, unit_facts, unit_path
from review_checks.text.silencers import Silencer, removed

if TYPE_CHECKING:
    from review_checks.facts.schema import Function
    from review_checks.models.loader import Models
    from review_checks.options import Options
    from review_checks.summaries.incremental import Database


class Over(enum.Enum):
    """What a rule looks at, once for each."""

    FUNCTION = "function"
    CLASS = "class"
    MODULE = "module"
    COMMENT = "comment"


class Place(msgspec.Struct, frozen=True, array_like=True):
    """A place in a function that keeps its meaning while text moves.

    ``kind`` is one of: ``w`` write, ``r`` read, ``c`` call, ``h`` handler (its ``except`` line),
    ``s`` statement, ``i`` with item, ``d`` decorator, ``p`` suspension, ``n`` the function's name,
    ``a`` the call's arguments (``index`` of the call, ``detail`` of the argument). Rules over comments say by ``#``
    which name of the comment they mean; a negative ``index`` means all of it.
    """

    function: FunctionId
    kind: str
    index: int = 0
    detail: int = 0


class Report(msgspec.Struct, frozen=True):
    """What a rule found.

    Attributes:
        place: where the finding stands.
        message: what is wrong, in one sentence, with the names of the code in backquotes.
        symbol: what it is about, such as ``ResourceTracker.compute_nodes``.
        evidence: the places that convinced the rule and what is to be seen there, in reading order.
        severity: differs from the rule's own when the evidence makes it worse or better.
        data: what the fix needs to know, as plain values.
        fixable: whether ``fix`` is to be offered.
        refusal: why not, when a fix is to be expected.
        title: what ``fix`` does here, if that can be said better than by its docstring.
        safety: how safe ``fix`` is here, when that differs from what the rule declares.
    """

    place: Place
    message: str
    symbol: str
    evidence: tuple[tuple[Place, str], ...] = ()
    severity: Severity | None = None
    data: tuple[Any, ...] = ()
    fixable: bool = True
    refusal: str = ""
    title: str = ""
    safety: Safety | None = None


class Comment(msgspec.Struct, frozen=True):
    """A comment that silences findings, as rules over comments see it.

    Attributes:
        path: its file.
        text: the line it stands on.
        silencer: what it says.
        idle: the indexes of its names that silence nothing; -1 for the whole comment.
        unknown: the indexes of its names that are neither a rule's nor a concern's.
        known: all names of rules and concerns, when some are unknown.
    """

    path: str
    text: str
    silencer: Silencer
    idle: tuple[int, ...] = ()
    unknown: tuple[int, ...] = ()
    known: tuple[str, ...] = ()

    def place(self, index: int) -> Place:
        """Return the place of one of its names."""
        return Place((-1, -1), "#", index)

    def without(self, *names: int) -> Edit:
        """Return the edit that takes names out of the comment, and all of it with the last."""
        gone = frozenset(names)
        return Edit(self.path, *removed(self.silencer, self.text, gone))


class Context:
    """What a check may ask. Everything it reads is noted, so that it runs again when that changes.

    It is made for one computation, while which nothing changes.
    """

    def __init__(self, db: Database) -> None:
        self.db = db
        self._function: FunctionId | None = None
        self._body: Function

    @property
    def models(self) -> Models:
        """What is known about libraries."""
        return models(self.db)

    @property
    def options(self) -> Options:
        """What the user chose."""
        return settings(self.db)

    def facts(self, function: FunctionId) -> Function:
        """Return the facts of a function."""
        # One rule after the other asks for those of the function at hand.
        if function != self._function:
            self._body = unit_facts(self.db, function[0]).functions[function[1]]
            self._function = function
        return self._body

    def qualified(self, function: FunctionId) -> str:
        """Return the name of a function within its module, such as ``Class.method``."""
        return qualified_name(self.db, function)


class UnreadableError(Exception):
    """The text of a function is not what its facts were read from, so that nothing can be placed in it.

    ``line`` is the first line of its unit.
    """

    def __init__(self, line: int) -> None:
        super().__init__("the code there does not parse at the moment")
        self.line = line


class FixContext(Context):
    """What a fix may ask: besides the analysis, the text and the positions of places."""

    def __init__(
        self,
        db: Database,
        lines: Callable[[str], Sequence[str]],
        start: Callable[[int], int],
    ) -> None:
        """Take the lines of a path, and the first line of a unit, from the engine.

        The latter raises ``UnreadableError`` where the unit does not parse.
        """
        super().__init__(db)
        self._lines = lines
        self._start = start

    def path(self, function: FunctionId) -> str:
        """Return the path of the file that a function stands in."""
        return unit_path(self.db, function[0])

    def lines(self, path: str) -> Sequence[str]:
        """Return the lines of a file, with their ends."""
        return self._lines(path)

    def shifted(self, function: FunctionId, span: Span) -> Span:
        """Return a span of a function's facts as a span of its file.

        Raises:
            UnreadableError: the function does not parse, and its facts are those of an older text.
        """
        return span.shifted(self._start(function[0]))

    def span(self, place: Place) -> Span:
        """Return where a place stands in its file."""
        return self.shifted(place.function, span_of(self.facts(place.function), place))


def span_of(body: Function, place: Place) -> Span:
    """Return the span of a place relative to the unit of its function."""
    kind, index = place.kind, place.index
    if kind == "w":
        return body.writes[index].span
    if kind == "r":
        return body.reads[index].span
    if kind == "c":
        return body.calls[index].span
    if kind == "a":
        call = body.calls[index]
        return call.spans[place.detail] if call.spans else call.span
    if kind == "h":
        return body.handlers[index].span
    if kind == "s":
        return body.statements[index].span
    if kind == "i":
        return body.withs[index].span
    if kind == "d":
        return body.decorators[index].span
    if kind == "p":
        return body.suspends[index].span
    return body.name_span


Check = Callable[[Any, Context], Iterable[Report]]
Mend = Callable[[Report, FixContext], Fix | Refusal]


class Rule(msgspec.Struct, frozen=True):
    """A rule as the engine knows it.

    Its name and concern are those of its file and folder; ``title`` says what its fix does, in the
    words of the docstring of ``fix``. ``safer`` says that its reports may call the fix safe though
    it is not always.
    """

    name: str
    concern: str
    severity: Severity
    tier: Tier
    safety: Safety | None
    over: Over
    check: Check
    fix: Mend | None
    title: str
    document: str
    safer: bool = False


class Declaration(msgspec.Struct, frozen=True):
    """What ``@rule`` says of a check; discovery adds the rest."""

    severity: Severity
    tier: Tier
    over: Over
    safety: Safety | None
    safer: bool


def rule(
    *,
    severity: Severity,
    tier: Tier,
    over: Over,
    fix: Safety | None = None,
    safer: bool = False,
) -> Callable[[Check], Check]:
    """Declare a check: how serious it is, who sees it, what it looks at, how safe its fix is.

    ``safer`` says that the fix is safe at times, which a report then says of itself.

    A check over functions is given a ``FunctionId``; over classes, the canonical name of the
    class; over modules, the path of the file.
    """

    def declare(check: Check) -> Check:
        check.declaration = Declaration(severity, tier, over, fix, safer)  # type: ignore[attr-defined]
        return check

    return declare
