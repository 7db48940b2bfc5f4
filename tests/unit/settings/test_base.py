import math

import pytest

from qgnn_d2d.settings.base import Count, Positive, Settings, validated


class Speed(Settings):
    limit: Positive
    gears: Count | list[Count] = 1
    "How many."


@pytest.mark.parametrize(
    ("data", "line"),
    [
        ({}, "speed: key limit is missing"),
        ({"limit": "fast"}, "speed.limit is 'fast'; it must be a number"),
        ({"limit": "1e-2"}, "speed.limit is '1e-2'; it must be a number (write 1.0e-2)"),
        ({"limit": "5e-2"}, "speed.limit is '5e-2'; it must be a number (write 5.0e-2)"),
        ({"limit": "1e-13"}, "speed.limit is '1e-13'; it must be a number (write 1.0e-13)"),
        ({"limit": "2.5E3"}, "speed.limit is '2.5E3'; it must be a number (write 2.5e+3)"),
        ({"limit": True}, "speed.limit is True; it must be a number"),
        ({"limit": math.nan}, "speed.limit is nan; it must be finite"),
        ({"limit": math.inf}, "speed.limit is inf; it must be finite"),
        ({"limit": 0}, "speed.limit is 0; it must be above 0"),
        ({"limit": 1.0, "gears": 1.0}, "speed.gears is 1.0; it must be an integer, without point or exponent"),
        ({"limit": 1.0, "gears": [3, 0]}, "speed.gears[1] is 0; it must be at least 1"),
        ({"limit": 1.0, "gears": 2**63}, f"speed.gears is {2**63}; it must be at most {2**63 - 1}"),
        ({"limit": 1.0, "{gear}": 1}, "speed: unknown key '{gear}'; allowed here: limit, gears"),
        ([1], "speed is [1]; it must be a mapping"),
        (None, "speed is None; it must be a mapping"),
    ],
)
def test_a_mistake_is_one_line_of_place_value_and_what_is_allowed(data, line):
    with pytest.raises(ValueError) as caught:
        validated(Speed, data, "speed")
    assert str(caught.value) == line


def test_settings_cannot_be_changed():
    speed = validated(Speed, {"limit": 1})
    assert speed.limit == 1.0
    with pytest.raises(ValueError, match="frozen"):
        speed.limit = 2.0
