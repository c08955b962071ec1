"""Measuring: how right a reader is, how sure, how faithful its maps are; reports and cards."""
