"""What claims need to know of trained nets beyond their scores: measured of their checkpoints."""
