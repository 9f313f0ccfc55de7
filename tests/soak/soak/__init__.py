"""A server that has to hold, with clients and sources that do not behave."""
