"""Studies: comparisons that the pages show."""
