"""From annotations to types: `define` makes a class of parameters out of a class with annotated fields.

Everything is worked out once, when the class is declared; a declaration that is not sound is refused there.
"""

from __future__ import annotations

import enum
import inspect
import sys
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Annotated, Any, Literal, TypeVar, Union, dataclass_transform, overload

import attrs

from mediapipeline.errors import PluginContractError, SpecError
from mediapipeline.media.codec import AudioCodec, VideoCodec
from mediapipeline.media.geometry import Resolution
from mediapipeline.media.timecode import Quantity, Timecode
from mediapipeline.params.compound import ArrayType, ConstrainedType, MapType, UnionType
from mediapipeline.params.objects import ObjectType, Parameter
from mediapipeline.params.quantities import CodecType, DurationType, FrameRateType, ResolutionType, TimecodeType
from mediapipeline.params.rejection import Rejected
from mediapipeline.params.rules import Exclusive, Param, Rule
from mediapipeline.params.scalars import BoolType, EnumType, FloatType, IntType, ParameterType, StringType

__all__ = ["define", "is_defined", "object_type", "type_of"]

_T = TypeVar("_T", bound=type)

_DECLARED = "__mediapipeline_parameters__"

_SIMPLE: Mapping[Any, ParameterType] = {
    str: StringType(),
    int: IntType(),
    float: FloatType(),
    bool: BoolType(),
    Timecode: TimecodeType(),
    Resolution: ResolutionType(),
    VideoCodec: CodecType(VideoCodec),
    AudioCodec: CodecType(AudioCodec),
}
_QUANTITIES: Mapping[Quantity, ParameterType] = {
    Quantity.DURATION: DurationType(),
    Quantity.FRAME_RATE: FrameRateType(),
}
_ACCEPTED = (
    "parameters are str, int, float, bool, Duration, FrameRate, Timecode, Resolution, VideoCodec, AudioCodec, Literal, "
    "Enum, tuple[X, ...], list[X], Mapping[str, X], classes made with params.define, and unions of these"
)


def is_defined(cls: object) -> bool:
    """Whether *cls* is a class of parameters."""
    return isinstance(cls, type) and hasattr(cls, _DECLARED)


def object_type(cls: type) -> ObjectType:
    """What `define` made of the declaration of *cls*.

    Raises:
        PluginContractError: It was not made with `define`.
    """
    found = getattr(cls, _DECLARED, None)
    if not isinstance(found, ObjectType):
        raise PluginContractError(f"{cls.__name__} is no class of parameters: it was not made with params.define")
    return found


def type_of(annotation: Any) -> ParameterType:
    """The type that an annotation stands for.

    Raises:
        TypeError: It is not among those that parameters can have.
    """
    if typing.get_origin(annotation) is Annotated:
        base, *marks = typing.get_args(annotation)
        quantity = next((mark for mark in marks if isinstance(mark, Quantity)), None)
        found = _QUANTITIES[quantity] if quantity is not None and base is Fraction else type_of(base)
        for mark in marks:
            if isinstance(mark, Param):
                found = _constrained(found, mark)
        return found
    try:
        simple = _SIMPLE.get(annotation)
    except TypeError:  # not hashable, hence none of them
        simple = None
    if simple is not None:
        return simple
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return EnumType.of_enum(annotation)
    if is_defined(annotation):
        return object_type(annotation)
    if annotation is Fraction:
        raise TypeError("a Fraction does not say what it measures: write Duration or FrameRate")
    return _composed(annotation)


def _composed(annotation: Any) -> ParameterType:
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Literal:
        return EnumType.of_literal(args)
    if origin in (Union, types.UnionType):
        return _union(args)
    if origin is tuple and len(args) == 2 and args[1] is Ellipsis:
        return ArrayType(type_of(args[0]), tuple)
    if origin is list:
        return ArrayType(type_of(args[0]), list)
    if origin in (Mapping, dict) and args[0] is str:
        return MapType(type_of(args[1]))
    name = getattr(annotation, "__name__", None) if isinstance(annotation, type) else None
    raise TypeError(f"{name or annotation} cannot be the type of a parameter: {_ACCEPTED}")


