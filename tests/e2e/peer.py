"""Lets the end-to-end tests use the harness of the interop tests."""

from __future__ import annotations

import sys
from pathlib import Path

INTEROP = Path(__file__).resolve().parents[1] / "interop"
sys.path.insert(0, str(INTEROP))
