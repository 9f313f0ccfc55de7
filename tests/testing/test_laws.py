"""Each law catches an adapter that breaks it, and says so."""

from pathlib import Path

import pytest

from flightstream.testing import AdapterConformance

pytest_plugins = ["pytester"]

HERE = Path(__file__).parent
# Each law, an adapter that breaks it, and what it says then.
BROKEN = {
    "every_expected_flight_is_listed": ("data.Forgets", "does not yield"),
    "nothing_else_is_listed": ("data.Invents", "does not expect"),
    "no_flight_is_listed_twice": ("data.Doubles", "some have the same name"),
    "listing_is_repeatable": ("data.Shuffles", "sort it"),
    "versions_are_repeatable": ("data.Restless", "changed though nothing else did"),
    "versions_are_the_same_on_every_server": ("data.Local", "another version"),
    "every_flight_has_a_version": ("data.Timeless", "have no version"),
    "names_are_safe": ("data.Blank", "clean them"),
    "every_flight_is_found_by_its_path": ("data.LosesFolders", "is listed, and asked for"),
    "a_prefix_narrows_the_listing": ("data.TakesPrefixForName", "with the prefix"),
    "find_flight_agrees_with_the_listing": ("data.Unfindable", "gives version 'other'"),
    "record_counts_are_exact": ("data.Miscounts", "total_records says 99"),
    "sizes_are_known_or_minus_one": ("data.Negative", "total_bytes=-5"),
    "the_source_name_is_no_part_of_a_name": ("data.Own", "leave it out"),
    "schema_is_the_expected_one": ("data.OtherSchema", "name: large_string"),
    "schema_is_repeatable": ("data.Metadata", "tickets would be stale"),
    "listed_schema_is_the_schema": ("data.Guesses", "leave it out if it is not known"),
    "every_batch_has_the_schema": ("data.Renames", "NAME: string"),
    "no_null_where_none_may_be": ("data.Promises", "announced as not null"),
    "batches_are_valid": ("data.Garbled", "is not valid"),
    "rows_are_the_expected_ones": ("data.LosesRows", "there are 4 rows, expected 6"),
    "reading_again_gives_the_same": ("data.Alternates", "the order may never change"),
    "another_instance_reads_the_same": ("data.OrdersByInstance", "read by another instance"),
    "an_empty_flight_has_its_schema": ("data.FillsEmpty", "should be empty"),
    "a_batch_stays_as_it_was": ("data.Reuses", "memory of its own"),
    "batches_are_of_bounded_size": ("data.Heaps", "smaller ones"),
    "rows_survive_being_cut_apart": ("data.Alternates", "row by row"),
    "a_stream_can_be_closed_early": ("data.KeepsItsPlace", "after a stream that was closed"),
    "two_streams_do_not_disturb_each_other": ("data.SharesACursor", "out of self"),
    "columns": ("data.SortsColumns", "another schema than was announced"),
    "filter": ("data.IgnoresFilter", "the adapter was asked"),
    "limit": ("data.LimitsShort", "the adapter was asked"),
    "offset": ("data.IgnoresOffset", "the adapter was asked"),
    "any_command": ("data.LimitsFirst", "the adapter was asked"),
    "no_column_keeps_the_rows": ("data.Deduplicates", "without columns has 1 rows"),
    "beyond_the_end_is_nothing": ("data.Wraps", "offset 6 of 'orders' gives"),
    "a_stream_resumes_at_every_batch": ("data.IgnoresOffset", "resumed after 2 rows"),
    "a_filter_nobody_meets_gives_nothing": ("data.IgnoresFilter", "that nothing meets"),
    "limit_zero_gives_nothing": ("data.TakesZeroForNone", "with limit=0 yields 6 rows"),
    "partitions_are_the_whole": ("data.Overlaps", "parts of"),
    "partitions_are_planned_alike": ("data.PlansByInstance", "three plans"),
    "no_more_partitions_than_asked": ("data.PlansTooMany", "3 parts of 'orders', wanted 1"),
    "offset_counts_within_a_partition": ("data.IgnoresOffset", "from row 1"),
    "version_changes_with_the_data": ("data.Constant", "its version did not"),
    "changed_data_is_read": ("data.Remembers", "after a change"),
    "a_stale_ticket_says_so": ("data.Constant", "is still answered"),
    "a_running_stream_never_mixes": ("data.Mixes", "went on with other rows"),
    "unknown_names_are_not_found": ("ways.RaisesKeyErrors", "PluginError"),
    "hostile_names_are_refused": ("ways.AsksTheSystem", "PluginError"),
    "errors_of_names_leak_nothing": ("ways.TellsPaths", "told where the source is"),
    "vanished_data_is_told": ("ways.FailsWithoutData", "whose data is gone"),
    "errors_of_vanished_data_leak_nothing": ("ways.TellsWhatVanished", "where the source is"),
    "faulty_data_is_invalid_data": ("ways.FailsOnFaults", "not InvalidData"),
    "errors_of_faulty_data_leak_nothing": ("ways.TellsWhereFaulty", "where the source is"),
    "a_faulty_flight_disturbs_no_other": ("ways.ListsByOpening", "this is no Arrow file"),
    "every_option_says_what_it_is_for": ("ways.Silent", "have no help text"),
    "wrong_options_are_told_at_once": ("ways.TakesAnything", "annotate them"),
    "bounds_are_told_at_once": ("ways.Unbounded", "beyond the declared bounds"),
    "defaults_are_allowed_values": ("ways.WrongDefault", "a default is not"),
    "options_read_the_same_on_every_server": ("ways.Unreadable", "give a repr"),
    "secrets_are_declared_as_such": ("ways.PlainPassword", "flightstream.Secret"),
    "secrets_are_not_shown": ("ways.ShowsSecret", "repr() of the adapter"),
    "secrets_are_not_logged": ("ways.LogsSecret", "the log shows"),
    "importing_opens_nothing": ("import.StartsEarly", "thread early"),
    "building_opens_nothing": ("ways.OpensEarly", "/dev/null"),
    "shutdown_closes_everything": ("ways.LeavesAThread", "thread left"),
    "listing_closes_everything": ("ways.LeaksSchemas", "still open"),
    "reading_closes_everything": ("ways.LeaksAtTheEnd", "still open"),
    "early_close_frees_everything": ("ways.LeaksWhenClosed", "close in `finally`"),
    "a_stream_never_read_holds_nothing": ("ways.OpensWhenCalled", "inside the generator"),
    "a_failing_stream_frees_everything": ("ways.LeaksWhenFailing", "still open"),
    "sixteen_threads_read": ("ways.CrowdedStreams", "failed in stream_batches"),
    "sixteen_threads_list": ("ways.CrowdedLists", "failed in list_flights"),
    "sixteen_threads_ask_for_a_new_schema": ("ways.CrowdedSchemas", "failed in get_schema"),
    "a_stream_moves_between_threads": ("ways.NeedsItsThread", "failed in stream_batches"),
    "served_rows_are_the_expected_ones": ("data.LosesRows", "over the wire"),
    "two_readers_at_once": ("data.Alternates", "by two clients at once"),
    "cancel_frees_every_handle": ("ways.LeaksWhenClosed", "1 s after its client left"),
    "a_slow_reader_costs_little_memory": ("data.ReadsAhead", "yield as you read"),
}
LAWS = {name[5:] for name in dir(AdapterConformance) if name.startswith("test_")}


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch):
    """Return a function that runs the laws on an adapter, and gives outcome and message of each."""

    def run(name: str, *arguments: str) -> dict[str, tuple[str, str]]:
        monkeypatch.syspath_prepend(HERE)
        module, _, adapter = name.partition(".")
        pytester.makeconftest(
            "from hypothesis import settings\n"
            "settings.register_profile('few', max_examples=40, derandomize=True, database=None)\n"
            "settings.load_profile('few')\n"
        )
        path = pytester.makepyfile(
            f"import {module}\nfrom cases import Case\n\n\n"
            f"class TestIt(Case):\n    adapter = {module}.{adapter}\n"
        )
        plugins = ["-p", "flightstream.testing", "-p", "no:cacheprovider", "-p", "no:xdist"]
        done = pytester.inline_run(path, *plugins, "-q", *arguments)
        found: dict[str, tuple[str, str]] = {}
        for report in done.getreports("pytest_runtest_logreport"):
            if report.when == "call" or report.outcome != "passed":
                law = report.nodeid.rpartition("::test_")[2]
                found[law] = (report.outcome, " ".join(report.longreprtext.split()))
        return found

    return run


def test_every_law_has_an_adapter_that_breaks_it() -> None:
    assert BROKEN.keys() == LAWS


def test_every_law_says_what_it_is_in_one_line() -> None:
    docs = [getattr(AdapterConformance, f"test_{law}").__doc__ for law in LAWS]
    assert [doc for doc in docs if not doc or "\n" in doc or not doc.endswith(".")] == []


@pytest.mark.parametrize("adapter", ["ArrowAdapter", "PushingAdapter"])
def test_a_right_adapter_keeps_every_law(run, adapter: str) -> None:
    found = run(f"arrow_adapter.{adapter}")

    assert {law: why for law, (outcome, why) in found.items() if outcome == "failed"} == {}
    assert found.keys() == LAWS


@pytest.mark.parametrize("law", BROKEN)
def test_a_broken_adapter_is_caught(run, law: str) -> None:
    adapter, message = BROKEN[law]

    found = run(f"broken_{adapter}", "-k", f"test_{law}")

    outcome, why = found[law]
    assert (outcome, message in why) == ("failed", True), why
