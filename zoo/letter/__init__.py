"""Whole Persian letters."""
