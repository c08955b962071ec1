"""From a picture to an answer: its text, confidence and status, and where the network looked."""
