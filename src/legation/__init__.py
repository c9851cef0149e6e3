"""Legation reads news reports and codes who did what to whom, when, where, according to whom, and if it happened."""

__version__ = "0.1.0"
