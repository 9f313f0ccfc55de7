"""The laws of the kit, grouped by subject; authors inherit all of them."""
