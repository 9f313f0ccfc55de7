"""Adapters that are right keep every law, and no law is skipped for want of a sample."""

from adapter_cases import AdapterCase
from right_adapters import PushingAdapter


class TestWhatLeavesAllToTheCore(AdapterCase):
    skips = (
        "test_limit_zero_gives_nothing",
        "test_partitions_are_the_whole",
        "test_partitions_are_planned_alike",
        "test_no_more_partitions_than_asked",
        "test_offset_counts_within_a_partition",
    )


class TestWhatDoesAllItself(AdapterCase):
    plugin = PushingAdapter
    skips = ()
