"""Settings that are searched on validation data."""
