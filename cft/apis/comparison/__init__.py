"""Methods and checkpoints compared on own data."""
