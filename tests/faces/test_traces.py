"""A real project's trace, as a collector gets it over OTLP: whole, and joined by what agents are told of it."""

import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.faces.command_line import CommandLine

pytestmark = pytest.mark.requirement("MET-1")


@contextmanager
def collector() -> Generator[tuple[str, list[Any]]]:
    """Its address, and the spans it has got."""
    spans: list[Any] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            asked = ExportTraceServiceRequest.FromString(body)
            spans.extend(span for r in asked.resource_spans for s in r.scope_spans for span in s.spans)
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name
            """Nobody reads it."""

    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", spans
        finally:
            server.shutdown()
            thread.join()


def test_a_project_with_a_crash_is_one_whole_trace_at_the_end_of_its_run(tmp_path: Path) -> None:
    podium = CommandLine(tmp_path / "home")
    document = podium.document("small.md", "# Small\n<!-- rehearsal: crash=001 -->\n\n## Features\n\n- One thing\n")
    with collector() as (url, spans):
        podium.env["OTEL_EXPORTER_OTLP_ENDPOINT"] = url
        result = podium.ask("run", document)
    (root,) = (span for span in spans if not span.parent_span_id)
    runs = {span.span_id: span.name for span in spans if span.parent_span_id == root.span_id}
    attempts = [span for span in spans if span.parent_span_id in runs]
    assert (root.name, sorted(runs.values())) == ("small", ["content", "development", "genesis"])
    assert len(attempts) == len(spans) - 4 == result["jobs"]["passed"] + 1
    assert {span.trace_id for span in spans} == {root.trace_id}
    (crashed,) = (span for span in spans if span.status.message == "retry")
    told = {pair.key: pair.value.string_value for pair in crashed.attributes}
    assert "SIGKILL" in told["podium.reason"]
