"""What the server does for each message, one file a method.

Each module has ``handle(ls, params)``. Those in ``WIRED`` of ``table`` are given the structure of
``review_server.wire`` that is named there, the others pygls' own.
"""
