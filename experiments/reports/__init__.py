"""The five reports: what they report, the runs that reproduce it, and the page that compares."""
