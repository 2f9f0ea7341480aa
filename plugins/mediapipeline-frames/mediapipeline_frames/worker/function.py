"""The function of the user: found, called, and where it was when it failed."""

from __future__ import annotations

import importlib
import inspect
import traceback
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from mediapipeline_frames.worker.faults import Fault

__all__ = ["caller", "checked"]


def caller(request: dict[str, Any], sample_rate: int | None) -> Callable[..., object]:
    """The function as a function of a frame, its number and its time.

    Raises:
        Fault: It cannot be had; and whatever it raises is one, when it is called.
    """
    function = _function(request["function"])
    signature = _signature(function)
    given: dict[str, Any] = dict(request["arguments"])
    wants = {each for each in ("number", "time", "sample_rate") if each in signature and each not in given}
    if "sample_rate" in wants:
        given["sample_rate"] = sample_rate

    def call(frame: np.ndarray[Any, Any], number: int, moment: Fraction) -> object:
        if "number" in wants:
            given["number"] = number
        if "time" in wants:
            given["time"] = moment
        try:
            return function(frame, **given)
        except (Exception, SystemExit) as error:
            raise Fault(f"{type(error).__name__}: {error}", _trace(error, 1)) from error

    return call


def checked(made: object, given: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """What the function made of *given*, if it is of the same form.

    Raises:
        Fault: It is not.
    """
    wanted = f"{given.dtype} of {_sizes(given)}"
    if not isinstance(made, np.ndarray):
        raise Fault(f"it returned {type(made).__name__}, not an array: give back {wanted}, as it was given")
    if made.dtype != given.dtype or made.shape != given.shape:
        raise Fault(f"it returned {made.dtype} of {_sizes(made)}: give back {wanted}, as it was given")
    return made


def _sizes(array: np.ndarray[Any, Any]) -> str:
    return " x ".join(map(str, array.shape)) or "a single number"


def _function(named: str) -> Callable[..., object]:
    module, _, name = named.partition(":")
    try:
        function = getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise Fault(f"it cannot be imported: {error!r}", _trace(error, 0)) from error
        raise Fault(
            f"there is no module {error.name} where the host finds its modules: install it, or name its folder in"
            " PYTHONPATH"
        ) from error
    except Exception as error:  # whatever a module raises when it is imported
        raise Fault(f"it cannot be imported: {error!r}", _trace(error, 0)) from error
    if not callable(function):
        raise Fault("it is not a function")
    if getattr(function, "__module__", module) != module:
        raise Fault(f"it is not defined in {module}: name it by the module that defines it")
    found: Callable[..., object] = function
    return found


def _signature(function: Callable[..., object]) -> set[str]:
    try:
        return set(inspect.signature(function).parameters)
    except (TypeError, ValueError):  # one that is written in C and does not tell
        return set()


def _trace(error: BaseException, skip: int) -> str:
    """Where it was raised, without our own part of the way there."""
    trace = error.__traceback__
    for _ in range(skip):
        trace = trace.tb_next if trace is not None and trace.tb_next is not None else trace
    return "".join(traceback.format_exception(type(error), error, trace)).rstrip()
