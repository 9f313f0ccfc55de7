"""How many calls are left of a minute's."""

from attrs import define

SECOND = 1_000_000_000
"""In nanoseconds, as all times here: whole numbers, so that nothing is rounded away."""


@define(eq=False)
class TokenBucket:
    """Holds a minute's tokens, each of which comes back after its part of a minute.

    All there is to remember is when it will be full again, if nothing more is
    taken: each token that is missing is a part of a minute until then.
    """

    _full_at: int = 0

    def take(self, per_minute: int, now: int) -> int:
        """Take a token and return 0, or return how long it takes until there is one.

        Args:
            per_minute: How many tokens a full bucket has.
            now: The time, which never goes back.
        """
        part = 60 * SECOND // per_minute
        full_at = max(self._full_at, now) + part
        wait = full_at - now - per_minute * part
        if wait > 0:
            return wait
        self._full_at = full_at
        return 0
