"""The messages of the protocol that this server handles itself, as far as it looks at them.

They are decoded and encoded by msgspec, which spares a keystroke most of what pygls' own classes
cost. Rows that were rendered before go out as they are, as ``msgspec.Raw``.
"""

from __future__ import annotations

import json
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET, Raw, UnsetType

T = TypeVar("T")
RequestId = int | str
_NULL = Raw(b"null")


class Wire(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """A structure of the protocol."""


class Envelope(Wire, frozen=True):
    """What every message has: enough to know who must handle it."""

    id: RequestId | UnsetType | None = UNSET
    method: str = ""
    params: Raw = _NULL


class Cancel(Wire, frozen=True):
    """Parameters of ``$/cancelRequest``."""

    id: RequestId


class Position(Wire, frozen=True, gc=False, omit_defaults=False):
    """A place in a text, in units of the encoding that was agreed on."""

    line: int
    character: int


class Range(Wire, frozen=True, gc=False, omit_defaults=False):
    """A half-open range of a text."""

    start: Position
    end: Position


class Location(Wire, frozen=True):
    """A range of a file."""

    uri: str
    range: Range


class Identifier(Wire, frozen=True):
    """Which document is meant, and its version if that is known."""

    uri: str
    version: int | None = None


class VersionedIdentifier(Wire, frozen=True, omit_defaults=False):
    """Which document an edit is for; ``version`` is null for a file that is not open."""

    uri: str
    version: int | None


class TextDocument(Wire, frozen=True):
    """A document that was opened."""

    uri: str
    version: int
    text: str
    language_id: str = ""


class ContentChange(Wire, frozen=True):
    """One edit; without a range ``text`` is the whole document."""

    text: str
    range: Range | None = None


class DidOpen(Wire, frozen=True):
    """Parameters of ``textDocument/didOpen``."""

    text_document: TextDocument


class DidChange(Wire, frozen=True):
    """Parameters of ``textDocument/didChange``."""

    text_document: Identifier
    content_changes: list[ContentChange]


class OfDocument(Wire, frozen=True):
    """Parameters of a message of which only the document matters."""

    text_document: Identifier


class PullDiagnostics(Wire, frozen=True):
    """Parameters of ``textDocument/diagnostic``."""

    text_document: Identifier
    previous_result_id: str | None = None


class RelatedInformation(Wire, frozen=True):
    """One piece of evidence."""

    location: Location
    message: str


class CodeDescription(Wire, frozen=True):
    """Where a rule is explained."""

    href: str


class FindingData(Wire, frozen=True):
    """What finds a finding again after the text has moved."""

    rule: str
    scope: str
    symbol: str


class Diagnostic(Wire, frozen=True):
    """A finding as the editor sees it."""

    range: Range
    severity: int
    message: str
    source: str
    code: str | UnsetType = UNSET
    code_description: CodeDescription | UnsetType = UNSET
    related_information: list[RelatedInformation] | UnsetType = UNSET
    data: FindingData | UnsetType = UNSET
    tags: list[int] | UnsetType = UNSET


class FullReport(Wire, frozen=True, tag_field="kind", tag="full"):
    """All diagnostics of a document."""

    items: list[Raw]
    result_id: str | UnsetType = UNSET


class UnchangedReport(Wire, frozen=True, tag_field="kind", tag="unchanged"):
    """Nothing changed since the report that the client has."""

    result_id: str


class PublishDiagnostics(Wire, frozen=True):
    """Parameters of ``textDocument/publishDiagnostics``."""

    uri: str
    diagnostics: list[Raw]
    version: int | UnsetType = UNSET


class HoverParams(Wire, frozen=True):
    """Parameters of ``textDocument/hover``."""

    text_document: Identifier
    position: Position


class MarkupContent(Wire, frozen=True):
    """A text to show, ``markdown`` or ``plaintext``."""

    kind: str
    value: str


class Hover(Wire, frozen=True):
    """What is shown at a place."""

    contents: MarkupContent
    range: Range


class TextContent(Wire, frozen=True):
    """The contents of a document that only the server has."""

    text: str


class ExecuteCommandParams(Wire, frozen=True):
    """Parameters of ``workspace/executeCommand``."""

    command: str
    arguments: list[Any] | None = None


class CodeActionContext(Wire, frozen=True):
    """What the editor wants actions for; the diagnostics are kept as they came."""

    diagnostics: list[dict[str, Any]] = []
    only: list[str] | None = None
    trigger_kind: int | None = None


class CodeActionParams(Wire, frozen=True):
    """Parameters of ``textDocument/codeAction``."""

    text_document: Identifier
    range: Range
    context: CodeActionContext


class ActionData(Wire, frozen=True):
    """What ``codeAction/resolve`` needs to compute an edit.

    Attributes:
        what: the kind of action, a key of ``actions.computing.COMPUTED``.
        uri: the document.
        rule: the rule of the finding; so are the scope, the symbol and the line.
        name: the assist, and ``key`` which of its offers.
        range: where the assist was asked for, in the text of ``version``.
    """

    what: str
    uri: str
    rule: str = ""
    scope: str = ""
    symbol: str = ""
    line: int = 0
    name: str = ""
    key: str = ""
    range: Range | None = None
    version: int | None = None


class TextEdit(Wire, frozen=True):
    """A replacement in one document."""

    range: Range
    new_text: str
    annotation_id: str | UnsetType = UNSET


class ChangeAnnotation(Wire, frozen=True):
    """What the user is told of edits before they are made."""

    label: str
    needs_confirmation: bool = False
    description: str | UnsetType = UNSET


class TextDocumentEdit(Wire, frozen=True):
    """The replacements in one document of a known version."""

    text_document: VersionedIdentifier
    edits: list[TextEdit]


class WorkspaceEdit(Wire, frozen=True):
    """Replacements in several documents, in the form that the client understands."""

    changes: dict[str, list[TextEdit]] | UnsetType = UNSET
    document_changes: list[TextDocumentEdit] | UnsetType = UNSET
    change_annotations: dict[str, ChangeAnnotation] | UnsetType = UNSET


class Disabled(Wire, frozen=True):
    """Why an action cannot be chosen."""

    reason: str


class CodeAction(Wire, frozen=True):
    """An entry of the list of actions."""

    title: str
    kind: str | UnsetType = UNSET
    diagnostics: list[Raw] | UnsetType = UNSET
    is_preferred: bool | UnsetType = UNSET
    disabled: Disabled | UnsetType = UNSET
    edit: WorkspaceEdit | UnsetType = UNSET
    data: ActionData | UnsetType = UNSET


class FileEvent(Wire, frozen=True):
    """A file that was changed by somebody else."""

    uri: str
    type: int = 2


class DidChangeWatchedFiles(Wire, frozen=True):
    """Parameters of ``workspace/didChangeWatchedFiles``."""

    changes: list[FileEvent]


class DidChangeConfiguration(Wire, frozen=True):
    """Parameters of ``workspace/didChangeConfiguration``."""

    settings: Any = None


class Response(Wire, frozen=True, omit_defaults=False):
    """The answer to a request."""

    id: RequestId | None
    result: Any
    jsonrpc: str = "2.0"


class Error(Wire, frozen=True, omit_defaults=True):
    """What went wrong with a request."""

    code: int
    message: str
    data: Any = None


class ErrorResponse(Wire, frozen=True, omit_defaults=False):
    """The answer to a request that failed, or, without an id, to what was no message."""

    id: RequestId | None
    error: Error
    jsonrpc: str = "2.0"


class Notification(Wire, frozen=True, omit_defaults=False):
    """A message to the client that needs no answer."""

    method: str
    params: Any
    jsonrpc: str = "2.0"


_encoder = msgspec.json.Encoder()
_envelopes = msgspec.json.Decoder(Envelope)


def encode(message: Any) -> bytes:
    """Return a message as JSON."""
    try:
        return _encoder.encode(message)
    except UnicodeEncodeError:
        # JSON can carry lone surrogates, and so can a text that an editor sends; UTF-8 cannot.
        return json.dumps(msgspec.to_builtins(message, enc_hook=_unwrapped)).encode()


def decode(body: bytes | Raw, kind: type[T]) -> T:
    """Return a message, or a part of one, as a structure.

    Raises:
        msgspec.ValidationError: it has another form.
        ValueError: it is not JSON.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        return msgspec.convert(json.loads(bytes(body)), kind)


def decode_envelope(body: bytes) -> Envelope:
    """Return what every message has; see ``decode`` for errors."""
    try:
        return _envelopes.decode(body)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        found: Any = json.loads(body)
        if isinstance(found, dict):
            found["params"] = Raw(json.dumps(found.get("params")).encode())
        return msgspec.convert(found, Envelope)


def _unwrapped(value: Any) -> Any:
    return json.loads(bytes(value))
