"""Figures: arrays in, a matplotlib Figure out. Nothing else imports matplotlib."""
