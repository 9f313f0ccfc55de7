"""Adapters that do something themselves, and that wrongly."""

from functools import partial
from itertools import count

import attrs
from adapter_cases import AdapterCase
from right_adapters import PushingAdapter

from flightstream import adapter, hookimpl


class TestSortsColumns(AdapterCase):
    breaks = {"test_columns": 'another schema than was announced"); the adapter was asked'}

    @adapter
    class plugin(PushingAdapter):
        def projected(self, batches, request):
            names = request.columns and sorted(request.columns)
            return super().projected(batches, attrs.evolve(request, columns=names))


class TestIgnoresTheFilter(AdapterCase):
    breaks = {
        "test_filter": "rows, expected 0; the adapter was asked {'filter'",
        "test_a_filter_nobody_meets_gives_nothing": "'orders' with a filter that nothing meets",
    }

    @adapter
    class plugin(PushingAdapter):
        def filtered(self, batches, request):
            return batches


class TestLimitsTooSoon(AdapterCase):
    breaks = {"test_limit": "the adapter was asked {'limit'"}

    @adapter
    class plugin(PushingAdapter):
        def limited(self, batches, request):
            limit = request.limit and request.limit - 1
            return super().limited(batches, attrs.evolve(request, limit=limit))


class TestIgnoresTheOffset(AdapterCase):
    breaks = {
        "test_offset": "there are 6 rows, expected 5; the adapter was asked {'offset': 1}",
        "test_a_stream_resumes_at_every_batch": "'orders' resumed after 2 rows: there are 6",
        "test_offset_counts_within_a_partition": "of 'orders' from row 1: there are 2 rows",
    }

    @adapter
    class plugin(PushingAdapter):
        def skipped(self, batches, request):
            return batches


class TestIgnoresTheOffsetOfSomeColumns(AdapterCase):
    breaks = {"test_any_command": "the adapter was asked {'columns': ("}

    @adapter
    class plugin(PushingAdapter):
        def skipped(self, batches, request):
            return super().skipped(batches, request) if request.columns is None else batches


class TestLimitsBeforeTheOffset(AdapterCase):
    breaks = {"test_any_command": "rows, expected 1; the adapter was asked"}

    @adapter
    class plugin(PushingAdapter):
        def skipped(self, batches, request):
            return super().skipped(super().limited(batches, request), request)


class TestNoRowsWithoutColumns(AdapterCase):
    breaks = {"test_no_column_keeps_the_rows": "'orders' without columns has 0 rows"}

    @adapter
    class plugin(PushingAdapter):
        def projected(self, batches, request):
            for batch in super().projected(batches, request):
                yield batch if batch.num_columns > 1 else batch.slice(0, 0)


class TestCountsFromTheEnd(AdapterCase):
    breaks = {"test_beyond_the_end_is_nothing": "offset 6 of 'orders' gives 6 rows"}

    @adapter
    class plugin(PushingAdapter):
        def skipped(self, batches, request):
            return super().skipped(batches, attrs.evolve(request, offset=request.offset % 6))


class TestTakesZeroForNoLimit(AdapterCase):
    breaks = {"test_limit_zero_gives_nothing": "with limit=0 yields 6 rows"}

    @adapter
    class plugin(PushingAdapter):
        def limited(self, batches, request):
            return super().limited(batches, request) if request.limit else batches


class TestPartsThatOverlap(AdapterCase):
    breaks = {"test_partitions_are_the_whole": "parts of 'orders', filter None: there are 8 rows"}

    @adapter
    class plugin(PushingAdapter):
        @hookimpl
        def plan_partitions(self, flight, target):
            return [(start, end + 1) for start, end in super().plan_partitions(flight, target)]


class TestPlansOfItsOwn(AdapterCase):
    breaks = {"test_partitions_are_planned_alike": "three plans for"}

    @adapter
    class plugin(PushingAdapter):
        _number: int = attrs.field(factory=partial(next, count()), init=False)

        @hookimpl
        def plan_partitions(self, flight, target):
            return [*super().plan_partitions(flight, target), (100 + self._number, 200)]


class TestPlansTooManyParts(AdapterCase):
    breaks = {"test_no_more_partitions_than_asked": "3 parts of 'orders', wanted 1"}

    @adapter
    class plugin(PushingAdapter):
        @hookimpl
        def plan_partitions(self, flight):
            return super().plan_partitions(flight, 100)
