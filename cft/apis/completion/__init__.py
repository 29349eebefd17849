"""What a config leaves to the data and the checkpoint is filled in."""
