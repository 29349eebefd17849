"""One run: its runner, its training, its plan and its record."""
