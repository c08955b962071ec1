"""From a picture to an answer: text, confidence, status, and what the network saw."""
