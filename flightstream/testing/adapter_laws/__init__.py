"""The laws of adapters, in groups."""
