"""The parts of the command prove."""
