"""Laws that are tried on examples which hypothesis draws."""

import warnings
from collections.abc import Callable

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st


def for_all(check: Callable[[st.DataObject], None]) -> None:
    """Run a check on examples that it draws; how many, the profile says."""
    slow = [HealthCheck.too_slow, HealthCheck.filter_too_much]
    chosen = settings(
        deadline=None,
        suppress_health_check=slow,
        report_multiple_bugs=False,
        # An explanation would name lines of the core.
        phases=set(settings().phases) - {Phase.explain},
    )
    with warnings.catch_warnings():
        # A thread of the plugin may, such as one that waits before it tries again.
        warnings.filterwarnings("ignore", message="Do not use the `random` module")
        chosen(given(st.data())(check))()