def _union(args: tuple[Any, ...]) -> ParameterType:
    found = [type_of(arg) for arg in args if arg is not types.NoneType]
    nullable = types.NoneType in args or any(member.nullable for member in found)
    return UnionType([member for whole in found for member in whole.members], nullable=nullable)


def _constrained(base: ParameterType, param: Param) -> ParameterType:
    """*base* with the limits of *param*; those of a union concern each member that they can concern."""
    if faults := list(param.faults()):
        raise TypeError(", ".join(faults))
    if not param.constrains:
        return base
    members = base.members
    for wanted, possible, what in (
        (param.bounds, any(m.numeric for m in map(_bare, members)), "limits (ge, gt, le, lt)"),
        (param.pattern, any(isinstance(_bare(m), StringType) for m in members), "a pattern"),
        (_lengths(param), any(m.sized for m in map(_bare, members)), "a length"),
    ):
        if wanted and not possible:
            raise TypeError(f"{what} cannot concern {base.text}")
    if isinstance(base, UnionType):
        return UnionType([ConstrainedType(member, param) for member in members], nullable=base.nullable)
    return ConstrainedType(base, param)


def _bare(member: ParameterType) -> ParameterType:
    while isinstance(member, ConstrainedType):
        member = member.base
    return member


def _lengths(param: Param) -> bool:
    return param.min_length is not None or param.max_length is not None


@overload
def define(cls: _T, *, rules: Sequence[Rule] = ()) -> _T: ...
@overload
def define(cls: None = None, *, rules: Sequence[Rule] = ()) -> Callable[[_T], _T]: ...
@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(attrs.field,))
def define(cls: _T | None = None, *, rules: Sequence[Rule] = ()) -> _T | Callable[[_T], _T]:
    """Make a class with annotated fields an immutable class of parameters.

    Its constructor takes keywords, in the forms of a document or of the library, and checks them all::

        @define
        class Vignette:
            angle: Annotated[float, Param("Lens angle, radians", ge=0, le=1.5707)] = 0.628


        Vignette(angle=9)  # SpecError: /angle: must be a number of at least 0 and at most 1.5707, not 9

    Methods, class variables and attributes without annotation stay as they are. A subclass may be made with `define`
    again: it adds fields and rules to those it inherits.

    Raises:
        PluginContractError: The declaration is not sound; the message lists everything.
    """
    if cls is None:
        return lambda made: _define(made, tuple(rules))
    return _define(cls, tuple(rules))


def _define(cls: _T, rules: tuple[Rule, ...]) -> _T:
    faults: list[str] = []
    inherited: dict[str, Parameter] = {}
    for base in reversed(cls.__mro__[1:]):
        if _DECLARED in vars(base):
            inherited |= {p.name: p for p in object_type(base).parameters}
            rules = tuple(dict.fromkeys((*object_type(base).rules, *rules)))
    if "__init__" in vars(cls):
        faults.append("it has an __init__ of its own")
    own = inspect.get_annotations(cls)
    faults += [
        f"{name}: annotate it again to change its default" for name in inherited if name in _unannotated(cls, own)
    ]
    parameters: dict[str, Parameter] = {}

    def declare(_: type, fields: list[attrs.Attribute[Any]]) -> list[attrs.Attribute[Any]]:
        hints = _hints(cls, own, [field.name for field in fields if field.name in own], faults)
        done = []
        for field in fields:
            parameter = inherited.get(field.name) if field.name not in own else None
            if parameter is None and field.name in hints:
                parameter = _parameter(field, hints[field.name], faults)
            if parameter is None:  # a fault, which is reported
                done.append(field)
                continue
            parameters[field.name] = parameter
            default = attrs.NOTHING if parameter.required else attrs.Factory(parameter.initial)
            done.append(field.evolve(default=default, hash=False if _mutable(parameter.type) else None))
        return done

    made: _T = attrs.define(
        cls, frozen=True, kw_only=True, slots=False, init=False, auto_attribs=True, field_transformer=declare
    )
    faults += _misfits(rules, parameters)
    if faults:
        raise PluginContractError(f"parameters of {cls.__name__}: " + "; ".join(faults))
    declaration = ObjectType(made, parameters.values(), rules)
    setattr(made, _DECLARED, declaration)
    _give_constructor(made, declaration)
    return made


