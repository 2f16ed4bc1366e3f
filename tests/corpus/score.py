"""Measures a checker against real bug fixes: ``python tests/corpus/score.py --help``."""

from __future__ import annotations

import sys

from scorer.command import main

if __name__ == "__main__":
    sys.exit(main())
