"""The published tables as data, the runs that reproduce them, and what came of these."""