def _mutable(kind: ParameterType) -> bool:
    """Whether its values are lists or mappings, which have no hash."""
    return any(
        isinstance(bare, MapType) or (isinstance(bare, ArrayType) and (bare.into is list or _mutable(bare.item)))
        for bare in map(_bare, kind.members)
    )


def _unannotated(cls: type, own: Mapping[str, Any]) -> set[str]:
    return {name for name in vars(cls) if name not in own}


def _hints(cls: type, own: Mapping[str, Any], names: list[str], faults: list[str]) -> dict[str, Any]:
    """The annotations of *names*, evaluated where the class was written."""
    found = {}
    scope = dict(vars(sys.modules[cls.__module__])) if cls.__module__ in sys.modules else {}
    for name in names:
        holder = type(cls.__name__, (), {"__annotations__": {name: own[name]}})
        try:
            found[name] = typing.get_type_hints(holder, scope, dict(vars(cls)), include_extras=True)[name]
        except PluginContractError as error:
            faults.append(f"{name}: {error}")
        except (NameError, AttributeError, SyntaxError, TypeError) as error:
            faults.append(
                f"{name}: its annotation cannot be evaluated ({error}); "
                "whatever it names must be imported at run time and defined at the top of a module"
            )
    return found


def _parameter(field: attrs.Attribute[Any], hint: Any, faults: list[str]) -> Parameter | None:
    name = field.name
    if name.startswith("_"):
        faults.append(f"{name}: names of parameters do not start with '_'")
        return None
    marks = typing.get_args(hint)[1:] if typing.get_origin(hint) is Annotated else ()
    param = next((mark for mark in marks if isinstance(mark, Param)), Param(""))
    try:
        kind = type_of(hint)
    except (TypeError, ValueError, PluginContractError) as error:
        faults.append(f"{name}: {error}")
        return None
    for example in param.examples:
        _read(kind, example, f"{name}: example", faults)
    default: Any = field.default
    if default is attrs.NOTHING:
        return Parameter(name=name, type=kind, param=param, required=True)
    if isinstance(default, attrs.Factory):  # type: ignore[arg-type]  # the stubs call the class a function
        factory: Any = default
        if factory.takes_self:
            faults.append(f"{name}: a default cannot depend on other parameters")
            return None
        default = factory.factory()
    read = _read(kind, default, f"{name}: default", faults)
    return Parameter(name=name, type=kind, param=param, required=False, default=read)


def _read(kind: ParameterType, value: Any, what: str, faults: list[str]) -> Any:
    try:
        return kind.read(value)
    except Rejected as refusal:
        faults += [f"{what}{problem.path} {problem.message}" for problem in refusal.problems]
        return None


def _misfits(rules: Sequence[Rule], parameters: Mapping[str, Parameter]) -> list[str]:
    faults = []
    for rule in rules:
        faults += [f"a rule speaks of {name}, which is no parameter" for name in rule.fields if name not in parameters]
        known = [parameters[name] for name in rule.fields if name in parameters]
        if isinstance(rule, Exclusive):
            unfit = (p for p in known if p.required or (rule.needed and p.default is not None))
            wanted = "the default None" if rule.needed else "a default"
            faults += [f"{p.name}: a parameter that excludes others needs {wanted}" for p in unfit]
    return faults


def _give_constructor(cls: type, declaration: ObjectType) -> None:
    def __init__(self: Any, /, **given: Any) -> None:  # noqa: N807  # it becomes the __init__ of the class
        try:
            declaration.fill(self, given)
        except Rejected as refusal:
            raise SpecError(refusal.problems) from None

    keywords = [
        inspect.Parameter(
            p.name, inspect.Parameter.KEYWORD_ONLY, default=inspect.Parameter.empty if p.required else p.default
        )
        for p in declaration.parameters
    ]
    this = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    __init__.__signature__ = inspect.Signature([this, *keywords])  # type: ignore[attr-defined]  # functions take attributes
    __init__.__qualname__ = f"{cls.__qualname__}.__init__"
    __init__.__module__ = cls.__module__
    cls.__init__ = __init__  # type: ignore[misc]  # the class is being made
