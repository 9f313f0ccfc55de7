"""The page that Prometheus reads."""

from attrs import define, field
from flightstream_metrics.instruments import Instruments
from flightstream_metrics.page import Page
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_open
from prometheus_client.parser import text_string_to_metric_families as parse_text

from flightstream import CallRecord

RECORD = CallRecord(call="1", method="DoGet", code="ok", source="s", adapter="csv", rows=3)


@define(eq=False)
class Collected:
    """A label at which another call ends, as where a stream is collected."""

    page: Page
    times: int = field(default=2)

    def __str__(self) -> str:
        if self.times:
            self.times -= 1
            self.page.observe(RECORD)
        return "DoGet"


def test_a_call_that_ends_inside_the_instruments_is_counted_and_blocks_nothing():
    page = Page(Instruments(flight_label=False))

    page.observe(CallRecord(call="2", method=Collected(page), code="ok"))  # type: ignore[arg-type]
    page.observe(RECORD)

    counted = {one.labels["source"]: one.value for one in samples(page, "flightstream_calls_total")}
    assert counted == {"": 1, "s": 3}


def test_a_reader_has_the_format_that_it_likes_best():
    page = Page(Instruments(flight_label=False))
    page.observe(RECORD)
    accept = "application/openmetrics-text;version=1.0.0;q=0.9,text/plain;q=0.1"

    plain, better = page.answer({}), page.answer({"accept": accept})

    assert plain.content_type.startswith("text/plain; version=")
    assert better.content_type.startswith("application/openmetrics-text; version=1.0.0")
    assert {one.name for one in parse_text(plain.body.decode())} == {
        one.name for one in parse_open(better.body.decode())
    }


def samples(page: Page, name: str):
    families = parse_text(page.answer({}).body.decode())
    return [one for family in families for one in family.samples if one.name == name]
