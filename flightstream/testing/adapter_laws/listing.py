"""Laws of listing: what flights there are, and what they are called."""

from flightstream.errors import FlightStreamError
from flightstream.testing.adapter_laws.base import AdapterLaws
from flightstream.testing.sample import Sample
from flightstream.testing.subject import CLIENT, SOURCE, Build, Subject


class ListingLaws(AdapterLaws):
    """What holds for ``list_flights`` and ``find_flight``."""

    def test_every_expected_flight_is_listed(self, subject: Subject, sample: Sample) -> None:
        """Every flight of the sample is listed."""
        missing = sorted(sample.tables.keys() - subject.flights().keys())
        assert not missing, f"list_flights does not yield {missing}"

    def test_nothing_else_is_listed(self, subject: Subject, sample: Sample) -> None:
        """Only flights of the sample are listed."""
        more = sorted(subject.flights().keys() - sample.tables.keys())
        assert not more, f"list_flights yields {more}, which the sample does not expect"

    def test_no_flight_is_listed_twice(self, subject: Subject) -> None:
        """Flights of one name have different full names, or only one would be served."""
        listed = subject.mount.list_flights()
        served = subject.service().list_flights(CLIENT, b"")
        assert len(served) == len(listed), (
            f"{len(listed)} flights are listed and {len(served)} can be served: some have the same"
            " name, and no full_name or File in origin to tell them apart"
        )

    def test_listing_is_repeatable(self, subject: Subject) -> None:
        """Two listings of the same data are equal, order included."""
        first, again = subject.mount.list_flights(), subject.mount.list_flights()
        assert [f.name for f in first] == [f.name for f in again], (
            "list_flights yields the same data in another order, or not all of it: sort it"
        )

    def test_versions_are_repeatable(self, subject: Subject) -> None:
        """A flight's version stays while its data does."""
        first, again = subject.flights(), subject.flights()
        changed = [name for name in first if first[name].version != again[name].version]
        assert not changed, f"the version of {changed} changed though nothing else did"

    def test_versions_are_the_same_on_every_server(self, build: Build) -> None:
        """Two instances give a flight the same version, or tickets hold on one server only."""
        one, other = build().flights(), build().flights()
        differ = [name for name in one if one[name].version != other[name].version]
        assert not differ, f"another instance gives another version to {differ}"

    def test_every_flight_has_a_version(self, subject: Subject) -> None:
        """A flight has a version; without one nobody notices that its data changed."""
        bare = [name for name, flight in subject.flights().items() if not flight.version]
        assert not bare, f"{bare} have no version: give Flight(version=file.version) or a digest"

    def test_names_are_safe(self, subject: Subject) -> None:
        """Names have no backslash, and no blank at the end of a part."""
        unsafe = [
            name
            for name in subject.flights()
            if "\\" in name or any(part != part.strip() for part in name.split("/"))
        ]
        assert not unsafe, f"the names {unsafe} are written differently by some clients: clean them"

    def test_every_flight_is_found_by_its_path(self, subject: Subject) -> None:
        """What is listed can be asked for by the path it is listed with."""
        service = subject.service()
        for listed in service.list_flights(CLIENT, b""):
            try:
                found = service.get_flight(CLIENT, [part.encode() for part in listed.path])
            except FlightStreamError as exc:
                raise AssertionError(f"{listed.path} is listed, and asked for {exc!r}") from exc
            assert found.path == listed.path, f"{listed.path} leads to {found.path}"

    def test_a_prefix_narrows_the_listing(self, subject: Subject) -> None:
        """Asked for a prefix, the adapter yields at least the flights that have it."""
        every = [flight.name for flight in subject.mount.list_flights()]
        for prefix in {name[:length] for name in every for length in range(1, len(name) + 1)}:
            wanted = [name for name in every if name[: len(prefix)] == prefix]
            found = [flight.name for flight in subject.mount.list_flights(prefix)]
            assert found == wanted, f"with the prefix {prefix} it yields {found}, not {wanted}"

    def test_find_flight_agrees_with_the_listing(self, subject: Subject) -> None:
        """A flight found alone has the version that it is listed with."""
        for flight in subject.mount.list_flights():
            found = subject.mount.find_flight(flight.name)
            assert found is None or found.version == flight.version, (
                f"find_flight({flight.name}) gives version {found.version!r}, the listing"
                f" {flight.version!r}"
            )

    def test_record_counts_are_exact(self, subject: Subject, sample: Sample) -> None:
        """``total_records`` is the number of rows, or -1."""
        for name, flight in subject.flights().items():
            rows = sample.tables[name].num_rows
            assert flight.total_records in (-1, rows), (
                f"{name!r} has {rows} rows, and total_records says {flight.total_records}:"
                " leave it out if it is not known exactly"
            )

    def test_sizes_are_known_or_minus_one(self, subject: Subject) -> None:
        """``total_bytes`` is a size, or -1."""
        for name, flight in subject.flights().items():
            assert flight.total_bytes >= -1, f"{name!r} has total_bytes={flight.total_bytes}"

    def test_the_source_name_is_no_part_of_a_name(self, subject: Subject) -> None:
        """A name is within its source: the core puts the source's name before it."""
        twice = [name for name in subject.flights() if name.split("/")[0] == SOURCE]
        assert not twice, f"{twice} begin with the source's own name: leave it out"
