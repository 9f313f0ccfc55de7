"""Names within a source are unique, and always the same."""

from collections import Counter

import pyarrow.fs as pafs
from hypothesis import given
from hypothesis import strategies as st

from flightstream import File, Flight, StoredObject
from flightstream.serving.listing import Entry, with_unique_names
from flightstream.storage.objects import LocalObjects

FILES = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from(["csv", "tsv", "csv.gz", "csv.csv"])).map(
        ".".join
    ),
    unique=True,
)


def file(name: str) -> File:
    return File(pafs.LocalFileSystem(), name, StoredObject(f"/{name}", 1, "v"), LocalObjects())


def with_file(name: str, mount) -> Entry:
    flight = Flight(file(name).stem, origin=file(name))
    return Entry(flight, mount, flight.name)


def identities(entries: list[Entry]) -> dict[tuple[str, ...], tuple[str, str]]:
    return {e.name: (e.mount.plugin.name, e.flight.origin.name) for e in entries}


@given(csv=FILES, text=FILES, data=st.data())
def test_every_file_of_every_adapter_has_one_name_of_its_own(memory, mount, csv, text, data):
    mounts = {name: mount(memory({}), name=name) for name in ("csv", "text")}
    entries = [with_file(name, mounts["csv"]) for name in csv]
    entries += [with_file(name, mounts["text"]) for name in text]

    named = with_unique_names(entries)

    assert len(identities(named)) == len(entries)
    wanted = Counter(entry.flight.name for entry in entries)
    for entry in named:
        if wanted[entry.flight.name] > 1:
            assert entry.name != entry.flight.name
    shuffled = data.draw(st.permutations(entries))
    assert identities(with_unique_names(shuffled)) == identities(named)
