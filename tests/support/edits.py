"""Edits like those of someone who types, applied to any document."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from review_checks.model import Span
from review_checks.text.lines import Change, Document, content_length, merge

if TYPE_CHECKING:
    from collections.abc import Sequence

TYPED = (
    *"a1 ()[]{}\"'#:\\@,;\n\r\t\f",
    '"""',
    "'''",
    '"""doc."""',
    "\n\n",
    "\\\n",
    "é\U0001f600",
    "x = 1\n",
    "# note\n",
    "def f(a, b):\n",
    "    def g(self): pass\n",
    "async def h(): pass\n",
    "class C(B):\n",
    "    class D: pass\n",
    "@property\n",
    "@decorate(1,\n  2)\n",
    "if x:\n    y = 1\nelse:\n    y = 2\n",
    "else:\n",
    "return",
    "f\"{a['b']}\"",
)
ACTIONS = ("type", "type", "open line", "erase", "cut", "copy", "indent", "dedent", "undo")


class Action(NamedTuple):
    """One edit: what, where in thousandths of the document, how much, and the text typed."""

    kind: str
    where: int
    amount: int
    typed: str


class Writer:
    """Edits a document and remembers the texts before."""

    def __init__(self, text: str) -> None:
        self.document = Document(text)
        self._past: list[str] = []

    @property
    def can_undo(self) -> bool:
        """Whether there is a text before this one."""
        return bool(self._past)

    def undo(self) -> Change:
        """Return to the text before the last edit."""
        return self.document.replace_all(self._past.pop())

    def do(self, actions: Sequence[Action]) -> Change:
        """Do all ``actions`` and return the one change they are."""
        return merge([self._do(action) for action in actions])

    def _do(self, action: Action) -> Change:
        document = self.document
        if action.kind == "undo" and self._past:
            return self.undo()
        self._past.append(document.text)
        lines = document.lines
        line = action.where * len(lines) // 1000
        length = content_length(lines[line])
        column = action.where * 7919 % (length + 1)
        below = min(line + 1 + action.amount % 12, len(lines))
        match action.kind:
            case "open line":
                return document.edit(Span(line, 0, line, 0), action.typed)
            case "erase":
                return document.edit(Span(line, column, line, column + action.amount), "")
            case "cut":
                return document.edit(Span(line, 0, below, 0), "")
            case "copy":
                return document.edit(Span(line, 0, line, 0), "".join(lines[line:below]))
            case "indent":
                text = "".join("    " + one for one in lines[line:below])
                return document.edit(Span(line, 0, below, 0), text)
            case "dedent":
                text = "".join(one.removeprefix("    ") for one in lines[line:below])
                return document.edit(Span(line, 0, below, 0), text)
        return document.edit(Span(line, column, line, column), action.typed)
