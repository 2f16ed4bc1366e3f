"""Finds the credentials that no identifier tells of: options, and digests that are expected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.facts.schema import Const, Path, Result
from review_checks.summaries.configuring.settings import option_of
from review_checks.summaries.index import assigned, module_of, owner_of
from review_checks.summaries.inputs import models, unit_facts, unit_path
from review_checks.summaries.names import canonical_in
from review_checks.summaries.outline import Made
from review_checks.summaries.paths import last_step, root_of
from review_checks.summaries.secrecy.origins import Origin, Step, key_read
from review_checks.summaries.words import words_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from review_checks.facts.schema import Call
    from review_checks.summaries.configuring.options import Option
    from review_checks.summaries.secrecy.secrets import Reader

_SYNTAX = frozenset(
    {
        *(
            "grammar",
            "lex",
            "lexer",
            "parser",
            "progress",
            "scanner",
            "shlex",
            "syntax",
            "tokenize",
        ),
        *("tokenizer", "yacc"),
    }
)
_DIGESTS = frozenset({"digest", "hexdigest"})


def is_syntax(reader: Reader, text: str) -> bool:
    """Say whether what is called a token here is a piece of a text, or of progress."""
    if words_of(text)[-1:] != ("token",):
        return False
    names = [text, reader.body.name, owner_of(reader.db, reader.function)]
    names.append(module_of(reader.db, reader.function))
    return any(_SYNTAX & set(words_of(name)) for name in names)


def named_result(reader: Reader, index: int) -> tuple[str, str]:
    """Return the credential that a call yields, and how to call it.

    It is known by the model of what is called, by the key that is read, or by the function's name.
    The first is '' where none is known; both are where nothing is known of the result.
    """
    call, target = reader.body.calls[index], reader.targets[index]
    known = models(reader.db).knowledge(target).secret if target is not None else ""
    if known:
        return known, f"{call.callee}()"
    key = key_read(call)
    if key:
        return reader.words.noun(key), f"{call.callee}({key!r})"
    noun = reader.words.given(last_step(call.callee))
    if not noun:
        return "", ""
    return "" if is_syntax(reader, call.callee) else noun, f"{call.callee}()"


def option_read(reader: Reader, value: Path) -> Option | None:
    """Return the declaration of the setting that a path reads, if it reads one."""
    canonical = canonical_in(reader.db, reader.function, value.text)
    if canonical is None:
        return None
    path = unit_path(reader.db, reader.function[0])
    return option_of(reader.db, path, root_of(value.text), canonical)


def module_variable(reader: Reader, value: Path) -> Iterator[Origin]:
    """Yield a variable of the module that was read under a credential's key."""
    path = unit_path(reader.db, reader.function[0])
    for function, stored in assigned(reader.db, path, "", value.text):
        noun = ""
        if isinstance(stored, Path):
            noun = reader.words.noun_of_path(stored.text) if "[" in stored.text else ""
        elif isinstance(stored, Made) and not stored.rest:
            noun = reader.words.noun(key_read(stored))
        if noun:
            body = unit_facts(reader.db, function[0]).functions[function[1]]
            for index, write in enumerate(body.writes):
                if write.path == value.text:
                    step = Step(function, ("w", index), f"`{value.text}` is set here")
                    yield Origin(value.text, noun, -1, value, whole=True, steps=(step,))
                    return


def secret_setting(reader: Reader, value: Path) -> Iterator[Origin]:
    """Yield a setting whose option is declared to be secret."""
    option = option_read(reader, value)
    if option is None or option.event[0] != "c" or reader.words.describes(option.name):
        # Some hide the path of a file as well; logs may show that.
        return
    unit, index = option.function
    call = unit_facts(reader.db, unit).functions[index].calls[option.event[1]]
    if ("secret", Const(True)) in call.keywords:
        step = Step(option.function, option.event, f"`{option.name}` is declared secret")
        yield Origin(value.text, "secret option", -1, value, whole=True, steps=(step,))


def comes_from_outside(reader: Reader, value: Path) -> bool:
    """Say whether a path that starts outside its function is a credential whatever its name."""
    return any(secret_setting(reader, value)) or any(module_variable(reader, value))


def is_expected_digest(reader: Reader, value: Path, statement: int, at: int) -> bool:
    """Say whether a value is what only somebody who knows the key could send.

    It is computed here and compared in constant time, which is done for nothing else.
    """
    comparing = reader.comparing
    if not comparing or not any(value in call.args for call in comparing):
        return False
    found, _ = reader.writes.reaching(value.text, statement, at)
    stored = [reader.body.writes[index].value for index in found]
    made = [reader.body.calls[item.call] for item in stored if isinstance(item, Result)]
    return any(computes_digest(call) for call in made)


def computes_digest(call: Call) -> bool:
    """Say whether a call gives the digest of something."""
    return last_step(call.callee) in _DIGESTS
