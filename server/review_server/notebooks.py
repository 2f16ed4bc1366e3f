"""Notebooks: their code cells are analysed as one module, and shown each its own findings.

For the session a cell is a document like any other. What it asks of its project is answered for the
whole notebook, and translated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from review_checks.model import Finding, Fix, Refusal, Span
from review_checks.text.lines import Document
from review_checks.text.silencers import Silencer
from review_server import convert
from review_server.cells import Cells
from review_server.documents import OpenDocument

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from review_checks.assist import Assist, Offer
    from review_checks.engine.files import Unread
    from review_checks.model import Safety
    from review_checks.options import Options
    from review_server import wire, wire_notebooks
    from review_server.session import Session
    from review_server.workspace import Project

_CODE = 2


class Cell(OpenDocument):
    """A code cell. Its text is its own; the analysis has that of the notebook."""

    __slots__ = ("_notebook", "text")

    def __init__(self, given: wire.TextDocument, notebook: Notebook) -> None:
        """Take a cell that the editor opened."""
        super().__init__(given.uri, given.uri, given.version, _project_of(notebook))
        self.text = Document(given.text)
        self._notebook = notebook

    def join(self, notebook: Notebook) -> None:
        """Belong to a notebook that is another project's by now."""
        self.project = _project_of(notebook)

    @property
    def is_too_large(self) -> bool:
        """Whether the notebook is not analysed because of its size."""
        return self._notebook.whole.is_too_large

    @property
    def is_part(self) -> bool:
        """Whether it belongs to the project of something larger: the notebook."""
        return True

    @property
    def lines(self) -> Sequence[str]:
        """The lines of the cell."""
        return self.text.lines

    def decide(self) -> None:
        """See again whether to report."""
        self.checked = self._notebook.whole.checked
        self.rendered = {}

    def close(self) -> None:
        """Do nothing; the notebook is closed as a whole."""


class Notebook:
    """An open notebook.

    Attributes:
        uri: its URI as the editor spells it.
        whole: its code as one module.
        cells: how lines of the module and of the cells belong together.
    """

    def __init__(self, uri: str, project: Project, path: str) -> None:
        """Make a notebook without cells."""
        self.uri = uri
        self.whole = OpenDocument(uri, path, None, project)
        self.cells = Cells(())
        self.order: list[str] = []
        self.documents: dict[str, Cell] = {}
        self._originals: dict[Finding, Finding] = {}

    def move(self, project: Project) -> None:
        """Belong to another project from now on."""
        self.whole.move(project)
        for cell in self.documents.values():
            cell.join(self)

    def join(self) -> None:
        """Put the cells together anew, after one of them has changed."""
        code = [self.documents[uri] for uri in self.order if uri in self.documents]
        self.cells = Cells([(cell.path, cell.lines) for cell in code])
        self.whole.replace(self.cells.text)
        self._originals.clear()
        for cell in code:
            cell.decide()

    def findings(self, path: str) -> list[Finding]:
        """Return the findings of a cell."""
        project, whole = self.whole.project, self.whole
        everything = project.analysis.findings(whole.path)
        rows: list[Finding] = []
        for original in project.selection.reported(whole.path, everything, whole.lines):
            finding = self.cells.finding(original)
            if finding is not None and finding.path == path:
                self._originals[finding] = original
                rows.append(finding)
        return rows

    def original(self, finding: Finding) -> Finding | None:
        """Return the finding of the module that a finding of a cell is."""
        return self._originals.get(finding)

    def translated(self, result: Fix | Refusal) -> Fix | Refusal:
        """Return a change of the module as one of the cells."""
        if isinstance(result, Refusal):
            return result
        return self.cells.fix(result, self.whole.path)


def _project_of(notebook: Notebook) -> Project:
    """Return what answers a cell what documents ask of a project."""
    return cast("Project", _CellProject(notebook))


class _CellProject:
    """What a cell sees of its project."""

    def __init__(self, notebook: Notebook) -> None:
        self._notebook = notebook
        self.analysis = _CellAnalysis(notebook)
        self.selection = self
        self.root = notebook.whole.project.root
        self.configuration = notebook.whole.project.configuration

    @property
    def options(self) -> Options:
        """What the user chose."""
        return self._notebook.whole.project.options

    def reported(
        self, _path: str, findings: Iterable[Finding], _lines: Sequence[str]
    ) -> list[Finding]:
        """Return all findings: those that are not reported were left out of the notebook's."""
        return list(findings)


