"""What the client can do, as far as it matters to this server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from review_checks.text.positions import Encoding

if TYPE_CHECKING:
    from lsprotocol import types


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """The capabilities of a client.

    Attributes:
        encoding: the units in which it counts columns.
        pulls: it asks for diagnostics, and asks again when told to; others have them pushed. (Neovim
            0.11 only asks after edits, and would go on showing what other settings made of a file.)
        refreshes: it can be told to ask for all diagnostics again.
        registers_pulls: it can be told to ask for the diagnostics of other files than before.
        shows_evidence: its diagnostics may have related information.
        opens_pages: its diagnostics may link to the page of their rule.
        reads_pages: it can be offered documents that only the server has.
        shows_documents: it can be asked to show a document.
        renders_markdown: its hovers may be Markdown.
        fades: it can show code that could as well be away.
        wants_status: it knows the server's own notification of how it is doing.
        keeps_data: it gives the data of a diagnostic back with the request for actions.
        tracks_versions: pushed diagnostics may carry the version of the document.
        takes_actions: the list of actions may have objects instead of mere commands.
        resolves_edits: it asks for the edit of an action when the user chooses it.
        prefers_actions: it knows an action that is the obvious one.
        shows_disabled: it shows actions that cannot be chosen, with the reason.
        versioned_edits: edits may name the version of the document they are for.
        confirms_edits: edits may ask the user to confirm them one by one.
        watches_files: it can be asked to watch files.
        shows_progress: it can be asked to show how far something is.
        has_configuration: it can be asked for the user's settings.
        registers_configuration: it can be asked to tell when they change.
    """

    encoding: Encoding = Encoding.UTF16
    pulls: bool = False
    refreshes: bool = False
    registers_pulls: bool = False
    shows_evidence: bool = False
    opens_pages: bool = False
    reads_pages: bool = False
    shows_documents: bool = False
    renders_markdown: bool = False
    fades: bool = False
    wants_status: bool = False
    keeps_data: bool = False
    tracks_versions: bool = False
    takes_actions: bool = False
    resolves_edits: bool = False
    prefers_actions: bool = False
    shows_disabled: bool = False
    versioned_edits: bool = False
    confirms_edits: bool = False
    watches_files: bool = False
    shows_progress: bool = False
    has_configuration: bool = False
    registers_configuration: bool = False

    @classmethod
    def of(cls, capabilities: types.ClientCapabilities, encoding: str) -> Client:
        """Read what a client says of itself."""

        def can(path: str) -> bool:
            return bool(_get(capabilities, path))

        def of_diagnostics(name: str) -> bool:
            kinds = ("publish_diagnostics", "diagnostic")
            return any(can(f"text_document.{kind}.{name}") for kind in kinds)

        action = "text_document.code_action"
        edit = "workspace.workspace_edit"
        resolvable = _get(capabilities, f"{action}.resolve_support.properties") or ()
        return cls(
            encoding=Encoding(encoding),
            pulls=_get(capabilities, "text_document.diagnostic") is not None
            and can("workspace.diagnostics.refresh_support"),
            refreshes=can("workspace.diagnostics.refresh_support"),
            registers_pulls=can("text_document.diagnostic.dynamic_registration"),
            shows_evidence=of_diagnostics("related_information"),
            opens_pages=of_diagnostics("code_description_support"),
            reads_pages=can("workspace.text_document_content.dynamic_registration"),
            shows_documents=can("window.show_document.support"),
            renders_markdown="markdown"
            in (_get(capabilities, "text_document.hover.content_format") or ()),
            fades=1 in _tags(capabilities),
            wants_status=_is_experimental(capabilities, "reviewStatus"),
            keeps_data=of_diagnostics("data_support"),
            tracks_versions=can("text_document.publish_diagnostics.version_support"),
            takes_actions=can(f"{action}.code_action_literal_support"),
            resolves_edits="edit" in resolvable and can(f"{action}.data_support"),
            prefers_actions=can(f"{action}.is_preferred_support"),
            shows_disabled=can(f"{action}.disabled_support"),
            versioned_edits=can(f"{edit}.document_changes"),
            confirms_edits=can(f"{edit}.document_changes")
            and _get(capabilities, f"{edit}.change_annotation_support") is not None
            and can(f"{action}.honors_change_annotations"),
            watches_files=can("workspace.did_change_watched_files.dynamic_registration"),
            shows_progress=can("window.work_done_progress"),
            has_configuration=can("workspace.configuration"),
            registers_configuration=can("workspace.did_change_configuration.dynamic_registration"),
        )


def _tags(capabilities: types.ClientCapabilities) -> set[int]:
    """Return the tags that diagnostics may have, however they are sent."""
    kinds = ("publish_diagnostics", "diagnostic")
    paths = [f"text_document.{kind}.tag_support.value_set" for kind in kinds]
    return {int(tag) for path in paths for tag in _get(capabilities, path) or ()}


def _is_experimental(capabilities: types.ClientCapabilities, name: str) -> bool:
    """Say whether the client claims a capability that is no part of the protocol."""
    given: Any = capabilities.experimental
    if isinstance(given, dict):
        return bool(given.get(name))
    return bool(getattr(given, name, False))


def _get(value: Any, path: str) -> Any:
    """Follow attributes; None when one is missing on the way."""
    for name in path.split("."):
        value = getattr(value, name, None)
    return value
