"""The parts of the playground: nets taken from runs, and the page that shows them at work."""
