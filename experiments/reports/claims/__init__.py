"""An answer to every claim of the reports that can be tested."""
