"""The page REPORT.md and report.html: its parts, each written from the evidence."""
