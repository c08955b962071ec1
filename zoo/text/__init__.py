"""Alphabets, and the direction that texts run in."""
