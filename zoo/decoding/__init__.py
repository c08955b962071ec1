"""From a network's frames to texts."""
