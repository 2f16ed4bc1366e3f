"""Clones of the repositories that the corpus names, and the versions in them."""

from __future__ import annotations

import os
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .cases import Source

ORIGIN = "https://github.com"


class UnavailableError(Exception):
    """A repository, or a version in it, cannot be had; the message is for people."""


class Mirrors(NamedTuple):
    """Bare clones with full history, at ``<owner>+<name>/repo`` in a folder.

    Attributes:
        folder: where the clones are.
        origin: from where missing ones are cloned: the part of an address before
            ``/<owner>/<name>``; None when none is to be made.
    """

    folder: Path
    origin: str | None = None

    def provide(self, repo: str, on_clone: Callable[[str], None]) -> None:
        """Clone a repository unless it is there already.

        Args:
            repo: the repository, ``owner/name``.
            on_clone: is told the address before it is cloned.

        Raises:
            UnavailableError: when it is not there and cannot be cloned.
        """
        target = self._path(repo)
        if (target / "HEAD").is_file():
            return
        if self.origin is None:
            raise UnavailableError(f"there is no clone of {repo}: {target} does not exist")
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            clone = Path(scratch, "repo")
            address = f"{self.origin.rstrip('/')}/{repo}"
            on_clone(address)
            done = _git("clone", "--bare", "--quiet", address, str(clone))
            if done.returncode:
                raise UnavailableError(f"{address} cannot be cloned: {_reason(done)}")
            # It appears in one step, so that an interrupted run leaves nothing half done.
            clone.rename(target)

    def read(self, source: Source) -> bytes:
        """Return the content of one version of a file.

        Raises:
            UnavailableError: when the clone does not have it.
        """
        return self._ask(source.repo, "show", f"{source.sha}:{source.path}").stdout

    def unpack(self, repo: str, sha: str, tops: Iterable[str], into: Path) -> None:
        """Write one version of some top-level folders to disk, without their tests.

        Raises:
            UnavailableError: when the clone does not have it.
        """
        without_tests = ":(exclude,glob)**/tests/**"
        with tempfile.TemporaryFile() as archive:
            self._ask(repo, "archive", sha, "--", *tops, without_tests, stdout=archive.fileno())
            archive.seek(0)
            with tarfile.open(fileobj=archive) as members:
                members.extractall(into, filter="data")

    def _ask(
        self, repo: str, *words: str, stdout: int = subprocess.PIPE
    ) -> subprocess.CompletedProcess[bytes]:
        done = _git(f"--git-dir={self._path(repo)}", *words, stdout=stdout)
        if done.returncode:
            raise UnavailableError(f"the clone of {repo} does not answer: {_reason(done)}")
        return done

    def _path(self, repo: str) -> Path:
        return self.folder / repo.replace("/", "+") / "repo"


def _git(*words: str, stdout: int = subprocess.PIPE) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            ["git", *words],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            # A repository that asks for a password is one that cannot be had.
            env={**os.environ, "GIT_TERMINAL_PROMPT": "0"},
            check=False,
        )
    except FileNotFoundError as error:
        raise UnavailableError("git is not installed") from error


def _reason(done: subprocess.CompletedProcess[bytes]) -> str:
    lines = done.stderr.decode(errors="replace").splitlines()
    lines = [line for line in lines if line.startswith(("fatal: ", "error: "))] or lines
    return lines[0] if lines else f"git ended with {done.returncode}"
