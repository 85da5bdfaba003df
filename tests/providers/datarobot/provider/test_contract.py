"""The suite that every provider passes."""

from __future__ import annotations
