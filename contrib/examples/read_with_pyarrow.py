"""Read part of a flight with nothing but pyarrow: read_with_pyarrow.py [URI]."""

import json
import sys

from pyarrow import flight

uri = sys.argv[1] if len(sys.argv) > 1 else "grpc://localhost:8080"
command = {
    "flight": "data/flights",
    "columns": ["carrier", "dest", "distance"],
    "filter": "distance > 4000 AND month = 1",
}

with flight.connect(uri) as client:
    descriptor = flight.FlightDescriptor.for_command(json.dumps(command))
    info = client.get_flight_info(descriptor)
    print(info.schema)
    for endpoint in info.endpoints:  # they are in order, and together the whole
        for chunk in client.do_get(endpoint.ticket):
            if chunk.data.num_rows:
                print(f"{chunk.data.num_rows} rows to {chunk.data['dest'][0]}, …")
            if chunk.app_metadata:  # the last message says how much was sent
                print(json.loads(chunk.app_metadata.to_pybytes()))
