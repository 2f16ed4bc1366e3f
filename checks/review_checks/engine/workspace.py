"""The analysis of one project: texts come in, findings and fixes go out."""

from __future__ import annotations

from collections.abc import Sequence

from review_checks.engine.checking import file_outcomes
from review_checks.engine.discovery import rules_by_name
from review_checks.engine.files import FactsMemo, File, UnitState, Unread
from review_checks.engine.source import Source
from review_checks.engine.suppression import Suppressions
from review_checks.model import Edit, Finding, Fix, Note, Refusal, Span
from review_checks.models.loader import packaged
from review_checks.options import Options
from review_checks.rule import FixContext, Place, Report, Rule, settings, span_of
from review_checks.summaries.incremental import Database
from review_checks.summaries.inputs import (
    Layout,
    UnitPlace,
    layout,
    models,
    module_path,
    unit_facts,
    unit_path,
)
from review_checks.summaries.outline import table
from review_checks.text.editing import apply


class Workspace:
    """Keeps the findings of a project's files up to date.

    Open files are given with ``open`` and ``change``; what they refer to is read from the source
    when it is needed. Open texts shadow what the source has.
    """

    def __init__(self, source: Source, options: Options | None = None) -> None:
        """Begin without any file."""
        self._source = source
        self._files: dict[str, File] = {}
        self._open: set[str] = set()
        self._memo = FactsMemo()
        self._tickets = [0]
        self._where: dict[int, tuple[str, int]] = {}
        self._rendered: dict[str, dict[int, tuple[Report, Finding]]] = {}
        self.db = Database()
        self.db.provide(layout, self._load)
        self.db.provide(module_path, source.find_module)
        self.configure(options or Options())

    # Texts

    def configure(self, options: Options) -> None:
        """Use other options from now on."""
        known = packaged()
        if options.models:
            known = known.extended(options.models)
        models.give(self.db, value=known)
        settings.give(self.db, value=options)
        self._rendered.clear()

    def open(self, path: str, text: str) -> None:
        """Take the text of a file that an editor holds, or that is to be checked."""
        self._open.add(path)
        if path in self._files:
            self._apply(self._files[path], *self._files[path].replace(text))
        else:
            self._add(path, text)
            self._give_layout(path)

    def change(self, path: str, edits: Sequence[tuple[Span, str]]) -> None:
        """Apply edits to an open file, one after the other.

        Raises:
            KeyError: the file is not open.
        """
        file = self._files[path]
        if edits:
            self._apply(file, *file.edit(edits))

    def close(self, path: str) -> None:
        """Go back to what the source has for a file."""
        self._open.discard(path)
        self._rendered.pop(path, None)
        self.refresh(path)

    def refresh(self, path: str) -> None:
        """Note that a file was changed, created or deleted outside of editors."""
        self.refresh_modules()
        if path in self._open or (path not in self._files and not self.db.given(layout, (path,))):
            return
        text = self._source.read(path)
        file = self._files.get(path)
        if text is None:
            self._forget(path)
            layout.give(self.db, path, value=None)
        elif file is None:
            self._add(path, text)
            self._give_layout(path)
        else:
            self._apply(file, *file.replace(text))

    def refresh_modules(self) -> None:
        """Ask the source again where modules lie, after files came or went."""
        for (dotted,) in self.db.keys_of(module_path):
            module_path.give(self.db, dotted, value=self._source.find_module(str(dotted)))

    def text(self, path: str) -> str | None:
        """Return the text under analysis of a file."""
        file = self._files.get(path)
        return file.document.text if file is not None else self._source.read(path)

    def lines(self, path: str) -> Sequence[str]:
        """Return the lines under analysis of a file, with their ends."""
        file = self._files.get(path)
        if file is None:
            self.db.read(layout, (path,))
            file = self._files.get(path)
        return file.lines if file is not None else ()

    def unread(self, path: str) -> list[Unread]:
        """Return the parts of a file that could not be analysed as they stand."""
        file = self._files.get(path)
        return file.unread() if file is not None else []

    def _load(self, path: str) -> Layout | None:
        text = self._source.read(path)
        if text is None or len(text) > settings(self.db).max_file_size:
            return None
        self._add(path, text)
        return self._layout(path)

    def _add(self, path: str, text: str) -> None:
        file = self._files[path] = File(path, text, self._memo, self._tickets)
        for state in file.states:
            unit_path.give(self.db, state.unit, value=path)
            unit_facts.give(self.db, state.unit, value=state.facts)

    def _layout(self, path: str) -> Layout:
        file = self._files[path]
        module = self._source.module_name(path)
        places = tuple(
            [
                UnitPlace(state.unit, unit.scope, unit.name)
                for state, unit in zip(file.states, file.segmentation.units, strict=True)
            ]
        )
        return Layout(module.name, module.package, places)

    def _give_layout(self, path: str) -> None:
        layout.give(self.db, path, value=self._layout(path))

    def _apply(self, file: File, changed: list[UnitState], gone: list[int]) -> None:
        for state in file.states if changed or gone else ():
            if state in changed:
                unit_path.give(self.db, state.unit, value=file.path)
                unit_facts.give(self.db, state.unit, value=state.facts)
        if changed or gone:
            self._give_layout(file.path)
        for unit in gone:
            self.db.release(unit_facts, (unit,))
            self.db.release(unit_path, (unit,))

    def _forget(self, path: str) -> None:
        file = self._files.pop(path, None)
        for state in file.states if file is not None else ():
            self.db.release(unit_facts, (state.unit,))
            self.db.release(unit_path, (state.unit,))

    # Findings

    def findings(self, path: str) -> list[Finding]:
        """Return the findings of a file, suppressed ones left out, from top to bottom."""
        rows = [row for row, _ in self._reports(path)]
        self.db.sweep()
        return rows

    def failures(self, path: str) -> list[tuple[str, str]]:
        """Return the rules that failed on a file, with their tracebacks."""
        outcomes = file_outcomes(self.db, path)
        return [failure for outcome in outcomes for failure in outcome.failures]

    def fix(self, finding: Finding) -> Fix | Refusal:
        """Compute the edits that remove a finding, or say why there are none.

        The edits are tried first: where the text would no longer parse, the finding would stay, or
        another would appear, the fix is refused.
        """
        for row, (rule, report) in self._reports(finding.path):
            if row == finding:
                if rule.fix is None or not report.fixable:
                    return Refusal(report.refusal or "this rule has no fix")
                fix = rule.fix(report, self._fix_context())
                return self._tried(fix, finding) if isinstance(fix, Fix) else fix
        return Refusal("the finding is gone")

    def _tried(self, fix: Fix, finding: Finding) -> Fix | Refusal:
        """Return a fix if it does what it should, else why it does not."""
        edits: dict[str, list[Edit]] = {}
        for edit in fix.edits:
            edits.setdefault(edit.path, []).append(edit)
        before = {path: self.text(path) or "" for path in edits}
        known = {_identity(row) for path in edits for row in self.findings(path)}
        unread = sum(len(self.unread(path)) for path in edits)
        opened = [path for path in edits if path not in self._open]
        try:
            for path, rows in edits.items():
                self.open(path, apply(self.lines(path), rows))
            after = {_identity(row) for path in edits for row in self.findings(path)}
            broken = sum(len(self.unread(path)) for path in edits) > unread
        finally:
            for path, text in before.items():
                self.open(path, text)
            self._open.difference_update(opened)
        if broken:
            return Refusal("the result would not parse")
        if _identity(finding) in after:
            return Refusal("the finding would stay")
        if after - known:
            return Refusal(f"it would cause another finding, `{min(after - known)[0]}`")
        return fix

    def _fix_context(self) -> FixContext:
        starts = {
            state.unit: start
            for file in self._files.values()
            for state, start in zip(file.states, file.segmentation.starts, strict=True)
        }
        return FixContext(self.db, self.lines, starts.__getitem__)

    def _reports(self, path: str) -> list[tuple[Finding, tuple[Rule, Report]]]:
        outcomes = file_outcomes(self.db, path)
        if not outcomes:
            return []
        rules = rules_by_name()
        place = _Placer(self._files)
        rows = []
        seen: set[tuple[str, str, str, Span]] = set()
        suppressions = Suppressions(self._files[path])
        for outcome in outcomes:
            for name, report in outcome.reports:
                finding = self._render(path, rules[name], report, place)
                key = (finding.rule, finding.symbol, finding.scope, finding.span)
                if finding.path != path or key in seen or suppressions.cover(finding):
                    continue
                seen.add(key)
                rows.append((finding, (rules[name], report)))
        rows.sort(key=lambda row: (row[0].span, row[0].rule, row[0].symbol))
        return rows

    def _render(self, path: str, rule: Rule, report: Report, place: _Placer) -> Finding:
        options = settings(self.db)
        where, span = place.of(self.db, report.place)
        notes = []
        for spot, message in report.evidence:
            note_path, note_span = place.of(self.db, spot)
            notes.append(Note(note_path, note_span, message))
        severity = options.severity.get(rule.name) or report.severity or rule.severity
        found = table(self.db, where)
        scope = found.qualified(report.place.function) if found is not None else ""
        offered = rule.fix is not None and report.fixable
        return Finding(
            rule.name,
            where,
            span,
            report.message,
            severity,
            scope,
            report.symbol,
            tuple(notes),
            rule.safety if offered else None,
            "" if offered else report.refusal,
        )


def _identity(finding: Finding) -> tuple[str, str, str, str]:
    """Return what tells a finding from others while text moves."""
    return finding.rule, finding.path, finding.scope, finding.symbol


class _Placer:
    """Turns places into paths and spans for one round of rendering."""

    def __init__(self, files: dict[str, File]) -> None:
        self._files = files
        self._indexes: dict[str, dict[int, int]] = {}

    def of(self, db: Database, place: Place) -> tuple[str, Span]:
        unit, index = place.function
        path = unit_path(db, unit)
        file = self._files[path]
        indexes = self._indexes.get(path)
        if indexes is None:
            indexes = self._indexes[path] = {
                state.unit: number for number, state in enumerate(file.states)
            }
        number = indexes[unit]
        state = file.states[number]
        span = span_of(state.facts.functions[index], place)
        return path, state.place(span, file.segmentation.starts[number])
