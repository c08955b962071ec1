"""Texts that are drawn: English and Persian words, and what letters say."""
