"""Alphabets, direction and normal forms of texts."""
