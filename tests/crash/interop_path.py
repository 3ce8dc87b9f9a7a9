"""Lets the crash checker import from tests/interop what has nothing to do with the server's code."""

from __future__ import annotations

import sys
from pathlib import Path

# Behind our own folder, which has a relay.py, too.
sys.path.append(str(Path(__file__).resolve().parents[1] / "interop"))
