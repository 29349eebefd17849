"""A config as text becomes a config that is whole and checked."""
