"""The source of OpenStack Nova, a large real service, downloaded once and kept."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import platformdirs
import pytest

_UNREACHABLE = (
    "NewConnectionError",
    "ConnectTimeoutError",
    "ReadTimeoutError",
    "ProxyError",
    "Temporary failure in name resolution",
    "Connection refused",
    "Network is unreachable",
)


def cache_folder() -> Path:
    """Return where downloads are kept: ``REVIEW_TEST_CACHE``, or a folder in the user's cache."""
    chosen = os.environ.get("REVIEW_TEST_CACHE")
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("review-lsp-tests"))


@functools.cache
def nova_source(version: str) -> Path:
    """Return the unpacked folder that contains the ``nova/`` package of one version.

    Nothing of it is built or run. The calling test is skipped when no registry answers.
    """
    folder = cache_folder() / f"nova-{version}"
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            unpacked = Path(scratch, "unpacked")
            with zipfile.ZipFile(_download(version, Path(scratch))) as wheel:
                wheel.extractall(unpacked)
            # The folder appears in one step, so that an interrupted run leaves nothing half done.
            shutil.move(unpacked, folder)
    return folder


def _download(version: str, target: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", f"nova=={version}", "--no-deps"]
    command += ["--only-binary=:all:", "--disable-pip-version-check", "--dest", str(target)]
    # Wheels of Python 2 are source all the same.
    for python in ([], ["--python-version", "2.7"]):
        done = subprocess.run([*command, *python], capture_output=True, text=True, check=False)
        output = done.stdout + done.stderr
        wheels = list(target.glob("*.whl"))
        if done.returncode == 0 and wheels:
            return wheels[0]
        if any(sign in output for sign in _UNREACHABLE):
            pytest.skip(f"no package registry answers, so nova {version} cannot be downloaded")
    pytest.fail(f"pip could not download nova {version}:\n{output}")
