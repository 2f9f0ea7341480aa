"""What the tests let jobs run."""

from __future__ import annotations

import hashlib
import time as clock
from fractions import Fraction
from pathlib import Path

import numpy as np


def same(frame):
    return frame


def copied(frame):
    return frame.copy()


def invert(frame):
    return 255 - frame


def gain(block, gain=1.0):
    block *= gain
    return block


def lighten_late(frame, time, number, limit="1"):
    assert isinstance(time, Fraction)
    assert isinstance(number, int)
    return np.full_like(frame, 255) if time >= Fraction(limit) else frame


def darken_late(frame, number, limit="1/4"):
    return frame // 2 if number >= Fraction(limit) * 20 else frame


def pulse(block, number, gain=0.5):
    return block * gain if number % 2 else block


def noted(frame, number, folder):
    print("this is not for the pipe")  # noqa: T201 - that it does no harm is what is tested
    (Path(folder) / f"{number:04}").write_text(f"{frame.shape} {frame.dtype}")
    return frame


def heard(block, number, sample_rate, folder):
    (Path(folder) / f"{number:04}").write_text(f"{block.shape} {block.dtype} {sample_rate}")
    return block


def at_three(frame, number):
    if number == 3:
        raise ValueError("not to its liking")
    return frame


def slow(frame, folder):
    (Path(folder) / "began").touch()
    clock.sleep(1000)


def exits(frame):
    raise SystemExit(3)


def cropped(frame):
    return frame[:2]


def floats(frame):
    return frame.astype("f4")


def nothing(frame):
    frame[:] = 0


def _private(frame):
    return frame


NUMBER = 5


def digested(frame, time, file):
    with Path(file).open("a") as written:
        written.write(f"{time} {frame.shape} {hashlib.sha256(frame.tobytes()).hexdigest()}\n")
    frame[:] = 0  # whatever it does to what it is given, what comes next is as it was
    return frame
