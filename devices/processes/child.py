"""The worker's side: confined to two pipes, and gone when the service is gone."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from typing import BinaryIO

_PR_SET_PDEATHSIG = 1


def enter() -> tuple[BinaryIO, BinaryIO]:
    """Confine this process and return its pipes: requests to read, answers to write.

    It dies with the service, leaves no core file (which would hold faces), and leaves Ctrl-C to
    the service. Native code may print: what goes to standard output is no answer any more.
    """
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return sys.stdin.buffer, answers
