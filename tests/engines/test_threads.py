from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.worker.support import footage

ROOT = Path(__file__).parents[2]
# After a warm-up, both threads of a process share one processor; then the thread that waits slows
# down the other one, unless it sleeps.
CROWDED = """
import json, os, sys
from pathlib import Path
from statistics import median
from time import process_time
from tests import bare
from porchlight.worker.engines import load
engines = [load("ncnn", Path(sys.argv[1]), threads) for threads in (1, 2)]
import numpy as np
picture = np.zeros(engines[0].inputs[0].shape, np.float32)
times = [[], []]
for engine in engines:
    engine.run(picture)
for task in os.listdir("/proc/self/task"):
    os.sched_setaffinity(int(task), {min(os.sched_getaffinity(0))})
for _ in range(3):
    for engine, taken in zip(engines, times):
        start = process_time()
        engine.run(picture)
        taken.append(process_time() - start)
print(json.dumps([median(taken) for taken in times]))
"""


def test_waiting_threads_do_not_block_others() -> None:
    model = footage("models/person_yolox_192_float16.tflite")
    environment = {key: value for key, value in os.environ.items() if key != "OMP_WAIT_POLICY"}
    paths = [str(ROOT), environment.get("PYTHONPATH", "")]
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", CROWDED, str(model)],
        env=environment | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
        check=True,
        capture_output=True,
        text=True,
        timeout=600,
    )
    alone, both = json.loads(done.stdout.splitlines()[-1])
    # With spinning threads it takes a hundred times as long.
    assert both < 10 * alone
