import math

import pytest

from lookalike.planning.amount import Amount, number, of, total


def test_formulas_say_what_was_calculated() -> None:
    made = of(1000, "pictures") * (of(512, "dimensions") * of(4, "bytes") + of(24, "row"))
    assert made.value == 1000 * (512 * 4 + 24)
    assert made.text == "1,000 pictures × (512 dimensions × 4 bytes + 24 row)"


def test_signs_bind_as_in_arithmetic() -> None:
    made = (of(9) - (of(3) + of(2))) / (of(2) * of(2))
    assert made == Amount(1.0, "(9 − (3 + 2)) ÷ (2 × 2)", made._binds)
    assert (of(8) / of(2) * of(3)).text == "8 ÷ 2 × 3"


def test_rounding_up() -> None:
    assert (of(7) / of(2)).up() == Amount(4, "up(7 ÷ 2)")
    assert of(3).up() == of(3)
    assert of(0.2).up().value == 1
    assert (of(3) * (of(1) / of(3))).up().value == 1


def test_sums() -> None:
    assert total([of(1, "a"), of(2, "b"), of(3, "c")]).text == "1 a + 2 b + 3 c"
    assert total([of(5)]) == of(5)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1000, "1,000"),
        (28.2, "28.2"),
        (0.0125, "0.0125"),
        (1424.53, "1,424.5"),
        (1e9, "1,000,000,000"),
    ],
)
def test_numbers(value: float, text: str) -> None:
    assert number(value) == text
    assert math.isclose(float(text.replace(",", "")), value, rel_tol=1e-3)
