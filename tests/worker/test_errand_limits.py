"""What others answer cannot make an errand take the machine's memory."""

from __future__ import annotations

import gzip
import io
import subprocess
import sys
import textwrap
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import repeat
from typing import TYPE_CHECKING, Any

import pytest
from porchlight.onvif.values import Credentials
from porchlight.worker.channel import Decoder, encode
from porchlight.worker.errors import EngineProblem
from porchlight.worker.limits import ANSWERS, MODEL
from porchlight.worker.messages import (
    EngineFailed,
    ErrandFailed,
    FirstFrame,
    FrameTaken,
    Inspect,
    UseModel,
)

from tests.bare import ROOM

from .hostile import Hostile, described, framed
from .sets import h264_frame
from .support import needs_onvif

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Seconds after which an errand hangs: it loads libraries, and unpacks more than a gigabyte.
LIMIT = 600
# Megabytes of code that are mapped, and are no data.
LIBRARIES = 120
ERRAND = (sys.executable, str(ROOM / "worker"), "errand")
# Runs a program and reports the most kilobytes that it held. A small process of its own does it,
# because what starts a program counts as a part of that program's most.
MEASURE = """
    import resource, subprocess, sys
    subprocess.run(sys.argv[1:], check=False)
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
"""
# An errand whose engine takes ever more memory.
GREEDY = f"""
    import os, sys
    sys.path.insert(0, {str(ROOM.parents[1])!r})
    import tests.bare
    from porchlight.worker import detector
    from porchlight.worker.errand import Errands
    from porchlight.worker.limits import bound_memory
    def prepare(request):
        taken = []
        while len(taken) < 3000:
            taken.append(bytearray(b"x") * (1 << 20))
        raise SystemExit("it took all that")
    detector.prepare = prepare
    Errands(0, 1, bound_memory).run()
"""


def outcome(errand: Any, command: Sequence[str] = ERRAND) -> tuple[list[Any], float]:
    """What an errand's process answers, and the most megabytes that it has held."""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-S", "-c", textwrap.dedent(MEASURE), *command],
        input=encode(errand),
        capture_output=True,
        check=False,
        timeout=LIMIT,
    )
    return list(Decoder().feed(done.stdout)), int(done.stderr.split()[-1]) / 1024


@contextmanager
def bomb(megabytes: int) -> Iterator[int]:
    """A camera whose every answer unpacks to so much; its port."""
    packed = io.BytesIO()
    with gzip.open(packed, "wb", compresslevel=1) as file:
        for _ in range(megabytes):
            file.write(bytes(1 << 20))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/soap+xml")
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(packed.getvalue())))
            self.end_headers()
            self.wfile.write(packed.getvalue())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@needs_onvif
def test_an_answer_that_unpacks_to_more_than_there_may_be_ends_the_errand_with_a_reason() -> None:
    login = Credentials(username="", password="")
    with bomb(1300) as port:
        answers, peak = outcome(
            Inspect(host="127.0.0.1", port=port, path="/onvif/device_service", credentials=login)
        )
    (failed,) = answers
    assert isinstance(failed, ErrandFailed)
    assert failed.key == "not_onvif"
    assert 0 < peak <= ANSWERS + LIBRARIES


def test_a_model_that_takes_more_than_there_may_be_ends_the_errand_with_a_reason() -> None:
    model = UseModel(engine="litert", path="/m")
    answers, peak = outcome(model, [sys.executable, "-c", textwrap.dedent(GREEDY)])
    assert answers == [
        EngineFailed(
            engine="litert", path="/m", problem=EngineProblem.CRASHED, detail="MemoryError"
        )
    ]
    assert 0 < peak <= MODEL + LIBRARIES


@pytest.mark.parametrize("width", [8192, 320])
def test_a_panorama_as_the_only_stream_is_decoded_and_its_cost_is_measured(width: int) -> None:
    height = 1728 if width > 320 else 240
    frames = repeat(h264_frame(width, height))
    with Hostile(described("h264"), lambda: framed("h264", frames)) as camera:
        (frame,), _ = outcome(FirstFrame(source=camera.source))
    assert isinstance(frame, FrameTaken)
    assert (frame.width, frame.height) == (width, height)
    assert frame.seconds > 0
