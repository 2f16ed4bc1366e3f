"""Says which identifiers name a credential, and which functions hide one, by their words.

Words are whole: ``passenger`` has nothing to do with ``pass``. An identifier names a credential when
its last words do, apart from words such as ``value`` that change nothing: ``password_prompt``,
``token_bucket`` and ``secret_name`` are other things. Words for whole sets of credentials, and for
records that hold one among other things, do not count: what is shown of those depends on their
contents.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.summaries.incremental import Database, query
from review_checks.summaries.inputs import models, settings
from review_checks.summaries.paths import last_step, steps_of
from review_checks.summaries.secrecy.origins import reads_key
from review_checks.summaries.sieve import Sieve
from review_checks.summaries.words import words_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from review_checks.models.schema import Lexicon
    from review_checks.options import Options

Words = tuple[str, ...]

_QUOTES = "'\""
# What stands before one of these is the thing: `metadata_for_secret`, `path_to_private_key`.
_PREPOSITIONS = frozenset({"about", "for", "to"})


def identifier(steps: tuple[str, ...]) -> tuple[str, bool]:
    """Return the identifier that says what an access path holds, and whether it is an element's.

    That is the last attribute or literal key; for an item under a computed key, the container's
    name. It is '' where nothing tells, and for a slice, which shows only a part.
    """
    if not steps or steps[-1] == "[:]":
        return "", False
    last = steps[-1]
    if not last.startswith("["):
        return ("" if last == "()" else last), False
    if last[1:2] and last[1] in _QUOTES:
        return last[2:-2], False
    return identifier(steps[:-1])[0], True


class Vocabulary:
    """The words of credentials and of what hides them, from the lexicon and the user's options.

    ``credential_paths`` finds the access paths that name a credential, and ``telling_callees`` those
    whose call may give one: by their name, or by a key that it reads.
    """

    def __init__(self, lexicon: Lexicon, options: Options) -> None:
        """Compile the words of a lexicon, with what the user added."""
        self.text_functions = frozenset(lexicon.text_functions)
        self.text_methods = frozenset(lexicon.text_methods)
        self.comparisons = frozenset(lexicon.secret_comparisons)
        self.log_controls = frozenset(lexicon.log_controls)
        self.predicates = frozenset(lexicon.predicates)
        self._secrets = _by(0, [*lexicon.secrets, *options.secret_names])
        self._exceptions = _by(-1, lexicon.secret_exceptions)
        self._redactors = _by(0, lexicon.redactors)
        self._records = frozenset(" ".join(words_of(name)) for name in lexicon.secret_records)
        self._endings = frozenset(lexicon.secret_endings)
        self._prefixes = frozenset(lexicon.secret_prefixes)
        self._givers = frozenset(lexicon.secret_givers)
        self._never = frozenset(words_of(name) for name in options.not_secret_names)
        self._known: dict[str, tuple[str, bool]] = {}
        self._paths: dict[str, str | None] = {}
        self.credential_paths = Sieve(self.noun_of_path)
        self.telling_callees = Sieve(self._may_tell)

    def noun(self, identifier: str) -> str:
        """Return the credential that an identifier names, such as ``private key``, or ''."""
        return self._judge(identifier)[0]

    def noun_of_path(self, path: str) -> str:
        """Return the credential that an access path names, or ''."""
        return self.noun_told(path) or ""

    def noun_told(self, path: str) -> str | None:
        """Return the credential that an access path names, or '' when its name says nothing.

        None means that it is known to hold none: it has no name, or one that clears it.
        """
        try:
            return self._paths[path]
        except KeyError:
            name, element = identifier(steps_of(path))
            found = None
            if name and not self.clears(name):
                noun = self.noun(name)
                found = noun if not element or noun.endswith("s") else ""
            self._paths[path] = found
            return found

    def clears(self, identifier: str) -> bool:
        """Say whether an identifier speaks of a credential but names something else about it."""
        return self._judge(identifier)[1]

    def given(self, function: str) -> str:
        """Return the credential that a function gives, by its name: ``get_password`` does, or ''."""
        words = words_of(function)
        if len(words) < 2 or words[0] not in self._givers:
            return ""
        return self.noun("_".join(words[1:]))

    def _may_tell(self, callee: str) -> bool:
        return reads_key(callee) or bool(self.given(last_step(callee)))

    def redacts(self, function: str) -> bool:
        """Say whether a function's name promises that it hides secrets."""
        return _find(words_of(function), self._redactors) is not None

    def _judge(self, identifier: str) -> tuple[str, bool]:
        found = self._known.get(identifier)
        if found is None:
            found = self._known[identifier] = self._fresh(words_of(identifier))
        return found

    def _fresh(self, words: Words) -> tuple[str, bool]:
        while words and words[-1].isdigit():
            words = words[:-1]
        place = _find(words, self._secrets)
        if place is None:
            return "", False
        start, end = place
        if words in self._never or (start and words[0] in self.predicates):
            return "", True
        if start == 1 and words[0] in self._prefixes:
            # A verb is about what follows it: `load_token`, but not `load_balancer_token`.
            return "", True
        if not _PREPOSITIONS.isdisjoint(words[1:start]):
            return "", True
        exception = self._exception(words)
        if exception and (end < len(words) or len(words) - exception <= start):
            return "", True
        noun = " ".join(words[start:end])
        if noun in self._records or not self._endings.issuperset(words[end:]):
            return "", False
        return noun, False

    def _exception(self, words: Words) -> int:
        """Return how many words at the end of an identifier say that it is no credential."""
        for exception in self._exceptions.get(words[-1] if words else "", ()):
            if words[len(words) - len(exception) :] == exception:
                return len(exception)
        return 0

    def describes(self, identifier: str) -> bool:
        """Say whether an identifier ends like one that names, counts or locates a thing."""
        return bool(self._exception(words_of(identifier)))


def _by(position: int, names: Iterable[str]) -> dict[str, tuple[Words, ...]]:
    """Return sequences of words by their first or last word, the longest first."""
    found: dict[str, list[Words]] = {}
    for name in names:
        words = words_of(name)
        if words:
            found.setdefault(words[position], []).append(words)
    return {key: tuple(sorted(rows, key=len, reverse=True)) for key, rows in found.items()}


def _find(words: Words, sequences: dict[str, tuple[Words, ...]]) -> tuple[int, int] | None:
    """Return where the last of some sequences stands in the words of an identifier."""
    for start in range(len(words) - 1, -1, -1):
        for sequence in sequences.get(words[start], ()):
            if words[start : start + len(sequence)] == sequence:
                return start, start + len(sequence)
    return None


@query
def vocabulary(db: Database) -> Vocabulary:
    """Return the words in force."""
    return Vocabulary(models(db).lexicon, settings(db))
