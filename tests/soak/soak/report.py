"""What people read in the end."""

from collections import Counter
from collections.abc import Iterator

from attrs import frozen

from soak.checks import Findings
from soak.server import MIB, Held

_MOST_PROBLEMS = 30


@frozen
class Report:
    """How it went."""

    seed: int
    seconds: float
    findings: Findings
    before: Held
    after: Held
    stop_seconds: float

    def lines(self) -> Iterator[str]:
        """Yield it, line by line."""
        logged, seen = self.findings.logged, self.findings.seen
        yield f"{self.seconds:g} seconds, seed {self.seed}"
        by_method: dict[str, Counter[str]] = {}
        for (method, code), number in sorted(logged.all_calls().items()):
            by_method.setdefault(method, Counter())[code] += number
        for method, codes in by_method.items():
            told = ", ".join(f"{code} {number:,}" for code, number in codes.most_common())
            yield f"  {method}: {told}"
        yield f"  rows checked: {sum(seen.rows.values()):,} of {self.findings.sent_rows:,} sent"
        before, after = self.before, self.after
        yield f"  memory: {before.memory_bytes / MIB:.0f} MiB, then {after.memory_bytes / MIB:.0f}"
        yield f"  Arrow's memory: {before.arrow_bytes:,} bytes, then {after.arrow_bytes:,}"
        yield f"  threads: {before.threads}, then {after.threads}"
        yield f"  open files: {before.files}, then {after.files}"
        yield f"  end: {self.stop_seconds:.1f} s after SIGTERM"
        problems = self.findings.problems
        yield f"{len(problems)} problems" if problems else "no problem"
        yield from (f"- {problem}" for problem in problems[:_MOST_PROBLEMS])
        if len(problems) > _MOST_PROBLEMS:
            yield f"- and {len(problems) - _MOST_PROBLEMS} more"
