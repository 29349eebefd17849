"""What a run of a plan does, and the plans that several tools share."""
