"""Errors that any part of the orchestration may raise."""

from __future__ import annotations


class UsageRefused(ValueError):
    """Something was asked for that can't be; the text says what to write instead."""
