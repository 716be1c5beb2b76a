"""The schemas of all JSON files that a run, a command or the report writes: one typed place."""
