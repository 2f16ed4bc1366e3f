"""Starts the server on standard input and output."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import sys


def serve_stdio() -> int:
    """Serve one client until it leaves; return the exit code that the protocol wants."""
    # Nothing that is imported is ever garbage, and looking for it takes a quarter of the start.
    # Later `review_server.garbage` chooses the time.
    gc.disable()
    logging.basicConfig(stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    try:
        return asyncio.run(_serve())
    except KeyboardInterrupt:
        return 130


async def _serve() -> int:
    from review_server.protocol_types import import_lean  # noqa: PLC0415 -- see above

    import_lean()
    from review_server.host import ReviewServer  # noqa: PLC0415 -- see above
    from review_server.logs import forward  # noqa: PLC0415 -- see above
    from review_server.transport import leave_at_last, open_stdio  # noqa: PLC0415 -- see above

    ended = asyncio.get_running_loop().create_future()

    def stop() -> None:
        if not ended.done():
            ended.set_result(None)

    server = ReviewServer(stop)
    forward(server)
    writer, server.attention.look = await open_stdio(server.protocol.receive, stop)
    # pygls can do with a writer that only closes asynchronously; its types cannot say so.
    server.protocol.set_writer(writer)  # type: ignore[arg-type]
    try:
        await ended
    finally:
        code = 0 if server.was_shut_down else 1
        leave_at_last(code)
        if server.has_session:
            server.session.resolving.close()
            server.session.index.close()
            await server.session.index.closed()
    with contextlib.suppress(OSError):
        await writer.close()
    return code
