"""A run: its compiled programs, the training itself, and the folder that it writes."""
