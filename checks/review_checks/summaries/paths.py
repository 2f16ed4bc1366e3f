"""Takes access paths apart."""

from __future__ import annotations

import functools

_RECENT = 4096
"""Of how many paths the parts are kept that are asked for most: more than a large file has."""


@functools.lru_cache(maxsize=50_000)
def steps_of(path: str) -> tuple[str, ...]:
    """Split an access path: ``a.b[c.d]().e`` gives ``a``, ``b``, ``[c.d]``, ``()``, ``e``.

    The steps after a root start with their name, a bracket, or are ``()``; a path that begins
    with ``.`` has no root and gives only steps.
    """
    steps: list[str] = []
    start = index = 0
    length = len(path)
    while index < length:
        character = path[index]
        if character == ".":
            if index > start:
                steps.append(path[start:index])
            index += 1
            start = index
        elif character in "[(":
            if index > start:
                steps.append(path[start:index])
            end = _closing(path, index)
            steps.append(path[index:end] if character == "[" else "()")
            index = start = end
        else:
            index += 1
    if index > start:
        steps.append(path[start:index])
    return tuple(steps)


def _closing(path: str, start: int) -> int:
    """Return the position behind the bracket that closes the one at ``start``."""
    depth, index, quote = 0, start, ""
    while index < len(path):
        character = path[index]
        if quote:
            if character == "\\":
                index += 1
            elif character == quote:
                quote = ""
        elif character in "'\"":
            quote = character
        elif character in "[(":
            depth += 1
        elif character in "])":
            depth -= 1
            if depth == 0:
                return index + 1
        index += 1
    return len(path)


def root_of(path: str) -> str:
    """Return the name at which an access path starts."""
    steps = steps_of(path)
    return steps[0] if steps else ""


@functools.lru_cache(maxsize=_RECENT)
def parent_of(path: str) -> str:
    """Return the access path without its last step, or '' when it has only a root."""
    steps = steps_of(path)
    return steps[0] if len(steps) == 2 else join(steps[:-1])


def join(steps: tuple[str, ...]) -> str:
    """Put steps together again to an access path."""
    text = ""
    for step in steps:
        text += step if not text or step[0] in "[(" else "." + step
    return text


@functools.lru_cache(maxsize=_RECENT)
def last_step(path: str) -> str:
    """Return the last step of a path, such as the method's name of a callee."""
    steps = steps_of(path)
    return steps[-1] if steps else ""


def field_of(path: str) -> str:
    """Return the name of the attribute or literal key that a path ends in, or ''."""
    step = last_step(path)
    if step.startswith("["):
        return step[2:-2] if step[1:2] in ("'", '"') else ""
    return "" if step.startswith("(") else step
