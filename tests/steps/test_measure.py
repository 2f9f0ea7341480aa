"""Measurements: what filters print is read by their schema."""

from __future__ import annotations

import json
import math

import pytest

from mediapipeline.media.values import from_dict, to_dict
from mediapipeline.steps import Measurement, Told

SUMMARY = """\
[ebur128@m0 @ 0x55ad9ca0a500] [info] Summary:

  Integrated loudness:
    I:         -70.0 LUFS
    Threshold:   0.0 LUFS

  True peak:
    Peak:       -inf dBFS
[graph_1_in @ 0x1] [info] between
[ebur128@m1 @ 0x55ad9ca0b500] [info] Summary:

  Integrated loudness:
    I:          -9.0 LUFS
    Threshold: -19.0 LUFS
[ebur128@m0 @ 0x55ad9ca0a500] [info] Summary:

  Integrated loudness:
    I:         -21.1 LUFS
    Threshold: -31.6 LUFS

  Loudness range:
    LRA:         6.3 LU
    Threshold: -35.1 LUFS[dec:aac @ 0x1] [warning] in between
[dec:aac @ 0x1] [warning] and again

  True peak:
    Peak:       -inf dBFS
[out#0/null @ 0x55891b027b00] [info] video:0KiB
"""
OBJECT = """\
[loudnorm@m0 @ 0x7f76e4001cc0] [info] 
{
	"input_i" : "-inf",
	"input_tp" : "-14.67",
	"normalization_type" : "dynamic"
}
[info] size=N/A
"""  # noqa: W291 - as FFmpeg prints it
LOUDNESS = Measurement(
    reading="summary",
    fields={"integrated": "Integrated loudness/I", "low": "Loudness range/Threshold", "peak": "True peak/Peak"},
)


def test_the_last_summary_of_the_filter_counts():
    assert LOUDNESS.read(SUMMARY, "m0") == {"integrated": -21.1, "low": -35.1, "peak": -math.inf}


LINES = """\
[Parsed_volumedetect_0 @ 0x1] [info] max_volume: -1.0 dB
[volumedetect@m0 @ 0x55ad] [info] n_samples: 0
[ebur128@m0 @ 0x55ad] [info] max_volume: -2.0 dB
[volumedetect@m0 @ 0x77ad] [info] n_samples: 4800
[volumedetect@m1 @ 0x77ae] [info] max_volume: -3.0 dB
[volumedetect@m0 @ 0x77ad] [info] max_volume: {peak} dB
[volumedetect@m0 @ 0x77ad] [info] histogram_4db: 12
"""
PEAK = Told("max_volume", by="volumedetect", reading="lines", plus=12, least=-91)
BOTH = Measurement(
    reading="summary",
    fields={"integrated": Told("Integrated loudness/I", by="ebur128"), "peak": PEAK},
)


@pytest.mark.parametrize(("printed", "peak"), [("-31.8", -19.8), ("0.0", 12), ("-91.0", -math.inf)])
def test_filters_in_a_row_tell_a_field_each(printed, peak):
    assert BOTH.read(SUMMARY + LINES.format(peak=printed), "m0") == {"integrated": -21.1, "peak": peak}
    assert (BOTH.tellers, BOTH.untold, LOUDNESS.tellers) == ({"ebur128", "volumedetect"}, (), set())


def test_what_is_not_told_is_nothing_only_where_that_may_be():
    without = Measurement(reading="lines", fields={"peak": PEAK})
    nothing = "[volumedetect@m0 @ 0x55ad] [info] n_samples: 0\n"
    assert without.read(nothing, "m0") == {"peak": -math.inf}
    with pytest.raises(ValueError, match="did not say 'max_volume'"):
        without.read(nothing, "m1")
    with pytest.raises(ValueError, match="did not say 'max_volume'"):
        Measurement(reading="lines", fields={"peak": "max_volume"}).read(nothing, "m0")


def test_fields_as_json():
    written = json.loads(json.dumps(to_dict(BOTH)))
    assert written["fields"]["peak"] == {
        "key": "max_volume", "by": "volumedetect", "reading": "lines", "plus": 12, "least": -91
    }  # fmt: skip
    assert from_dict(Measurement, written) == BOTH
    assert to_dict(LOUDNESS)["fields"]["low"] == {"key": "Loudness range/Threshold"}
    assert from_dict(Measurement, to_dict(LOUDNESS)) == LOUDNESS


def test_an_object():
    found = Measurement(reading="json", fields={"loudness": "input_i", "peak": "input_tp"}).read(OBJECT, "m0")
    assert found == {"loudness": -math.inf, "peak": -14.67}


@pytest.mark.parametrize(
    ("measurement", "text", "instance", "message"),
    [
        (LOUDNESS, SUMMARY, "m1", "did not say 'Loudness range/Threshold'"),
        (LOUDNESS, SUMMARY, "m2", "did not say 'Integrated loudness/I'"),
        (LOUDNESS, "", "m0", "did not say"),
        (Measurement(reading="json", fields={"kind": "normalization_type"}), OBJECT, "m0", "no number: 'dynamic'"),
        (Measurement(reading="json", fields={"a": "input_i"}), OBJECT.replace('"-inf"', '"nan"'), "m0", "no number"),
        (Measurement(reading="json", fields={"a": "input_i"}), OBJECT.replace("}", ""), "m0", "did not say"),
        (Measurement(reading="json", fields={"a": "input_i"}), OBJECT.replace(" :", " ?"), "m0", "did not say"),
    ],
)
def test_what_cannot_be_read(measurement, text, instance, message):
    with pytest.raises(ValueError, match=message):
        measurement.read(text, instance)


@pytest.mark.parametrize("fields", [{}, {"Peak": "a"}, {"a b": "c"}])
def test_fields_have_names(fields):
    with pytest.raises(ValueError, match="not the fields"):
        Measurement(reading="json", fields=fields)
