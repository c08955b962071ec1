"""Learning: data to batches, a network to a checkpoint, and its calibration."""
