"""The conformance kit for adapters."""

from flightstream.testing.adapter_laws.errors import ErrorLaws
from flightstream.testing.adapter_laws.listing import ListingLaws
from flightstream.testing.adapter_laws.partitions import PartitionLaws
from flightstream.testing.adapter_laws.pushdown import PushdownLaws
from flightstream.testing.adapter_laws.reading import ReadingLaws
from flightstream.testing.adapter_laws.resources import ResourceLaws
from flightstream.testing.adapter_laws.schemas import SchemaLaws
from flightstream.testing.adapter_laws.served import ServedLaws
from flightstream.testing.adapter_laws.threads import ThreadLaws
from flightstream.testing.adapter_laws.versions import VersionLaws
from flightstream.testing.plugin_laws import LifecycleLaws, OptionLaws


class AdapterConformance(
    ListingLaws,
    SchemaLaws,
    ReadingLaws,
    PushdownLaws,
    PartitionLaws,
    VersionLaws,
    ErrorLaws,
    ResourceLaws,
    ThreadLaws,
    ServedLaws,
    LifecycleLaws,
    OptionLaws,
):
    """The laws that every adapter keeps; subclass it in a test and say what to expect.

    ::

        class TestLines(AdapterConformance):
            plugin = LinesAdapter

            @pytest.fixture
            def sample(self, tmp_path):
                (tmp_path / "todo.txt").write_text("one\\ntwo\\n")
                return Sample(tmp_path, {"todo": pa.table({"line": ["one", "two"]})})

    A sample that shows most has a flight of several batches, one without rows,
    nulls and a name in a folder. Laws that need more are skipped, and say what
    to give: ``change``, ``remove``, ``spoil``, and a fixture ``large``.

    Attributes:
        plugin: The class under test, importable by its module's name or file.
        options: Its options, as in ``[plugins.NAME]``.
        services: Service plugins that it needs, such as a storage.
        batch_limit_bytes: The largest batch that it may yield.
        memory_limit_bytes: By how much a server may grow for one slow reader.

    .. versionadded:: 0.1
    """
