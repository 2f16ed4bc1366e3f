"""Which diagnostics the client may ask for: those of files that are not open only if they are wanted.

The protocol has no setting for that. A client that was offered ``workspace/diagnostic`` asks for
it again and again (VS Code every two seconds, unless the answer is held back), and leaves it to the
answers what is shown of a document that was closed. So who can be told otherwise later, by dynamic
registration, is offered it while it is wanted, and drops what it shows when the offer is taken
back. Who cannot is offered it from the start, and told of nothing while it is not wanted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from review_server.features import diagnostic, workspace_diagnostic

if TYPE_CHECKING:
    from review_server.host import ReviewServer

_ID = "diagnostics"
_NAME = "review"


class Offer:
    """The offer of a server to a client that asks for diagnostics."""

    def __init__(self, ls: ReviewServer, *, has_all_files: bool) -> None:
        """Offer nothing yet.

        Args:
            ls: the server.
            has_all_files: whether files that are not open are wanted, as far as is known.
        """
        self._ls = ls
        self._is_lasting = not ls.session.client.registers_pulls
        self._has_all_files = has_all_files or self._is_lasting
        self._is_changing = False

    def make(self) -> None:
        """Make the offer part of the answer to ``initialize``."""
        self._ls.feature(types.TEXT_DOCUMENT_DIAGNOSTIC, self._options())(diagnostic.handle)
        if self._has_all_files:
            # pygls offers what has a handler by then.
            self._ls.feature(types.WORKSPACE_DIAGNOSTIC)(workspace_diagnostic.handle)

    def look(self) -> None:
        """Offer anew if something else is wanted by now."""
        if self._is_lasting:
            return
        if self._ls.session.settling.is_waiting:
            # The diagnostics that wait for the settings are to be those of the new offer.
            self._change()
        else:
            # Requests under way are answered before, so that no client is left with what it shows.
            self._ls.schedule.when_idle(self, self._change)

    def _change(self) -> None:
        wanted = self._ls.session.projects.want_all_files()
        if self._is_changing or wanted == self._has_all_files:
            return
        self._is_changing, self._has_all_files = True, wanted
        if types.WORKSPACE_DIAGNOSTIC not in self._ls.protocol.fm.features:
            self._ls.feature(types.WORKSPACE_DIAGNOSTIC)(workspace_diagnostic.handle)
        row = types.Unregistration(_ID, types.TEXT_DOCUMENT_DIAGNOSTIC)
        self._ls.ask(
            types.CLIENT_UNREGISTER_CAPABILITY,
            types.UnregistrationParams([row]),
            lambda _: self._register(),
            # Two offers at once would show everything twice.
            self._give_up,
        )

    def _register(self) -> None:
        row = types.Registration(_ID, types.TEXT_DOCUMENT_DIAGNOSTIC, self._options())
        self._ls.ask(
            types.CLIENT_REGISTER_CAPABILITY,
            types.RegistrationParams([row]),
            lambda _: self._end(),
            self._end,
        )

    def _give_up(self) -> None:
        self._is_lasting = True

    def _end(self) -> None:
        self._is_changing = False
        # It may have changed again in the meantime.
        self.look()

    def _options(self) -> types.DiagnosticOptions | types.DiagnosticRegistrationOptions:
        """Return what is said of the offer; an offer that may be taken back has a name for that."""
        options = types.DiagnosticOptions(
            inter_file_dependencies=True,
            workspace_diagnostics=self._has_all_files,
            identifier=_NAME,
            work_done_progress=self._has_all_files,
        )
        if self._is_lasting:
            return options
        # Clients take an identity only beside a selector; without one, theirs counts.
        return types.DiagnosticRegistrationOptions(
            document_selector=None,
            inter_file_dependencies=True,
            workspace_diagnostics=self._has_all_files,
            identifier=_NAME,
            work_done_progress=self._has_all_files,
            id=_ID,
        )
