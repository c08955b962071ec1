"""What a caller can do wrong."""


class InputError(ValueError):
    """Something that a user can cause and mend: one clear sentence, with the remedy."""
