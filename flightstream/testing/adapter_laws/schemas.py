"""Laws of schemas: what is announced is what comes."""

from flightstream.testing.adapter_laws.base import AdapterLaws
from flightstream.testing.compare import brief
from flightstream.testing.sample import Sample
from flightstream.testing.subject import Build, Subject


class SchemaLaws(AdapterLaws):
    """What holds for ``get_schema`` and the schemas of batches."""

    def test_schema_is_the_expected_one(self, subject: Subject, sample: Sample) -> None:
        """Each flight has the columns, types and nullability of the expected table."""
        for name, table in sample.tables.items():
            found = subject.schema(name)
            assert found.equals(table.schema), (
                f"get_schema of {name!r} is {brief(found)}, expected {brief(table.schema)}"
            )

    def test_schema_is_repeatable(self, subject: Subject, build: Build) -> None:
        """Asked again, and of another instance, the schema is the same, metadata too."""
        other = build()
        for name in subject.flights():
            first = subject.schema(name)
            for again in (subject.schema(name), other.schema(name)):
                assert first.equals(again, check_metadata=True), (
                    f"get_schema of {name!r} was {first}, then {again}: tickets would be stale"
                )

    def test_listed_schema_is_the_schema(self, subject: Subject, sample: Sample) -> None:
        """A schema in a listing equals ``get_schema``, also once the flight was read."""
        for _ in range(2):
            for name, flight in subject.flights().items():
                assert flight.schema is None or flight.schema.equals(subject.schema(name)), (
                    f"the listing says {name!r} has {brief(flight.schema)}, get_schema"
                    f" {brief(subject.schema(name))}: leave it out if it is not known"
                )
                list(subject.stream(name))

    def test_every_batch_has_the_schema(self, subject: Subject) -> None:
        """Every batch has exactly the schema that ``get_schema`` announces."""
        for name in subject.flights():
            schema = subject.schema(name)
            for number, batch in enumerate(subject.stream(name)):
                assert batch.schema.equals(schema), (
                    f"batch {number} of {name!r} has {brief(batch.schema)}, announced was"
                    f" {brief(schema)}"
                )

    def test_no_null_where_none_may_be(self, subject: Subject) -> None:
        """A column announced as not null has no null."""
        for name in subject.flights():
            for batch in subject.stream(name):
                for column, values in zip(batch.schema, batch.columns, strict=True):
                    assert column.nullable or not values.null_count, (
                        f"the column {column.name!r} of {name!r} is announced as not null"
                        f" and has {values.null_count} nulls"
                    )

    def test_batches_are_valid(self, subject: Subject) -> None:
        """Every batch is valid Arrow data, for clients in other languages trust it."""
        for name in subject.flights():
            for batch in subject.stream(name):
                try:
                    batch.validate(full=True)
                except ValueError as exc:
                    raise AssertionError(f"a batch of {name!r} is not valid: {exc}") from exc
