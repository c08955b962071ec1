"""The interface for programs: layouts of pictures as jobs."""
