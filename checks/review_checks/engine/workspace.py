"""The analysis of one project: texts come in, findings and fixes go out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from review_checks.engine.assisting import computed, offered
from review_checks.engine.checking import file_outcomes
from review_checks.engine.fixes import fix_all, tried
from review_checks.engine.rendering import Renderer
from review_checks.engine.store import FileStore
from review_checks.engine.suppression import silencers, suppress, suppress_in_file
from review_checks.engine.timing import Timing, time_rules
from review_checks.engine.traces import of_file, of_text
from review_checks.model import Finding, Fix, Refusal, Safety, Span
from review_checks.models.loader import packaged
from review_checks.options import Options
from review_checks.resolve import NoResolver, Resolver
from review_checks.rule import FixContext, Over, UnreadableError
from review_checks.summaries.incremental import Database
from review_checks.summaries.inputs import foreign, layout, models, settings

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from review_checks.assist import Assist, Offer
    from review_checks.engine.files import Unread
    from review_checks.engine.keeping import Shelf
    from review_checks.engine.source import Source
    from review_checks.engine.store import Surveyed
    from review_checks.summaries.cells import Cell
    from review_checks.text.silencers import Silencer


_SWEPT = 32
"""How many cells are forgotten at a time: more than an edit leaves behind, on average."""


class Workspace:
    """Keeps the findings of a project's files up to date.

    Open files are given with ``open`` and ``change``; what they refer to is read from the source
    when it is needed. Open texts shadow what the source has.
    """

    def __init__(
        self,
        source: Source,
        options: Options | None = None,
        shelf: Shelf | None = None,
        is_member: Callable[[str, Sequence[str]], bool] | None = None,
        resolver: Resolver | None = None,
    ) -> None:
        """Begin without any file.

        Args:
            source: has the files that are not open.
            options: what the user chose.
            shelf: keeps facts from one run to the next.
            is_member: says of an open file and its lines whether it is one of those that a survey
                of the project would meet; test code, for example, is not. By default all are.
            resolver: knows the installed libraries.
        """
        chosen = options or Options()
        self._source = source
        self._is_member = is_member or (lambda _path, _lines: True)
        self._open: set[str] = set()
        self.db = Database()
        self._resolver: Resolver = resolver or NoResolver()
        self._resolver.listen(self._learn)
        self.db.provide(foreign, lambda expression: self._resolver.meaning(expression) or "")
        self._store = FileStore(self.db, source, chosen.max_file_size, shelf)
        self._renderer = Renderer(self.db, self._store)
        self.configure(chosen)

    # Texts

    def configure(self, options: Options) -> None:
        """Use other options from now on."""
        known = packaged()
        if added := options.knowledge():
            known = known.extended(added)
        self._store.max_file_size = options.max_file_size
        models.give(self.db, value=known)
        settings.give(self.db, value=options)
        self._renderer.forget()
        self._store.traces.clear()
        for path in self._open:
            self._count(path)

    def open(self, path: str, text: str) -> None:
        """Take the text of a file that an editor holds, or that is to be checked."""
        self._open.add(path)
        self._store.put(path, text)
        self._count(path)

    def _count(self, path: str) -> None:
        """Have an open file count among the users of names, if it is a member of the project."""
        if self._is_member(path, self.lines(path)):
            self._store.follow(path)
        else:
            self._store.unfollow(path)

    def change(self, path: str, edits: Iterable[tuple[Span, str]]) -> None:
        """Apply one or more edits to an open file; each is asked for when those before it are done.

        Raises:
            KeyError: the file is not open.
            TypeError: there is no edit.
        """
        self._store.edit(path, edits)

    def close(self, path: str) -> None:
        """Go back to what the source has for a file."""
        self._open.discard(path)
        self._reload(path)
        self._store.unfollow(path)

    def refresh(self, *paths: str) -> None:
        """Note that files were changed, created or deleted outside of editors."""
        self._store.refresh_modules()
        self.reload(*paths)

    def reload(self, *paths: str) -> None:
        """Note that files, all of which were there before, were changed outside of editors."""
        for path in paths:
            if path not in self._open:
                self._reload(path)

    def _reload(self, path: str) -> None:
        if path not in self._store.files and not self.db.given(layout, (path,)):
            # Nobody has asked for it yet, or what was asked was let go of.
            self._store.traces.change(of_file(path))
            return
        text = self._source.read(path)
        if text is None:
            self._store.remove(path)
        else:
            self._store.put(path, text)

    def pause_with(self, pause: Callable[[], None], glance: Callable[[], object]) -> None:
        """Have long work interrupted now and then.

        Args:
            pause: may raise a ``BaseException`` to give the work up; what was found out is kept.
            glance: is called where that is not possible, and must not raise.
        """
        self.db.pause = pause
        self._store.glance_with(glance)

    # Letting go

    @property
    def size(self) -> int:
        """How much is remembered, in cells; one has about a KiB, with its part of texts and facts."""
        return self.db.size

    def trace(self, path: str) -> None:
        """Note what the findings of a file, if they were just asked for, come from; see ``stands``."""
        found = self.db.reached(file_outcomes, (path,))
        # Findings say where things stand, their own file's and those in evidence.
        rows = self._renderer.rows(path) if found else ()
        texts = [
            of_text(one) for one in {path, *[note.path for row in rows for note in row[0].notes]}
        ]
        sources = self._store.sources(found, self._open)
        self._store.traces.put(path, [of_file(path), *texts, *sources])

    def stands(self, path: str) -> bool:
        """Say whether the findings of a file are those that ``trace`` was called for.

        It may say no of some that are.
        """
        return self._store.traces.stands(path)

    def let_go(self, *, traces: bool = False) -> None:
        """Forget all that the findings of open files do not come from; ``traces`` says: these, too."""
        if traces:
            self._store.traces.clear()
        wanted: set[Cell] = set()
        for path in self._open:
            wanted |= self.db.reached(file_outcomes, (path,))
        self._store.let_go(wanted, self._open)
        self._renderer.forget(self._open)

    # The whole project

    def survey_with(self, survey: Callable[[], Iterable[Surveyed]]) -> None:
        """Have the project surveyed when somebody first asks where a name is used.

        Until a survey was made one way or the other, only files that are open count.
        """
        self._store.survey = survey

    def note(self, rows: Iterable[Surveyed]) -> None:
        """Take which names some files use; findings follow when ``announce`` is called."""
        self._store.note(rows)

    def forget(self, *paths: str) -> None:
        """Take it that files are no longer members of the project."""
        self._store.note((path, ()) for path in paths)

    def announce(self) -> bool:
        """Bring findings up to date with what was noted; return whether that may change any."""
        return self._store.announce()

    def _learn(self, answers: Mapping[str, str]) -> None:
        """Take what a resolver found out later."""
        for expression, meaning in answers.items():
            if self.db.given(foreign, (expression,)):
                foreign.give(self.db, expression, value=meaning)

    # The files under analysis

    def is_open(self, path: str) -> bool:
        """Say whether the text of a file was given, and shadows what the source has."""
        return path in self._open

    def text(self, path: str) -> str | None:
        """Return the text under analysis of a file."""
        file = self._store.files.get(path)
        return file.document.text if file is not None else self._source.read(path)

    def lines(self, path: str) -> Sequence[str]:
        """Return the lines under analysis of a file, with their ends."""
        file = self._store.ensure(path)
        return file.lines if file is not None else ()

    def unread(self, path: str) -> list[Unread]:
        """Return the parts of a file that could not be analysed as they stand."""
        file = self._store.files.get(path)
        return file.unread() if file is not None else []

    # Findings

    def findings(self, path: str) -> list[Finding]:
        """Return the findings of a file, suppressed ones left out, from top to bottom."""
        return [row for row, _, _ in self._renderer.rows(path)]

    def tidy(self) -> None:
        """Forget some of what nothing needs any more; to be called when findings were handed out."""
        self.db.sweep(_SWEPT)

    def time_rules(self, path: str) -> list[Timing]:
        """Return how long each rule takes on a file."""
        return time_rules(self.db, path)

    def failures(self, path: str) -> list[tuple[str, str]]:
        """Return the rules that failed on a file, with their tracebacks."""
        outcomes = file_outcomes(self.db, path)
        return [failure for outcome in outcomes for failure in outcome.failures]

    def fix(self, finding: Finding) -> Fix | Refusal:
        """Compute the edits that remove a finding, or say why there are none.

        The edits are tried first: where the text would no longer parse, the finding would stay, or
        another would appear, the fix is refused.
        """
        for row, rule, report in self._renderer.rows(finding.path):
            if row == finding:
                if rule.fix is None:
                    return Refusal(report.refusal or "this rule has no fix")
                if not report.fixable:
                    return Refusal(report.refusal or "what to do here depends on what is meant")
                try:
                    fix = rule.fix(report, self._fix_context())
                except UnreadableError as error:
                    return Refusal(str(error))
                # What a comment says changes no code, and several of one kind look alike.
                if isinstance(fix, Refusal) or rule.over is Over.COMMENT:
                    return fix
                return tried(self, fix, finding)
        return Refusal("the finding is gone")

    def suppress(self, finding: Finding) -> Fix | Refusal:
        """Compute the edit that silences a finding by a comment, or say why there is none."""
        file = self._store.files.get(finding.path)
        if file is None:
            return Refusal("the finding is gone")
        fix = suppress(file, finding)
        return tried(self, fix, finding) if isinstance(fix, Fix) else fix

    def suppress_in_file(self, finding: Finding) -> Fix | Refusal:
        """Compute the edit that silences the rule of a finding in its whole file."""
        file = self._store.files.get(finding.path)
        if file is None:
            return Refusal("the finding is gone")
        return tried(self, suppress_in_file(file, finding), finding)

    def silencers(self, path: str) -> list[Silencer]:
        """Return the comments of a file that silence findings."""
        file = self._store.files.get(path)
        return list(silencers(file)) if file is not None else []

    def fix_all(
        self,
        path: str,
        title: str,
        wanted: Callable[[Finding], bool],
        allowed: Collection[Safety],
    ) -> Fix | Refusal:
        """Compute one change for the fixes of many findings of a file; see ``fixes.fix_all``."""
        return fix_all(self, path, title, wanted, allowed)

    def assists(
        self, path: str, span: Span, wanted: Callable[[Assist], bool]
    ) -> Iterator[tuple[Assist, Offer]]:
        """Yield what can be done at a place of a file where nothing need be wrong."""
        return offered(path, span, self._fix_context(), wanted)

    def assist(self, path: str, span: Span, name: str, key: str) -> Fix | Refusal | None:
        """Compute the change of an offer of ``assists``; None when it is not made any more."""
        return computed(self, path, span, self._fix_context(), (name, key))

    def _fix_context(self) -> FixContext:
        self._store.catch_up()
        return FixContext(self.db, self.lines, self._start)

    def _start(self, unit: int) -> int:
        _, state, start = self._store.locate(unit)
        if state.reason:
            raise UnreadableError(start)
        return start
