"""What went wrong in a storage, found behind what an adapter made of it."""

from collections.abc import Iterator

from attrs import frozen

from flightstream.errors import FlightStreamError, InvalidData, Unavailable
from flightstream.models import Explain


@frozen
class Failures:
    """Tells errors of a storage from all others.

    Args:
        explain: See :class:`Storage`.
    """

    explain: Explain | None = None

    def told(self, exc: BaseException | None) -> FlightStreamError | None:
        """Return what a failure of the storage means, or ``None`` for any other error.

        Looked at is all that led to the error: Arrow raises ``OSError`` for a
        connection that broke and for a damaged file alike, so an adapter may
        have taken one for the other and said ``InvalidData``, or not know more
        than ``Unavailable``.
        """
        if self.explain is None or not isinstance(exc, Exception):
            return None
        is_guess = isinstance(exc, InvalidData | Unavailable)
        if isinstance(exc, FlightStreamError) and not is_guess:
            return None
        for one in _chain(exc):
            if isinstance(one, OSError) and (told := self.explain(one)) is not None:
                return told
        return None


def _chain(exc: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    link: BaseException | None = exc
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or link.__context__
