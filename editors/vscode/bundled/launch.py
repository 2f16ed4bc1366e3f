# ruff: noqa: INP001 -- a script, and no part of a package.
"""Starts the bundled server with the Python that runs this.

The pure packages lie in ``shared``, the compiled ones in a folder for each version of Python that they
were compiled for. Where none fits, the interpreter must have them itself.

``--probe`` prints what the editor needs to know of the interpreter, as JSON, and ends. The text is
kept to what old versions of Python understand, so that they can say that they are too old.
"""

import json
import os
import sys

MINIMUM = (3, 11)
HERE = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120


def tag() -> str:
    """Return the name of the folder of compiled packages for this interpreter."""
    version = "cp" + str(sys.version_info[0]) + str(sys.version_info[1])
    return version + ("t" if "t" in getattr(sys, "abiflags", "") else "")


def probe() -> dict:
    """Return what the editor is told: the version, whether the server can run, and why not."""
    version = ".".join([str(part) for part in sys.version_info[:3]])
    answer = {"version": version, "executable": sys.executable, "fits": False, "old": False}
    if sys.version_info < MINIMUM:
        answer["old"] = True
        answer["reason"] = "Python " + version + " is older than 3.11"
        return answer
    try:
        import msgspec  # noqa: F401, PLC0415
    except ImportError as error:
        answer["reason"] = "no compiled packages for Python " + version + ": " + str(error)
        return answer
    answer["fits"] = True
    return answer


def main() -> int:
    """Extend the path, and hand over to the server."""
    folders = [os.path.join(HERE, name) for name in (tag(), "shared")]  # noqa: PTH118
    sys.path[:0] = [folder for folder in folders if os.path.isdir(folder)]  # noqa: PTH112
    if sys.argv[1:] == ["--probe"]:
        sys.stdout.write(json.dumps(probe()) + "\n")
        return 0
    from review_server.__main__ import main as serve  # noqa: PLC0415

    return serve()


if __name__ == "__main__":
    sys.exit(main())
