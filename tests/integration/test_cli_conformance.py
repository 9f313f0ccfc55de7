"""``plugins check``: the laws of the kit, from the command line."""

import json

import pytest

WORDS = '''
import pyarrow as pa
from flightstream import Flight, InvalidData, Secret, Source, Storage, Unauthenticated
from flightstream import adapter, hookimpl, option, service

@adapter
class WordsAdapter:
    """A row for each word of a file; it keeps every law."""

    source: Source
    suffix: str = option("txt", help="of the files")

    @hookimpl
    def list_flights(self):
        return self.listed()

    def listed(self):
        for file in self.source.files(f"**/*.{self.suffix}"):
            yield Flight(file.stem, origin=file, version=file.version)

    @hookimpl
    def get_schema(self, flight):
        return pa.schema([("word", pa.string())])

    @hookimpl
    def stream_batches(self, flight):
        with flight.origin.open() as file:
            words = file.read().decode().split()
        flight.origin.check_unchanged()
        if "fault" in words:
            raise InvalidData("a word is a fault")
        for start in range(0, len(words), 2):
            yield pa.record_batch([words[start : start + 2]], names=["word"])

@adapter
class Backwards(WordsAdapter):
    """Lists in another order each time, and fails at a second thread."""

    times: int = option(0, help="how often it has listed")

    def listed(self):
        self.times += 1
        flights = list(WordsAdapter.listed(self))
        return flights[::-1] if self.times % 2 else flights

@adapter
class Crashes(WordsAdapter):
    @hookimpl
    def find_flight(self, name):
        raise KeyError("no such word")

@service
class Door:
    """Leaves the door open."""

    token: Secret = option(help="to come in")

    @hookimpl
    def authenticate(self, credentials):
        raise Unauthenticated(f"not {credentials.headers}")
'''


@pytest.fixture
def words(tmp_path):
    (tmp_path / "words.py").write_text(WORDS)
    (tmp_path / "notes" / "deep").mkdir(parents=True)
    (tmp_path / "notes" / "one.txt").write_text("to be or not to be")
    (tmp_path / "notes" / "deep" / "two.txt").write_text("words words words")
    (tmp_path / "notes" / "none.txt").write_text("")
    return tmp_path


def test_a_right_adapter_keeps_what_can_be_checked(words, cli):
    done = cli("plugins", "check", "words:WordsAdapter", "--source", "notes")

    assert (done.returncode, done.stderr) == (0, "")
    assert "broken:" not in done.stdout
    assert (
        "  override `remove(self, sample, name)`: remove the data of one flight\n"
        "    for: vanished data is told, errors of vanished data leak nothing\n"
    ) in done.stdout
    total, kept, broken, unchecked = (
        int(word) for word in done.stdout.split("\n")[-2].split() if word.isdigit()
    )
    assert (total, broken) == (kept + unchecked, 0)
    assert kept > 50


def test_a_broken_adapter_breaks_exactly_its_laws(words, cli):
    done = cli("plugins", "check", "words:Backwards", "--source", "notes", "--json")

    verdicts = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (1, "")
    assert [one for one in verdicts if one["outcome"] == "broken"] == [
        {
            "law": "listing is repeatable",
            "meaning": "Two listings of the same data are equal, order included.",
            "outcome": "broken",
            "why": "list_flights yields the same data in another order, or not all of it: sort it",
            "log": "",
        },
    ]


def test_what_a_plugin_raised_is_shown(words, cli):
    done = cli("plugins", "check", "words:Crashes", "--source", "notes")

    report = done.stdout.partition("broken: unknown names are not found\n")[2]
    report = report.partition("\n\n")[0]
    assert done.returncode == 1
    assert report.endswith("\n  KeyError: 'no such word'")
    assert report.count("words.py") == 1


def test_a_service_needs_no_source(words, cli):
    done = cli("plugins", "check", "words:Door", "--option", "token=s3cr3t", "--json")

    outcomes = {one["law"]: one["outcome"] for one in json.loads(done.stdout)}
    assert outcomes["an unknown scheme is left to others"] == "broken"
    assert outcomes["every method needs credentials"] == "kept"


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["words:WordsAdapter"], 2, "this kind of plugin is checked on data: give --source URI"),
        (["words:WordsAdapter", "--source", "notes", "-o", "sufix=md"], 2, "unknown key"),
        (["words:WordsAdapter", "--source", "nowhere"], 2, "there is no folder or file"),
        (["words:WordsAdapter", "--source", "notes", "-o", "suffix"], 2, "is not KEY=VALUE"),
        (["words:WordsAdapter", "--source", "notes", "-o", "suffix=md"], 1, "lists no flight"),
        (["words:Nothing", "--source", "notes"], 2, "has no attribute 'Nothing'"),
        (["words:Door"], 2, "required, but not set: to come in"),
    ],
)
def test_what_cannot_be_checked_is_told(words, cli, arguments, code, told):
    done = cli("plugins", "check", *arguments)

    assert (done.returncode, done.stdout) == (code, "")
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_data_that_cannot_be_read_is_told(words, cli):
    (words / "notes" / "bad.txt").write_text("a fault")

    done = cli("plugins", "check", "words:WordsAdapter", "--source", "notes")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == ("flightstream: the flight 'bad' cannot be read: a word is a fault\n")
