"""The conformance kit for adapters."""

from flightstream.testing.laws.errors import ErrorLaws
from flightstream.testing.laws.listing import ListingLaws
from flightstream.testing.laws.options import OptionLaws
from flightstream.testing.laws.partitions import PartitionLaws
from flightstream.testing.laws.pushdown import PushdownLaws
from flightstream.testing.laws.reading import ReadingLaws
from flightstream.testing.laws.resources import ResourceLaws
from flightstream.testing.laws.schemas import SchemaLaws
from flightstream.testing.laws.served import ServedLaws
from flightstream.testing.laws.threads import ThreadLaws
from flightstream.testing.laws.versions import VersionLaws


class AdapterConformance(
    ListingLaws,
    SchemaLaws,
    ReadingLaws,
    PushdownLaws,
    PartitionLaws,
    VersionLaws,
    ErrorLaws,
    OptionLaws,
    ResourceLaws,
    ThreadLaws,
    ServedLaws,
):
    """The laws that every adapter keeps; subclass it in a test and say what to expect.

    ::

        class TestLines(AdapterConformance):
            adapter = LinesAdapter

            @pytest.fixture
            def sample(self, tmp_path):
                (tmp_path / "todo.txt").write_text("one\\ntwo\\n")
                return Sample(tmp_path, {"todo": pa.table({"line": ["one", "two"]})})

    A sample that shows most has a flight of several batches, one without rows,
    nulls and a name in a folder. Laws that need more are skipped, and say what
    to give: ``change``, ``remove``, ``spoil``, and a fixture ``large``.

    Attributes:
        adapter: The class under test, importable by its module's name or file.
        options: Its options, as in ``[plugins.NAME]``.
        services: Service plugins that it needs, such as a storage.
        batch_limit_bytes: The largest batch that it may yield.
        memory_limit_bytes: By how much a server may grow for one slow reader.

    .. versionadded:: 0.1
    """
