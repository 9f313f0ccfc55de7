"""A stream of more than so many rows is an error."""

from flightstream import LimitExceeded, hookimpl, option, service


@service
class RowLimiterService:
    """Ends streams that become too long."""

    max_rows: int = option(1_000_000, help="The most rows of one stream.", minimum=1)

    @hookimpl
    def wrap_stream(self):
        def limited(request, read):
            rows = 0
            for batch in read(request):
                rows += batch.num_rows
                if rows > self.max_rows:
                    raise LimitExceeded(f"no stream has more than {self.max_rows} rows")
                yield batch

        return limited
