"""How a function or module says that it passes over failures: by names, parameters, docstrings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from review_checks.facts.schema import Const, Function, FunctionKind
from review_checks.summaries.failing.releasing import cleans_up, release_verbs
from review_checks.summaries.index import module_of, outline
from review_checks.summaries.inputs import layout, unit_path
from review_checks.summaries.words import starts_with_verb, words_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from review_checks.rule import Context
    from review_checks.summaries.inputs import FunctionId

# The interpreter calls these where an exception would be lost or would hide another.
_MUST_NOT_RAISE = frozenset(
    {"__aexit__", "__bool__", "__del__", "__eq__", "__exit__", "__hash__", "__repr__", "__str__"}
)
_SIGNAL_PARAMETERS = frozenset({"sig", "signal", "signal_number", "signame", "signo", "signum"})
_ERROR_WORDS = frozenset({"crash", "error", "errors", "exception", "failed", "failure"})
_REACTIONS = frozenset({"handle", "log", "notify", "on", "print", "report", "send", "show"})
_QUESTION_ENDINGS = (("check",), ("exist",), ("exists",))
# `_default_is_empty` asks, too.
_COPULAS = frozenset({"are", "has", "is"})
# `ensure_exists`, `create_if_not_exists` and `wait_until_is_up` are told to do something.
_CONDITIONS = frozenset({"ensure", "if", "make", "once", "unless", "until", "when", "while"})
_SAYS_TOLERANT = re.compile(
    r"best.effort|\b(?:ignor|swallow|suppress|silenc)\w*|\bsilently\b|\bif possible\b"
    r"|\bnever (?:rais|fail|throw|propagat)|(?:\bnot|n't) (?:rais|fail|throw|propagat)"
    r"|\bfall(?:s|ing)?.?back",
    re.IGNORECASE,
)
_SAYS_RESULT = re.compile(
    r"\b(?:None|False|True|empty|default\w*|-1|0)\b[^.]{0,60}?\b(?:if|when|on|unless|otherwise|in case|upon)\b"
    r"|\bor (?:None|False|an empty)\b"
    r"|\b(?:otherwise|else)\b[\s,:`*'\"]*(?:returns? )?(?:an? )?[`*'\"]*(?:None|False|True|empty|0|-1)\b"
    r"|\b(?:if|when|on|upon|in case of|otherwise)\b[^.]{0,60}?"
    r"\b(?:fail\w*|errors?|exceptions?|not found|invalid|missing|cannot|can't|unable|unknown|unavailable)\b"
    # The question that a predicate answers.
    r"|\A\s*(?:\w+\s+){0,2}whether\b",
    re.IGNORECASE,
)
# A module is about many things, so that both the silence and the failure have to be named.
_MODULE_SAYS_TOLERANT = re.compile(
    r"best.effort|\bsilently\b[^.]{0,40}?\b(?:fail|error|exception)|\bfail\w*[^.]{0,20}?\bsilently\b"
    r"|\bnever (?:rais|fail)|\b(?:errors?|exceptions?|failures?) (?:are|is) (?:always )?"
    r"(?:silently )?(?:ignored|swallowed|suppressed)",
    re.IGNORECASE,
)


def is_announced(context: Context, function: FunctionId, *, returns: bool) -> bool:
    """Say whether a function, or what is around it, announces that failures are passed over.

    Args:
        context: the analysis.
        function: the function with the handler.
        returns: whether the handler returns.
    """
    around = _around(context, function)
    return any(_is_tolerant(context, item, returns=returns) for item in around) or bool(
        _MODULE_SAYS_TOLERANT.search(_module_docstring(context, function))
    )


def _around(context: Context, function: FunctionId) -> Iterator[FunctionId]:
    """Yield a function and those in which it is defined."""
    unit, index = function
    while index >= 0:
        yield unit, index
        index = context.facts((unit, index)).parent


def _module_docstring(context: Context, function: FunctionId) -> str:
    """Return the docstring of the module in which a function stands, if it speaks of silence."""
    for unit in layout(context.db, unit_path(context.db, function[0])) or ():
        functions = outline(context.db, unit).functions
        if functions:
            return functions[0].docstring if functions[0].kind is FunctionKind.MODULE else ""
    return ""


def _is_tolerant(context: Context, function: FunctionId, *, returns: bool) -> bool:
    """Say whether a function's name, parameters or docstring announce that it passes over failures."""
    body = context.facts(function)
    if body.kind is not FunctionKind.FUNCTION:
        return False
    lexicon = context.models.lexicon
    words = set(words_of(body.name))
    if body.name in _MUST_NOT_RAISE or words & {*lexicon.tolerance, *lexicon.telemetry}:
        return True
    if set(lexicon.telemetry) & set(words_of(module_of(context.db, function))):
        return True
    if _is_predicate(context, body, returns=returns) or (
        words & _ERROR_WORDS and words & _REACTIONS
    ):
        return True
    if any(parameter.name in _SIGNAL_PARAMETERS for parameter in body.parameters[:2]):
        return True
    if _SAYS_TOLERANT.search(body.docstring):
        return True
    if returns:
        return bool(_SAYS_RESULT.search(body.docstring))
    return cleans_up(context.db, body.name) or starts_with_verb(
        body.name, release_verbs(context.db)
    )


def _is_predicate(context: Context, body: Function, *, returns: bool) -> bool:
    """Say whether a function answers a question, so that a failure is an answer as well."""
    verbs = frozenset(context.models.lexicon.predicates)
    if not starts_with_verb(body.name, verbs) and not _asks(words_of(body.name)):
        return False
    return returns or any(result.value != Const(None) for result in body.results)


def _asks(words: tuple[str, ...]) -> bool:
    """Say whether a name asks a question further on: ``data_exists``, ``default_is_empty``."""
    if words[-1:] not in _QUESTION_ENDINGS and _COPULAS.isdisjoint(words[1:-1]):
        return False
    return _CONDITIONS.isdisjoint(words)
