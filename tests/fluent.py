"""Writes `mediapipeline/spec/fluent.py`: a typed method for each shipped operator.

``pytest tests/spec/test_build.py --update-golden`` writes it anew; otherwise the test says that it is out of date.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator

from mediapipeline.operators.base import Definition, Operator
from mediapipeline.operators.registry import Registry
from mediapipeline.params.compound import ArrayType, ConstrainedType
from mediapipeline.params.describe import ParameterInfo, parameters
from mediapipeline.params.quantities import CodecType, DurationType, FrameRateType, ResolutionType, TimecodeType
from mediapipeline.params.scalars import BoolType, EnumType, FloatType, IntType, ParameterType, StringType
from mediapipeline.params.types import object_type

__all__ = ["source"]

_HEAD = '''\
"""The shipped operators as methods of a clip that is being built.

Written by `tests/fluent.py` from the declarations of the operators, and held against them by a test. Nothing here is
imported from them: an operator is used by its name.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Required, TypedDict, Unpack

from mediapipeline.media.codec import AudioCodec, VideoCodec
from mediapipeline.media.geometry import Resolution
from mediapipeline.media.timecode import Timecode, TimeValue

if TYPE_CHECKING:
    from mediapipeline.spec.build import ClipBuilder

__all__ = ["ShippedOperators"]
'''
_SIMPLE: dict[type[ParameterType], str] = {
    BoolType: "bool",
    IntType: "int",
    FloatType: "float",
    StringType: "str",
    DurationType: "TimeValue",
    FrameRateType: "TimeValue",
    TimecodeType: "Timecode | TimeValue",
    ResolutionType: "Resolution | str | Mapping[str, int]",
}


def source(registry: Registry) -> str:
    """The module's text."""
    shipped = [registry.load(name) for name in registry if "." not in name]
    dicts = [_parameters(cls) for cls in shipped]
    methods = [_method(cls) for cls in shipped]
    body = "\n\n\n".join([_HEAD.rstrip(), *(text for text in dicts if text), _class(methods)])
    unused = [name for name in ("AudioCodec", "VideoCodec") if body.count(name) == 1]
    for name in unused:
        body = body.replace(f"{name}, ", "").replace(f"import {name}\n", "import \n")
    return body.replace("from mediapipeline.media.codec import \n", "") + "\n"


def _class(methods: Iterable[str]) -> str:
    head = '''\
class ShippedOperators(ABC):
    """A method for each operator that comes with the library."""

    __slots__ = ()

    @abstractmethod
    def op(self, op: str, /, *others: ClipBuilder, **params: Any) -> ClipBuilder:
        """Use an operator by its name."""
'''
    return head + "".join("\n" + textwrap.indent(method, "    ") for method in methods).rstrip()


def _parameters(cls: type[Operator]) -> str:
    declared = object_type(cls).parameters
    if not declared:
        return ""
    lines = [
        f"class {cls.__name__}Parameters(TypedDict, total=False):",
        f'    """Of `ShippedOperators.{cls.definition.name}`."""',
        "",
    ]
    for parameter in declared:
        written = " | ".join(dict.fromkeys([*_types(parameter.type), *(["None"] if parameter.type.nullable else [])]))
        lines.append(f"    {parameter.name}: {f'Required[{written}]' if parameter.required else written}")
    return "\n".join(lines)


def _types(kind: ParameterType) -> Iterator[str]:
    texts = any("str" in _SIMPLE.get(type(_bare(member)), "") for member in kind.members)
    for member in kind.members:
        bare = _bare(member)
        if isinstance(bare, EnumType) and texts:
            continue  # its choices are texts as well
        if isinstance(bare, EnumType):
            yield f"Literal[{', '.join(json.dumps(choice) for choice in bare.choices)}]"
        elif isinstance(bare, ArrayType):
            yield f"Sequence[{' | '.join(_types(bare.item))}]"
        elif isinstance(bare, CodecType):
            yield f"{bare.cls.__name__} | str | Mapping[str, Any]"
        else:
            yield _SIMPLE.get(type(bare), "Mapping[str, Any]")


def _bare(kind: ParameterType) -> ParameterType:
    while isinstance(kind, ConstrainedType):
        kind = kind.base
    return kind


def _method(cls: type[Operator]) -> str:
    definition = cls.definition
    assert definition.outputs == ("clip",), "an operator with several outputs needs a method of another shape"
    declared = parameters(cls)
    others = _others(definition)
    taken = f", **params: Unpack[{cls.__name__}Parameters]" if declared else ""
    slash = ", /" if others and not others[0].startswith("*") else ""
    passed = "".join(f", {name.partition(':')[0]}" for name in others)
    lines = [
        f"def {definition.name}(self{''.join(f', {name}' for name in others)}{slash}{taken}) -> ClipBuilder:",
        *textwrap.indent(_docstring(definition, declared, others), "    ").splitlines(),
        f'    return self.op("{definition.name}"{passed}{", **params" if declared else ""})',
    ]
    return "\n".join(lines) + "\n"


def _others(definition: Definition) -> list[str]:
    """The clips beside the first, as parameters of the method."""
    ports = list(definition.inputs.items())
    if len(ports) == 1:
        return [] if ports[0][1].single else ["*others: ClipBuilder"]
    return [f"{name}: ClipBuilder" for name, _ in ports[1:]]


def _docstring(definition: Definition, declared: tuple[ParameterInfo, ...], others: list[str]) -> str:
    lines = [f'"""{definition.summary}']
    if declared or others:
        lines += ["", "Args:"]
    for name in others:
        bare = name.partition(":")[0]
        lines.append(f"    {bare}: {'The clips after this one.' if bare.startswith('*') else 'Another clip.'}")
    for parameter in declared:
        default = "needed" if parameter.required else f"default {json.dumps(parameter.default)}"
        unit = f", {parameter.unit}" if parameter.unit else ""
        text = f"{parameter.name}: {parameter.doc}{unit} ({'default none' if default == 'default null' else default})."
        lines += textwrap.wrap(text, 108, initial_indent="    ", subsequent_indent="        ")
    if len(lines) == 1:
        return lines[0] + '"""'
    return "\n".join([*lines, '"""'])
