"""An editor that keeps its own texts, and applies what the server sends to them.

It converts positions in its own way, by encoding the line, so that it shares no mistake with the
server.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from e2e.clients import Capabilities

SERVER = [sys.executable, "-m", "review_server"]
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_UNITS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}
PATIENCE = 20.0


class Editor:
    """A client with its open documents."""

    def __init__(self, client: LanguageClient, root: Path) -> None:
        self.client = client
        self.root = root
        self.texts: dict[str, str] = {}
        self.versions: dict[str, int] = {}
        self.published: list[types.PublishDiagnosticsParams] = []
        self._news = asyncio.Event()
        self.offered = types.ServerCapabilities()
        self.registered: dict[str, Any] = {}
        self.withdrawn: list[str] = []
        features = client.protocol.fm.features
        features[types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS] = self._on_publish
        features[types.CLIENT_REGISTER_CAPABILITY] = self._on_register
        features[types.CLIENT_UNREGISTER_CAPABILITY] = self._on_unregister

    def _on_publish(self, params: types.PublishDiagnosticsParams) -> None:
        self.published.append(params)
        self._news.set()

    def _on_register(self, params: types.RegistrationParams) -> None:
        for row in params.registrations:
            self.registered[row.method] = row.register_options

    def _on_unregister(self, params: types.UnregistrationParams) -> None:
        for row in params.unregisterations:
            self.registered.pop(row.method, None)
            if row.method == types.TEXT_DOCUMENT_DIAGNOSTIC:
                self.withdrawn.append(row.id)

    @property
    def pulls(self) -> bool:
        return self.offered.diagnostic_provider is not None

    def open(self, where: Path | str, text: str | None = None, language: str = "python") -> str:
        """Open a file, or a document of any URI; return its URI."""
        uri = where if isinstance(where, str) else where.as_uri()
        if text is None:
            assert isinstance(where, Path)
            text = where.read_bytes().decode()
        self.texts[uri], self.versions[uri] = text, 1
        item = types.TextDocumentItem(uri, language, 1, text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return uri

    def close(self, uri: str) -> None:
        self.client.text_document_did_close(
            types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(uri))
        )

    def replace(self, uri: str, *edits: tuple[str, str]) -> None:
        """Replace the first occurrence of each text by another, all in one event."""
        changes = []
        for old, new in edits:
            start = self.texts[uri].index(old)
            changes.append(self._change(uri, start, start + len(old), new))
        self._send(uri, changes)

    def insert(self, uri: str, offset: int, text: str) -> None:
        self._send(uri, [self._change(uri, offset, offset, text)])

    def replace_all(self, uri: str, text: str) -> None:
        self.texts[uri] = text
        self._send(uri, [types.TextDocumentContentChangeWholeDocument(text)])

    def _change(
        self, uri: str, start: int, end: int, new: str
    ) -> types.TextDocumentContentChangePartial:
        text = self.texts[uri]
        place = types.Range(self.position(text, start), self.position(text, end))
        self.texts[uri] = text[:start] + new + text[end:]
        return types.TextDocumentContentChangePartial(place, new)

    def _send(self, uri: str, changes: list[Any]) -> None:
        self.versions[uri] += 1
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(version=self.versions[uri], uri=uri), changes
            )
        )

    # Positions

    @property
    def _codec(self) -> tuple[str, int]:
        return _UNITS[str(self.offered.position_encoding or "utf-16")]

    def position(self, text: str, offset: int) -> types.Position:
        codec, size = self._codec
        for line, match in enumerate(_LINE.finditer(text)):
            if match.start() <= offset < match.end() or match.end() == len(text):
                column = len(text[match.start() : offset].encode(codec)) // size
                return types.Position(line, column)
        raise AssertionError(offset)

    def offset(self, text: str, position: types.Position) -> int:
        codec, size = self._codec
        lines = list(_LINE.finditer(text))
        assert position.line < len(lines), position
        start = lines[position.line].start()
        raw = lines[position.line].group().rstrip("\r\n").encode(codec)
        assert position.character * size <= len(raw), position
        return start + len(raw[: position.character * size].decode(codec))

    def slice(self, uri: str, place: types.Range) -> str:
        """Return the text of a range."""
        text = self.texts[uri]
        return text[self.offset(text, place.start) : self.offset(text, place.end)]

    # Diagnostics

    async def diagnostics(self, uri: str) -> list[types.Diagnostic]:
        """Return what is shown of a document at its present version."""
        if self.pulls:
            report = await self.pull(uri)
            assert isinstance(report, types.RelatedFullDocumentDiagnosticReport)
            return list(report.items)
        return list((await self.next_published(uri)).diagnostics)

    async def pull(self, uri: str, previous: str | None = None) -> Any:
        return await self.client.text_document_diagnostic_async(
            types.DocumentDiagnosticParams(
                types.TextDocumentIdentifier(uri), previous_result_id=previous
            )
        )

    async def next_published(self, uri: str) -> types.PublishDiagnosticsParams:
        """Return what was pushed for a document since this was asked last."""
        async with asyncio.timeout(PATIENCE):
            while True:
                mine = [params for params in self.published if params.uri == uri]
                if mine:
                    self.published = [params for params in self.published if params.uri != uri]
                    return mine[-1]
                self._news.clear()
                await self._news.wait()

    # Actions

    async def actions(
        self,
        uri: str,
        diagnostic: types.Diagnostic,
        only: list[str] | None = None,
        trigger: types.CodeActionTriggerKind | None = None,
    ) -> list[types.CodeAction]:
        """Return the actions at the start of a diagnostic."""
        place = types.Range(diagnostic.range.start, diagnostic.range.start)
        return await self.actions_at(uri, place, only, trigger, [diagnostic])

    async def actions_on(
        self, uri: str, text: str, only: list[str] | None = None
    ) -> list[types.CodeAction]:
        """Return what the user is offered who has selected the first occurrence of a text."""
        start = self.texts[uri].index(text)
        place = types.Range(
            self.position(self.texts[uri], start), self.position(self.texts[uri], start + len(text))
        )
        return await self.actions_at(uri, place, only, types.CodeActionTriggerKind.Invoked)

    async def actions_at(
        self,
        uri: str,
        place: types.Range,
        only: list[str] | None = None,
        trigger: types.CodeActionTriggerKind | None = None,
        diagnostics: list[types.Diagnostic] | None = None,
    ) -> list[types.CodeAction]:
        context = types.CodeActionContext(diagnostics or [], only, trigger)  # type: ignore[arg-type]
        found = await self.client.text_document_code_action_async(
            types.CodeActionParams(types.TextDocumentIdentifier(uri), place, context)
        )
        rows = [action for action in found or [] if isinstance(action, types.CodeAction)]
        assert len(rows) == len(found or [])
        return rows

    async def apply(self, action: types.CodeAction) -> None:
        """Resolve an action if it needs to be, and apply its edits as an editor does."""
        assert action.disabled is None, action
        if action.edit is None:
            action = await self.client.code_action_resolve_async(action)
        assert action.edit is not None
        assert (action.edit.changes is None) != (action.edit.document_changes is None)
        for change in action.edit.document_changes or ():
            assert isinstance(change, types.TextDocumentEdit)
            assert change.text_document.version == self.versions.get(change.text_document.uri)
            self._apply(change.text_document.uri, change.edits)
        for uri, edits in (action.edit.changes or {}).items():
            self._apply(uri, edits)

    def _apply(self, uri: str, edits: Any) -> None:
        text = self.texts.get(uri)
        assert text is not None, f"{uri} is not open"
        rows = [
            (self.offset(text, edit.range.start), self.offset(text, edit.range.end), edit.new_text)
            for edit in edits
        ]
        # From the end, so that offsets stay; at one place the last goes first.
        order = sorted(range(len(rows)), key=lambda at: (rows[at][0], at), reverse=True)
        self._send(uri, [self._change(uri, *rows[at]) for at in order])


async def until(holds: Callable[[], Any]) -> Any:
    """Wait until something is true, and return what it is."""
    async with asyncio.timeout(PATIENCE):
        while not (found := holds()):  # noqa: ASYNC110 -- what is waited for has no event
            await asyncio.sleep(0.01)
    return found


async def first_shown(editor: Editor, uri: str) -> list[types.Diagnostic]:
    """Wait until something is shown of a document that shows nothing at first."""
    async with asyncio.timeout(PATIENCE):
        while not (shown := await editor.diagnostics(uri)):  # noqa: ASYNC110 -- who pulls has to ask
            # Asking more often would keep the server from thinking that the editor rests.
            await asyncio.sleep(1)
    return shown


@contextlib.asynccontextmanager
async def connected(
    capabilities: Capabilities,
    root: Path,
    *,
    options: dict[str, Any] | None = None,
    settings: dict[str, Any] | None = None,
    folder: str | None = None,
) -> AsyncIterator[Editor]:
    """Start a server for an editor with one folder; end it in due form."""
    config = ClientServerConfig(server_command=SERVER, server_env=dict(os.environ))
    client = await config.start()
    assert isinstance(client, LanguageClient)
    client.set_configuration(settings or {}, section="review-lsp")
    editor = Editor(client, root)
    uri = folder or root.as_uri()
    structure = client.protocol._converter.structure
    answer = await client.initialize_session(
        types.InitializeParams(
            capabilities=structure(capabilities, types.ClientCapabilities),
            root_uri=uri,
            workspace_folders=[types.WorkspaceFolder(uri, "root")],
            initialization_options=options,
        )
    )
    editor.offered = answer.capabilities
    try:
        yield editor
        assert not client.messages, "nothing may pop up"
    finally:
        server = client._server
        assert server is not None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await client.shutdown_session()
        if server.returncode is None:
            server.kill()
        await client.stop()
    assert server.returncode == 0
