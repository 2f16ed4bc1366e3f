"""Says which assignments a use of a local name may see."""

from __future__ import annotations

import functools

from review_checks.facts.schema import (
    Function,
    Mode,
    RegionKind,
    StatementKind,
)
from review_checks.summaries.flow import ancestry, may_follow, regions_of, statements_in

_PARTIAL = (Mode.AUGMENT, Mode.DELETE)


class Writes:
    """The writes of one function by their access paths."""

    def __init__(self, body: Function) -> None:
        self._body = body

    @functools.cached_property
    def _by_path(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for index, write in enumerate(self._body.writes):
            found.setdefault(write.path, []).append(index)
        return found

    def all_of(self, path: str) -> list[int]:
        """Return all writes of a path, in the order of the source."""
        return self._by_path.get(path, [])

    def reaching(self, path: str, statement: int, at: int) -> tuple[list[int], bool]:
        """Return the writes whose value a use of a path may see, and whether there is no other.

        Uses in a loop that see a write further down from the round before are left out.

        Args:
            path: the access path as it is written.
            statement: the statement of the use.
            at: the order of the use.
        """
        earlier = [index for index in self.all_of(path) if self._body.writes[index].at < at]
        if not earlier:
            return [], False
        since = self._certain_since(earlier, statement)
        found = []
        for index in earlier:
            write = self._body.writes[index]
            if write.at >= since and may_follow(self._body, write.statement, statement):
                found.append(index)
        return found, since >= 0 and bool(found)

    def _certain_since(self, earlier: list[int], statement: int) -> int:
        """Return the order from which on some of the writes have certainly been made, or -1."""
        body = self._body
        own: dict[int, int] = {}
        for index in earlier:
            if body.writes[index].mode not in _PARTIAL:
                own[body.writes[index].statement] = body.writes[index].at
        # The writes and the statements around them, of which the last is the first to look at.
        around = sorted({above for one in own for _, above in ancestry(body, one)}, reverse=True)
        for region, ancestor in ancestry(body, statement):
            # What stands in the header of a block's statement comes before what is inside.
            if ancestor in own:
                return own[ancestor]
            for sibling in around:
                beside = sibling < ancestor and body.statements[sibling].region == region
                if beside and self._writes_always(sibling, own):
                    return body.statements[sibling].at
        return -1

    def _writes_always(self, statement: int, own: dict[int, int]) -> bool:
        """Say whether control does not fall out of a statement without a write."""
        kind = self._body.statements[statement].kind
        if kind is StatementKind.FOR:
            return False
        if statement in own:
            return True
        if kind not in (StatementKind.IF, StatementKind.TRY, StatementKind.WITH):
            return False
        blocks = regions_of(self._body, statement)
        kinds = {self._body.regions[block].kind: block for block in blocks}
        if kind is StatementKind.IF and RegionKind.ELSE not in kinds:
            return False
        if RegionKind.FINALLY in kinds and self._block_writes(kinds[RegionKind.FINALLY], own):
            return True
        return all(
            not self._body.regions[block].falls or self._block_writes(block, own)
            for block in blocks
            if self._body.regions[block].kind not in (RegionKind.TRY_ELSE, RegionKind.FINALLY)
        )

    def _block_writes(self, block: int, own: dict[int, int]) -> bool:
        return any(
            self._writes_always(statement, own) for statement in statements_in(self._body, block)
        )
