# ruff: noqa: INP001 -- a script, and no part of a package.
"""Builds the extension for one or more platforms: ``package.py [--output FOLDER] TARGET...``.

The pure packages are bundled once. Compiled ones are bundled for every version of Python for which the
platform has them; where there is none, the extension offers to make an environment with them. pip
fetches the packages as it is configured to; everything after that is offline.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent.parent
ROOT = HERE.parent.parent
BUNDLED = HERE / "bundled"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
PLATFORMS = {
    "linux-x64": ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"),
    "linux-arm64": ("manylinux_2_28_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64"),
    "alpine-x64": ("musllinux_1_2_x86_64", "musllinux_1_1_x86_64"),
    "alpine-arm64": ("musllinux_1_2_aarch64", "musllinux_1_1_aarch64"),
    "darwin-x64": ("macosx_11_0_x86_64", "macosx_10_15_x86_64", "macosx_10_9_x86_64"),
    "darwin-arm64": ("macosx_11_0_arm64",),
    "win32-x64": ("win_amd64",),
    "win32-arm64": ("win_arm64",),
}
TERMINAL_ONLY = {"rich", "pygments", "markdown_it_py", "mdurl"}
"""What only a terminal needs; the bundled copy never has one."""


class Wheel(NamedTuple):
    """The file of a package."""

    path: Path

    @property
    def name(self) -> str:
        """Return the name of the package, normalised as in file names."""
        return self.path.name.partition("-")[0].lower().replace(".", "_")

    @property
    def requirement(self) -> str:
        """Return the requirement of exactly this version."""
        return f"{self.name}=={self.path.name.split('-')[1]}"

    @property
    def is_pure(self) -> bool:
        """Say whether it suits every Python and platform."""
        return self.path.name.endswith("-none-any.whl")

    def unpack(self, folder: Path) -> None:
        """Put what it holds into a folder."""
        with zipfile.ZipFile(self.path) as archive:
            archive.extractall(folder)


def package(target: str, output: Path) -> Path:
    """Build the extension for a platform; return its file."""
    bundle(target)
    for name in ("LICENSE", "CHANGELOG.md"):
        shutil.copyfile(ROOT / name, HERE / name)
    file = output / f"review-lsp-{target}.vsix"
    vsce = ["npx", "--no-install", "vsce", "package", "--target", target, "--out", str(file)]
    # There is one bundle; the pictures lie in the package; and looking for secrets in thousands of
    # type stubs takes minutes.
    flags = ["--no-dependencies", "--allow-missing-repository", "--no-rewrite-relative-links"]
    flags += ["--allow-package-all-secrets"]
    _run([*vsce, *flags])
    return file


def bundle(target: str) -> None:
    """Fill ``bundled/`` with the server and what it needs on a platform."""
    for folder in [BUNDLED / "shared", *BUNDLED.glob("cp3*")]:
        shutil.rmtree(folder, ignore_errors=True)
    compiled: list[Wheel] = []
    with tempfile.TemporaryDirectory() as name:
        for wheel in _with_dependencies(target, Path(name)):
            if wheel.is_pure:
                wheel.unpack(BUNDLED / "shared")
            else:
                compiled.append(wheel)
    requirements = sorted(wheel.requirement for wheel in compiled)
    (BUNDLED / "requirements.txt").write_text("\n".join(requirements) + "\n", encoding="utf-8")
    for python in PYTHONS:
        _bundle_compiled(target, python, requirements)


def _with_dependencies(target: str, folder: Path) -> list[Wheel]:
    built = folder / "built"
    _run([*_pip("wheel"), "--no-deps", "--wheel-dir", str(built), str(ROOT)])
    (server,) = built.glob("*.whl")
    # pip judges conditions on the platform by its own.
    more = ["colorama"] if target.startswith("win32") else []
    _download(target, PYTHONS[0], folder, str(server), *more)
    wheels = [Wheel(path) for path in sorted(folder.glob("*.whl"))]
    return [wheel for wheel in wheels if wheel.name not in TERMINAL_ONLY]


def _bundle_compiled(target: str, python: str, requirements: list[str]) -> None:
    with tempfile.TemporaryDirectory() as name:
        try:
            _download(target, python, Path(name), "--no-deps", *requirements)
        except subprocess.CalledProcessError:
            sys.stdout.write(
                f"{target}: not all is compiled for Python {python}; none is bundled\n"
            )
            return
        for path in Path(name).glob("*.whl"):
            Wheel(path).unpack(BUNDLED / f"cp{python.replace('.', '')}")


def _download(target: str, python: str, folder: Path, *what: str) -> None:
    platforms = [word for name in PLATFORMS[target] for word in ("--platform", name)]
    version = ["--implementation", "cp", "--python-version", python]
    only = ["--only-binary=:all:", "--dest", str(folder)]
    _run([*_pip("download"), *only, *platforms, *version, *what])


def _pip(command: str) -> list[str]:
    return [sys.executable, "-m", "pip", command, "--quiet", "--disable-pip-version-check"]


def _run(command: list[str]) -> None:
    subprocess.run(command, cwd=HERE, check=True)


def main() -> None:
    """Build for the platforms that were named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="+", choices=PLATFORMS, metavar="TARGET")
    parser.add_argument("--output", type=Path, default=HERE / "dist")
    given = parser.parse_args()
    given.output.mkdir(parents=True, exist_ok=True)
    for target in given.targets:
        sys.stdout.write(f"{package(target, given.output.resolve())}\n")


if __name__ == "__main__":
    main()
