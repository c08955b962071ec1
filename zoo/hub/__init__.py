"""Checkpoints: the catalog, where their files are stored, how they are published."""
