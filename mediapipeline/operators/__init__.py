"""Everything an operator author imports: the contract, the ports, the traits and the registry."""

from mediapipeline.operators.base import (
    API_VERSION,
    AUDIO,
    AV,
    IMAGE,
    TEXT,
    VIDEO,
    Category,
    Definition,
    Facts,
    Kind,
    Operator,
    Port,
    many,
    operator,
)
from mediapipeline.operators.lowering import AudioRef, Clip, Expr, Lowering, OptionValue, SubtitleRef, VideoRef
from mediapipeline.operators.registry import Registry, default_registry
from mediapipeline.operators.traits import OPAQUE, POINTWISE, TIMED, Traits

__all__ = [
    "API_VERSION",
    "AUDIO",
    "AV",
    "IMAGE",
    "OPAQUE",
    "POINTWISE",
    "TEXT",
    "TIMED",
    "VIDEO",
    "AudioRef",
    "Category",
    "Clip",
    "Definition",
    "Expr",
    "Facts",
    "Kind",
    "Lowering",
    "Operator",
    "OptionValue",
    "Port",
    "Registry",
    "SubtitleRef",
    "Traits",
    "VideoRef",
    "default_registry",
    "many",
    "operator",
]
