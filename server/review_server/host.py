"""The server as pygls sees it, and the messages that pass by pygls on their way.

pygls has the lifecycle, the features and every message that is not frequent. What an editor sends
with each key is decoded by msgspec and handed to its feature at once. Besides, the protocol is
made to keep the order that the specification asks for: errors before ``initialize`` and after
``shutdown``, an answer to what is no message, and no pop-up for each thing that goes wrong.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import logging
import time
from typing import TYPE_CHECKING, Any

import msgspec
from lsprotocol import types
from msgspec import UNSET
from pygls import exceptions
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol

from review_server import __version__, wire
from review_server.attention import Attention, Interrupted
from review_server.editor_settings import EditorSettings
from review_server.features import notebook
from review_server.features.table import FEATURES, WIRED
from review_server.garbage import Collector
from review_server.inbox import Inbox, Message
from review_server.schedule import Schedule
from review_server.status import Teller
from review_server.transport import leave_at_last

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from concurrent.futures import Future

    from msgspec import UnsetType

    from review_server.session import Session

logger = logging.getLogger(__name__)

_PERSISTENCE = 0.5
"""For how many seconds a request for diagnostics gives way to edits before it is seen through."""
_PATIENCE = 2.0
"""For how many seconds the computation of a change gives way to whatever else comes."""
_PATIENT = frozenset({types.TEXT_DOCUMENT_CODE_ACTION, types.CODE_ACTION_RESOLVE})
"""Requests that may take long, and that may be begun again."""


class ReviewProtocol(LanguageServerProtocol):
    """Speaks with the client."""

    _server: ReviewServer

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Begin without messages."""
        super().__init__(*args, **kwargs)
        self._inbox = Inbox()
        self._is_working = False
        self._current: Message | None = None
        self._is_cancelled = False
        self._answered: set[wire.RequestId] = set()
        """Requests that were answered while the loop was busy, and whose tasks end later."""

    def receive(self, bodies: Iterable[bytes]) -> None:
        """Take messages that have arrived together, and handle them in order.

        What arrives during long work is handled after it; but who cancels is answered at once.
        """
        for body in bodies:
            envelope = self._open(body)
            if envelope is not None and not self._cancels(envelope):
                self._inbox.put(Message(body, envelope, time.monotonic()))
                if envelope.method == types.EXIT:
                    leave_at_last(0 if self._shutdown or self._inbox.ends_in_form else 1)
        self._server.schedule.stir()
        if self._server.attention.is_looking:
            self._server.schedule.soon(self, self._work)
        else:
            self._work()

    def keep_diagnostics_until_settled(self) -> None:
        """Answer no request for diagnostics before the settings are there."""
        self._inbox.keeps_pulls = True

        def answer() -> None:
            self._inbox.keeps_pulls = False
            self._work()

        settling = self._server.session.settling
        settling.afterwards(self, answer)
        settling.begin()

    def _work(self) -> None:
        """Handle what waits."""
        if self._is_working:
            return
        self._is_working = True
        try:
            while self._inbox:
                self._dispatch(self._inbox.take())
        finally:
            self._is_working = False
        self._server.collector.work_was_done()

    def _open(self, body: bytes) -> wire.Envelope | None:
        error: exceptions.JsonRpcException
        try:
            envelope = wire.decode_envelope(body)
        except msgspec.ValidationError as problem:
            error = exceptions.JsonRpcInvalidRequest(f"Invalid Request: {problem}")
        except (ValueError, RecursionError) as problem:
            error = exceptions.JsonRpcParseError(f"Parse Error: {problem}")
        else:
            if envelope.method or envelope.id is not UNSET:
                return envelope
            error = exceptions.JsonRpcInvalidRequest("Invalid Request: no method")
        self._refuse(None, error)
        return None

    def _cancels(self, envelope: wire.Envelope) -> bool:
        """Say whether a message cancels a request that waits or is worked on, and answer that."""
        if envelope.method != types.CANCEL_REQUEST:
            return False
        with contextlib.suppress(ValueError):
            request = wire.decode(envelope.params, wire.Cancel).id
            if self._current is not None and self._current.envelope.id == request:
                self._is_cancelled = True
            elif not self._inbox.withdraw(request) and not self._abandon(request):
                return False
            self._refuse(request, exceptions.JsonRpcRequestCancelled())
            return True
        return False

    def _abandon(self, request: wire.RequestId) -> bool:
        """Have the task end that a request is held by; return whether there is one."""
        task: Any = self._request_futures.get(request)
        if not isinstance(task, asyncio.Task) or task.done():
            return False
        del self._request_futures[request]
        self._answered.add(request)
        task.cancel()
        return True

    def _send_handler_result(self, future: Future[Any], *, msg_id: wire.RequestId) -> None:
        """Answer a request whose task has ended, unless that was done when it was cancelled."""
        if msg_id in self._answered:
            self._answered.discard(msg_id)
        else:
            super()._send_handler_result(future, msg_id=msg_id)

    def _dispatch(self, message: Message) -> None:
        """Handle one message; whatever goes wrong is answered or logged."""
        envelope = message.envelope
        try:
            self._handle(message)
        except exceptions.JsonRpcException as error:
            self._refuse(envelope.id, error)
        except msgspec.ValidationError as error:
            logger.warning("%s has wrong parameters: %s", envelope.method, error)
            self._refuse(envelope.id, exceptions.JsonRpcInvalidParams.of(error))
        except Exception as error:
            logger.exception("%s failed", envelope.method or "A response")
            self._refuse(envelope.id, exceptions.JsonRpcInternalError(repr(error)))

    def _handle(self, message: Message) -> None:
        envelope = message.envelope
        method = envelope.method
        if method == types.EXIT:
            # pygls would tear the loop down from inside, whatever is under way there.
            self._server.stop()
            return
        if method:
            self._check_order(method)
            kind = WIRED.get(method)
            handler = self.fm.features.get(method)
            if kind is not None and handler is not None:
                params: Any = wire.decode(envelope.params, kind)
                if envelope.id is UNSET:
                    handler(params)
                else:
                    self._answer(message, envelope.id, functools.partial(handler, params))
                return
            if not self._is_known(envelope):
                raise exceptions.JsonRpcMethodNotFound.of(method)
            if envelope.id is not UNSET and _is_notification(method):
                raise exceptions.JsonRpcInvalidRequest(f"`{method}` is a notification")
        self.handle_message(self.structure_message(json.loads(message.body)))

    def _answer(
        self, message: Message, request: wire.RequestId | None, work: Callable[[], Any]
    ) -> None:
        """Answer a request, unless it is cancelled meanwhile, or edits make it vain for now."""
        self._current, self._is_cancelled = message, False

        def is_vain() -> bool:
            return self._is_cancelled or self._gives_way(message)

        try:
            with self._server.attention.working(is_vain):
                result = work()
        except Interrupted:
            if not self._is_cancelled:
                self._inbox.put_back(message)
        except Exception:
            if not self._is_cancelled:
                raise
        else:
            if not self._is_cancelled:
                self._send_data(wire.Response(request, result))
        finally:
            self._current = None

    def _gives_way(self, message: Message) -> bool:
        """Say whether something has come that is to be handled before a request is answered."""
        if self._inbox.ends:
            return True
        waited = time.monotonic() - message.since
        if message.is_pull:
            return self._inbox.edits_are_next and waited < _PERSISTENCE
        return message.envelope.method in _PATIENT and bool(self._inbox) and waited < _PATIENCE

    def _check_order(self, method: str) -> None:
        """Refuse a message that may not be sent now."""
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


def _is_notification(method: str) -> bool:
    """Say whether the protocol has no answer for a method."""
    _, response, *_ = types.METHOD_TO_TYPES.get(method, (None, object))
    return response is None


class ReviewServer(LanguageServer):
    """The language server: pygls' features, and the session that they work on."""

    protocol: ReviewProtocol

    def __init__(self, stop: Callable[[], None]) -> None:
        """Register the features; ``stop`` ends the process when the client is gone."""
        super().__init__(
            "review-lsp",
            __version__,
            protocol_cls=ReviewProtocol,
            notebook_document_sync=notebook.SYNC,
        )
        self.attention = Attention()
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

    def ask(
        self,
        method: str,
        params: Any,
        then: Callable[[Any], None] | None = None,
        otherwise: Callable[[], None] | None = None,
    ) -> None:
        """Send a request, and hand on its result; call ``otherwise`` when the client refuses it."""

        def done(answer: Future[Any]) -> None:
            if answer.cancelled():
                return
            error = answer.exception()
            if error is not None:
                logger.warning("The client refused %s: %s", method, error)
                if otherwise is not None:
                    otherwise()
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
