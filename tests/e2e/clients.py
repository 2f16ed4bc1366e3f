"""What three editors say of themselves in ``initialize``, as far as it concerns this server."""

from __future__ import annotations

from typing import Any

Capabilities = dict[str, Any]

_KINDS = ["", "quickfix", "refactor", "source", "source.organizeImports"]

VSCODE: Capabilities = {
    "general": {"positionEncodings": ["utf-16"]},
    "window": {"workDoneProgress": True, "showDocument": {"support": True}},
    "experimental": {"reviewStatus": True},
    "workspace": {
        "applyEdit": True,
        "workspaceEdit": {
            "documentChanges": True,
            "failureHandling": "textOnlyTransactional",
            "changeAnnotationSupport": {"groupsOnLabel": True},
        },
        "configuration": True,
        "didChangeConfiguration": {"dynamicRegistration": True},
        "didChangeWatchedFiles": {"dynamicRegistration": True, "relativePatternSupport": True},
        "workspaceFolders": True,
        "diagnostics": {"refreshSupport": True},
        "textDocumentContent": {"dynamicRegistration": True},
    },
    "textDocument": {
        "synchronization": {"dynamicRegistration": True, "didSave": True},
        "publishDiagnostics": {
            "relatedInformation": True,
            "versionSupport": False,
            "tagSupport": {"valueSet": [1, 2]},
            "codeDescriptionSupport": True,
            "dataSupport": True,
        },
        "diagnostic": {"dynamicRegistration": True, "relatedDocumentSupport": False},
        "hover": {"dynamicRegistration": True, "contentFormat": ["markdown", "plaintext"]},
        "codeAction": {
            "dynamicRegistration": True,
            "isPreferredSupport": True,
            "disabledSupport": True,
            "dataSupport": True,
            "resolveSupport": {"properties": ["edit"]},
            "codeActionLiteralSupport": {"codeActionKind": {"valueSet": _KINDS}},
            "honorsChangeAnnotations": True,
        },
    },
}

NEOVIM: Capabilities = {
    "general": {"positionEncodings": ["utf-8", "utf-16", "utf-32"]},
    "workspace": {
        "applyEdit": True,
        "workspaceEdit": {"resourceOperations": ["rename", "create", "delete"]},
        "configuration": True,
        "didChangeConfiguration": {"dynamicRegistration": False},
        "didChangeWatchedFiles": {"dynamicRegistration": False, "relativePatternSupport": True},
        "workspaceFolders": True,
    },
    "textDocument": {
        "synchronization": {"dynamicRegistration": False, "didSave": True},
        "publishDiagnostics": {
            "relatedInformation": True,
            "tagSupport": {"valueSet": [1, 2]},
            "dataSupport": True,
        },
        "diagnostic": {"dynamicRegistration": False},
        "hover": {"dynamicRegistration": True, "contentFormat": ["markdown", "plaintext"]},
        "codeAction": {
            "dynamicRegistration": True,
            "isPreferredSupport": True,
            "dataSupport": True,
            "resolveSupport": {"properties": ["edit", "command"]},
            "codeActionLiteralSupport": {"codeActionKind": {"valueSet": _KINDS}},
        },
    },
}

EGLOT: Capabilities = {
    "general": {"positionEncodings": ["utf-32", "utf-8", "utf-16"]},
    "workspace": {
        "applyEdit": True,
        "workspaceEdit": {"documentChanges": True},
        "didChangeWatchedFiles": {"dynamicRegistration": True},
        "configuration": True,
        "workspaceFolders": True,
    },
    "textDocument": {
        "synchronization": {"dynamicRegistration": False, "didSave": True},
        "publishDiagnostics": {
            "relatedInformation": False,
            "codeDescriptionSupport": False,
            "tagSupport": {"valueSet": [1, 2]},
        },
        "codeAction": {
            "dynamicRegistration": False,
            "isPreferredSupport": True,
            "codeActionLiteralSupport": {"codeActionKind": {"valueSet": _KINDS[1:]}},
        },
    },
}

BARE: Capabilities = {}
"""An editor from the time before most of the protocol."""

CLIENTS = {"vscode": VSCODE, "neovim": NEOVIM, "eglot": EGLOT}


def speaking(encoding: str, capabilities: Capabilities = VSCODE) -> Capabilities:
    """Return the same client with another encoding of positions."""
    return {**capabilities, "general": {"positionEncodings": [encoding]}}


def versioned(capabilities: Capabilities) -> Capabilities:
    """Return the same client with versions in pushed diagnostics."""
    text = capabilities["textDocument"]
    published = {**text["publishDiagnostics"], "versionSupport": True}
    return {**capabilities, "textDocument": {**text, "publishDiagnostics": published}}


def without(capabilities: Capabilities, *path: str) -> Capabilities:
    """Return the same client without one capability, given by its path."""
    first, *rest = path
    if not rest:
        return {name: value for name, value in capabilities.items() if name != first}
    return {**capabilities, first: without(capabilities[first], *rest)}
