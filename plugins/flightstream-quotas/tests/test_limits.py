"""Whose limits count, and which configurations are none."""

import pytest
from flightstream_quotas import Quotas

from flightstream import Allowance, ConfigError, Identity, LimitExceeded, StartedCall
from flightstream.testing import FaultyAdapter

pytest_plugins = ["flightstream.testing"]


@pytest.fixture
def quotas(registry, tmp_path):
    """Return a function that starts the plugin, and returns what asks it."""

    def start(**options):
        config = {"plugins": {"enabled": [], "quotas": options}, "sources": {"s": str(tmp_path)}}
        return registry(Quotas, FaultyAdapter, config=config).services

    return start


def called(subject="ada", roles=(), peer="ipv4:192.0.2.1:1", method="DoGet", call="c0ffee"):
    return StartedCall(call=call, method=method, identity=Identity(subject, roles), peer=peer)


class TestWhose:
    def rows(self, quotas, subject, *roles):
        return quotas.admit_call(called(subject, roles)).rows

    def test_the_first_that_somebody_has_count(self, quotas):
        asked = quotas(
            limits=[
                {"subjects": ["root"]},
                {"subjects": ["ada"], "roles": ["robot"], "rows_per_scan": 1},
                {"roles": ["analyst"], "rows_per_scan": 2},
                {"roles": ["robot", "guest"], "rows_per_scan": 3},
            ],
            default={"rows_per_scan": 4},
        )

        assert self.rows(asked, "root", "analyst") is None
        assert self.rows(asked, "ada", "analyst") == 1
        assert self.rows(asked, "hal", "analyst", "robot") == 1
        assert self.rows(asked, "bob", "analyst", "guest") == 2
        assert self.rows(asked, "eve", "guest") == 3
        assert self.rows(asked, "mallory", "ada") == 4

    def test_an_entry_that_names_nobody_is_for_everybody(self, quotas):
        asked = quotas(limits=[{"subjects": ["ada"]}, {"rows_per_scan": 7}])

        assert (self.rows(asked, "ada"), self.rows(asked, "bob")) == (None, 7)

    def test_whoever_has_none_has_no_limit(self, quotas):
        asked = quotas(limits=[{"subjects": ["ada"], "bytes_per_scan": "1 KiB"}])

        assert asked.admit_call(called("ada")) == Allowance(bytes=1024)
        assert asked.admit_call(called("bob")) == Allowance()


class TestWhoCounts:
    def test_a_subject_is_one_wherever_it_calls_from(self, quotas):
        asked = quotas(default={"calls_per_minute": 2})

        asked.admit_call(called(peer="ipv4:192.0.2.1:1"))
        asked.admit_call(called(peer="ipv4:192.0.2.2:1"))
        with pytest.raises(LimitExceeded):
            asked.admit_call(called(peer="ipv4:192.0.2.3:1"))

    def test_nobody_in_particular_is_counted_by_address(self, quotas):
        asked = quotas(default={"calls_per_minute": 1})

        for peer in ("ipv4:192.0.2.1:1", "ipv4:192.0.2.2:1", "ipv6:[2001:db8:1:2::1]:1"):
            asked.admit_call(called("anonymous", peer=peer))
        for peer in ("ipv4:192.0.2.1:2", "ipv6:[2001:db8:1:2:ffff::2]:9"):
            with pytest.raises(LimitExceeded):
                asked.admit_call(called("anonymous", peer=peer))

    def test_a_handshake_counts_for_who_logs_in(self, quotas):
        asked = quotas(default={"calls_per_minute": 1})

        asked.admit_call(called(method="Handshake", peer=""))
        with pytest.raises(LimitExceeded):
            asked.admit_call(called(method="ListFlights"))
        for _ in range(5):
            asked.admit_call(called("anonymous", method="Handshake", peer=""))

    def test_no_subject_is_taken_for_an_address(self, quotas):
        asked = quotas(default={"calls_per_minute": 1})

        asked.admit_call(called("anonymous", peer="ipv4:192.0.2.1:1"))
        asked.admit_call(called("192.0.2.1"))
        asked.admit_call(called("anonymous 192.0.2.1"))


class TestConfiguration:
    @pytest.mark.parametrize(
        ("options", "told"),
        [
            ({}, "quotas limit nothing: set plugins.quotas.limits or plugins.quotas.default"),
            (
                {"limits": [{"rows_per_scan": 1}], "default": {"rows_per_scan": 2}},
                "plugins.quotas.default never counts, for the last entry of plugins.quotas.limits"
                " is for everybody: leave one of them out",
            ),
            (
                {"limits": [{"rows_per_scan": 1}, {"roles": ["a"]}]},
                "plugins.quotas.limits: entry 1 names neither subjects nor roles, so those behind"
                " it never count: put it last",
            ),
            (
                {"limits": [{"role": ["analyst"]}]},
                "plugins.quotas.limits[0].role: unknown key; did you mean 'roles'?",
            ),
            (
                {"default": {"subjects": ["ada"]}},
                "plugins.quotas.default.subjects: unknown key",
            ),
            (
                {"default": {"calls_per_minute": 0, "bytes_per_scan": "many"}},
                "plugins.quotas.default.calls_per_minute: 0 is less than the minimum 1",
            ),
            (
                {"default": {"calls_per_minute": 0, "bytes_per_scan": "many"}},
                "plugins.quotas.default.bytes_per_scan: 'many' is not a size",
            ),
            (
                {"default": {"concurrent_scans": 2.5}},
                "plugins.quotas.default.concurrent_scans: expected a whole number",
            ),
        ],
    )
    def test_what_is_no_limit_stops_the_start(self, quotas, options, told):
        with pytest.raises(ConfigError) as caught:
            quotas(**options)
        assert told in caught.value.message
