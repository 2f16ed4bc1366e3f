"""The server as pygls sees it, and the messages that pass by pygls on their way.

pygls has the lifecycle, the features and every message that is not frequent. What an editor sends
with each key is decoded by msgspec and handed to its feature at once. Besides, the protocol is
made to keep the order that the specification asks for: errors before ``initialize`` and after
``shutdown``, an answer to what is no message, and no pop-up for each thing that goes wrong.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from typing import TYPE_CHECKING, Any

import msgspec
from lsprotocol import types
from msgspec import UNSET
from pygls import exceptions
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol

from review_server import __version__, wire
from review_server.editor_settings import EditorSettings
from review_server.features.table import FEATURES, WIRED
from review_server.garbage import Collector
from review_server.schedule import Schedule
from review_server.status import Teller

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from concurrent.futures import Future

    from msgspec import UnsetType

    from review_server.session import Session

logger = logging.getLogger(__name__)


class ReviewProtocol(LanguageServerProtocol):
    """Speaks with the client."""

    _server: ReviewServer

    def receive(self, bodies: Iterable[bytes]) -> None:
        """Handle messages that have arrived together, in order."""
        messages = [(body, envelope) for body in bodies if (envelope := self._open(body))]
        cancelled = self._cancelled(messages) if len(messages) > 1 else ()
        self._server.schedule.stir()
        for body, envelope in messages:
            if envelope.id in cancelled and envelope.method:
                self._refuse(envelope.id, exceptions.JsonRpcRequestCancelled())
            else:
                self._dispatch(body, envelope)
        self._server.collector.work_was_done()

    def _open(self, body: bytes) -> wire.Envelope | None:
        error: exceptions.JsonRpcException
        try:
            envelope = wire.decode_envelope(body)
        except msgspec.ValidationError as problem:
            error = exceptions.JsonRpcInvalidRequest(f"Invalid Request: {problem}")
        except ValueError as problem:
            error = exceptions.JsonRpcParseError(f"Parse Error: {problem}")
        else:
            if envelope.method or envelope.id is not UNSET:
                return envelope
            error = exceptions.JsonRpcInvalidRequest("Invalid Request: no method")
        self._refuse(None, error)
        return None

    def _cancelled(self, messages: list[tuple[bytes, wire.Envelope]]) -> set[Any]:
        """Return the requests that nobody waits for any more by the time they are read."""
        found: set[Any] = set()
        for _, envelope in messages:
            if envelope.method == types.CANCEL_REQUEST:
                with contextlib.suppress(ValueError):
                    found.add(wire.decode(envelope.params, wire.Cancel).id)
        return found

    def _dispatch(self, body: bytes, envelope: wire.Envelope) -> None:
        """Handle one message; whatever goes wrong is answered or logged."""
        try:
            self._handle(body, envelope)
        except exceptions.JsonRpcException as error:
            self._refuse(envelope.id, error)
        except msgspec.ValidationError as error:
            logger.warning("%s has wrong parameters: %s", envelope.method, error)
            self._refuse(envelope.id, exceptions.JsonRpcInvalidParams.of(error))
        except Exception as error:
            logger.exception("%s failed", envelope.method or "A response")
            self._refuse(envelope.id, exceptions.JsonRpcInternalError(repr(error)))

    def _handle(self, body: bytes, envelope: wire.Envelope) -> None:
        method = envelope.method
        if method:
            self._check_order(method)
            kind = WIRED.get(method)
            handler = self.fm.features.get(method)
            if kind is not None and handler is not None:
                result = handler(wire.decode(envelope.params, kind))
                if envelope.id is not UNSET:
                    self._send_data(wire.Response(envelope.id, result))
                return
            if not self._is_known(envelope):
                raise exceptions.JsonRpcMethodNotFound.of(method)
        self.handle_message(self.structure_message(json.loads(body)))

    def _check_order(self, method: str) -> None:
        """Refuse a message that may not be sent now."""
        if method == types.EXIT:
            return
        if self._shutdown:
            raise exceptions.JsonRpcInvalidRequest("The server was shut down")
        if self._workspace is None and method != types.INITIALIZE:
            raise exceptions.JsonRpcServerNotInitialized("The server is not initialized yet")
        if self._workspace is not None and method == types.INITIALIZE:
            raise exceptions.JsonRpcInvalidRequest("The server was initialized before")

    def _is_known(self, envelope: wire.Envelope) -> bool:
        if envelope.method == types.CANCEL_REQUEST:
            # Requests are answered at once, so their cancellation mostly comes too late.
            return wire.decode(envelope.params, wire.Cancel).id in self._request_futures
        return envelope.method in self.fm.features or envelope.method in self.fm.builtin_features

    def _refuse(
        self, request: wire.RequestId | UnsetType | None, error: exceptions.JsonRpcException
    ) -> None:
        """Answer a request with an error; a notification cannot be answered."""
        if request is not UNSET:
            answer = wire.Error(error.code, error.message, error.data)
            self._send_data(wire.ErrorResponse(request, answer))
        else:
            logger.debug("A notification was ignored: %s", error)

    def _send_data(self, data: Any) -> None:
        if self.writer is None:
            return
        if hasattr(data, "__attrs_attrs__"):
            data = self._converter.unstructure(data)
        body = wire.encode(data)
        self.writer.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))


class ReviewServer(LanguageServer):
    """The language server: pygls' features, and the session that they work on."""

    protocol: ReviewProtocol

    def __init__(self, stop: Callable[[], None]) -> None:
        """Register the features; ``stop`` ends the process when the client is gone."""
        super().__init__("review-lsp", __version__, protocol_cls=ReviewProtocol)
        self.schedule = Schedule(asyncio.get_running_loop())
        self.collector = Collector(self.schedule)
        self.stop = stop
        self.settings = EditorSettings()
        self.status = Teller()
        self.client_name = ""
        self._session: Session | None = None
        for method, handle in FEATURES.items():
            self.feature(method)(handle)

    @property
    def session(self) -> Session:
        """What is between ``initialize`` and ``shutdown``; features run only then."""
        if self._session is None:
            raise exceptions.JsonRpcServerNotInitialized
        return self._session

    @property
    def has_session(self) -> bool:
        """Whether the client was initialized."""
        return self._session is not None

    def begin(self, session: Session) -> None:
        """Start the session of the client that was initialized."""
        self._session = session

    @property
    def was_shut_down(self) -> bool:
        """Whether the client asked for the end in due form."""
        return self.protocol._shutdown  # noqa: SLF001 -- pygls has no other name for it

    def tell(self, method: str, params: Any) -> None:
        """Send a notification."""
        self.protocol._send_data(wire.Notification(method, params))  # noqa: SLF001

    def ask(self, method: str, params: Any, then: Callable[[Any], None] | None = None) -> None:
        """Send a request, and hand on its result if there is one."""

        def done(answer: Future[Any]) -> None:
            if answer.cancelled():
                return
            error = answer.exception()
            if error is not None:
                logger.warning("The client refused %s: %s", method, error)
            elif then is not None:
                then(answer.result())

        self.protocol.send_request(method, params).add_done_callback(done)

    def ask_for_refresh(self) -> None:
        """Have the client ask for all diagnostics again."""
        self.ask(types.WORKSPACE_DIAGNOSTIC_REFRESH, None)

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Log what went wrong in pygls; requests are answered, and logged, by themselves."""
        if source is not exceptions.FeatureRequestError:
            logger.error("%s", error, exc_info=error)