class _CellAnalysis:
    """The analysis of a notebook, as one of its cells sees it."""

    def __init__(self, notebook: Notebook) -> None:
        self._notebook = notebook
        self._analysis = notebook.whole.project.analysis
        self._path = notebook.whole.path

    def lines(self, path: str) -> Sequence[str]:
        """Return the lines of a cell, or of another file."""
        cell = self._notebook.documents.get(path)
        return cell.lines if cell is not None else self._analysis.lines(path)

    def findings(self, path: str) -> list[Finding]:
        """Return the findings of a cell."""
        return self._notebook.findings(path)

    def failures(self, path: str) -> list[tuple[str, str]]:
        """Return the rules that failed; they are told of in the first cell."""
        order = [uri for uri in self._notebook.order if uri in self._notebook.documents]
        return self._analysis.failures(self._path) if order[:1] == [path] else []

    def unread(self, path: str) -> list[Unread]:
        """Return the parts of a cell that could not be analysed as they stand."""
        rows = []
        for part in self._analysis.unread(self._path):
            found = self._notebook.cells.place(Span(part.line, 0, part.line, 0))
            if found is not None and found[0] == path:
                rows.append(type(part)(found[1].line, part.reason, part.syntax))
        return rows

    def silencers(self, path: str) -> list[Silencer]:
        """Return the comments of a cell that silence findings."""
        rows = []
        for one in self._analysis.silencers(self._path):
            found = self._notebook.cells.place(one.span)
            if found is not None and found[0] == path:
                inside = one.names, one.inside
                rows.append(Silencer(found[1].line, one.start, one.end, one.whole, *inside))
        return rows

    def fix(self, finding: Finding) -> Fix | Refusal:
        """Compute the edits that remove a finding."""
        return self._about(finding, self._analysis.fix)

    def suppress(self, finding: Finding) -> Fix | Refusal:
        """Compute the edit that silences a finding."""
        return self._about(finding, self._analysis.suppress)

    def suppress_in_file(self, finding: Finding) -> Fix | Refusal:
        """Compute the edit that silences a rule in the notebook."""
        return self._about(finding, self._analysis.suppress_in_file)

    def _about(
        self, finding: Finding, compute: Callable[[Finding], Fix | Refusal]
    ) -> Fix | Refusal:
        original = self._notebook.original(finding)
        if original is None:
            return Refusal("the finding is gone")
        return self._notebook.translated(compute(original))

    def fix_all(
        self,
        path: str,
        title: str,
        wanted: Callable[[Finding], bool],
        allowed: Collection[Safety],
    ) -> Fix | Refusal:
        """Compute one change for the fixes of many findings of a cell."""

        def is_here(finding: Finding) -> bool:
            found = self._notebook.cells.finding(finding)
            return found is not None and found.path == path and wanted(found)

        result = self._analysis.fix_all(self._path, title, is_here, allowed)
        return self._notebook.translated(result)

    def assists(
        self, path: str, span: Span, wanted: Callable[[Assist], bool]
    ) -> Iterator[tuple[Assist, Offer]]:
        """Yield what can be done at a place of a cell."""
        place = self._notebook.cells.in_module(path, span)
        return self._analysis.assists(self._path, place, wanted)

    def assist(self, path: str, span: Span, name: str, key: str) -> Fix | Refusal | None:
        """Compute the change of an offer of ``assists``."""
        place = self._notebook.cells.in_module(path, span)
        result = self._analysis.assist(self._path, place, name, key)
        return None if result is None else self._notebook.translated(result)


class Notebooks:
    """The open notebooks of a session."""

    def __init__(self, session: Session) -> None:
        """Begin without any."""
        self._session = session
        self._open: dict[str, Notebook] = {}

    def open(self, params: wire_notebooks.DidOpenNotebook) -> None:
        """Take a notebook that the editor opened."""
        given = params.notebook_document
        if given.uri in self._open:
            self.close(given.uri)
        path = convert.path_of(given.uri)
        notebook = Notebook(given.uri, self._session.projects.of(path), path)
        self._open[given.uri] = notebook
        self._insert(notebook, 0, 0, given.cells)
        self._add(notebook, params.cell_text_documents)
        self._finish(notebook)

    def change(self, params: wire_notebooks.DidChangeNotebook) -> None:
        """Apply what changed: which cells there are, and the texts of some."""
        notebook = self._open.get(params.notebook_document.uri)
        cells = params.change.cells
        if notebook is None or cells is None:
            return
        if cells.structure is not None:
            array = cells.structure.array
            self._remove(notebook, [one.uri for one in cells.structure.did_close])
            self._insert(notebook, array.start, array.delete_count, array.cells or [])
            self._add(notebook, cells.structure.did_open)
        for change in cells.text_content:
            cell = notebook.documents.get(change.document.uri)
            if cell is not None:
                self._session.edit_text(cell.text, change.changes)
                cell.version = change.document.version
        self._finish(notebook)

    def settle(self) -> bool:
        """Have each notebook belong to the project that is nearest to it; return whether one moved."""
        moved = False
        for notebook in self._open.values():
            project = self._session.projects.of(notebook.whole.path)
            if project is not notebook.whole.project:
                self._session.watch_for_messages(project)
                notebook.move(project)
                moved = True
        return moved

    def projects(self) -> Iterator[Project]:
        """Yield the projects that notebooks belong to."""
        for notebook in self._open.values():
            yield notebook.whole.project

    def close(self, uri: str) -> None:
        """Let go of a notebook."""
        notebook = self._open.pop(uri, None)
        if notebook is not None:
            self._remove(notebook, list(notebook.documents))
            notebook.whole.close()

    def refresh(self) -> None:
        """See again whether to report on the notebooks, after the options changed."""
        for notebook in self._open.values():
            notebook.whole.decide()
            for cell in notebook.documents.values():
                cell.decide()

    @staticmethod
    def _insert(
        notebook: Notebook, start: int, removed: int, cells: Iterable[wire_notebooks.NotebookCell]
    ) -> None:
        # A markup cell keeps its place in the order, and has no document here.
        order = [cell.document if cell.kind == _CODE else "" for cell in cells]
        notebook.order[start : start + removed] = order

    def _add(self, notebook: Notebook, given: Iterable[wire.TextDocument]) -> None:
        for document in given:
            if document.uri in notebook.order and document.language_id in ("python", ""):
                cell = notebook.documents[document.uri] = Cell(document, notebook)
                self._session.add(cell, notebook.whole.project)

    def _remove(self, notebook: Notebook, uris: Iterable[str]) -> None:
        for uri in uris:
            if notebook.documents.pop(uri, None) is not None:
                self._session.close(uri)

    def _finish(self, notebook: Notebook) -> None:
        notebook.join()
        for cell in notebook.documents.values():
            self._session.announce(cell)
