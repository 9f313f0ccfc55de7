"""What is wrong with a file."""


class Problem(Exception):
    """Something in a file is not as it has to be; whoever knows which file it is says so.

    Args:
        reason: In words for clients: "its data is damaged".

    Attributes:
        batch: The batch that it is in, counted from 1, or 0.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.batch = 0
