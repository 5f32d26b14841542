"""Price, volume and mix: the closed form against the six orders, one by one."""

from decimal import Decimal
from fractions import Fraction
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from core import price_volume_mix
from core.price_volume_mix import FINE, Sums


def six_orders(pairs):
    """The definition itself: V × Σ m·p, each of the three changed in each order, exactly; (price, volume, mix)."""
    volumes = [Fraction(sum(pair[side] for pair in pairs)) for side in (0, 1)]
    mixes = [[Fraction(pair[side]) / volumes[side] for pair in pairs] for side in (0, 1)]
    prices = [[Fraction(pair[2 + side]) / pair[side] for pair in pairs] for side in (0, 1)]

    def value(state):
        mix, price = mixes[state["mix"]], prices[state["price"]]
        return volumes[state["volume"]] * sum(m * p for m, p in zip(mix, price, strict=True))

    moved = {"price": Fraction(0), "volume": Fraction(0), "mix": Fraction(0)}
    for order in permutations(moved):
        state = dict.fromkeys(moved, 0)
        for name in order:
            before = value(state)
            state[name] = 1
            moved[name] += (value(state) - before) / 6
    return moved["price"], moved["volume"], moved["mix"]


def sums(pairs):
    """Quantities then and now, amounts then and now, of each product, as the rule wants them."""
    return Sums(
        sum(pair[0] for pair in pairs),
        sum(pair[1] for pair in pairs),
        FINE * sum(pair[2] for pair in pairs),
        FINE * sum(pair[3] for pair in pairs),
        sum(price_volume_mix.rounded(FINE * pair[0] * pair[3], pair[1]) for pair in pairs),
        sum(price_volume_mix.rounded(FINE * pair[1] * pair[2], pair[0]) for pair in pairs),
    )


def swapped(pairs):
    return [(now, then, sold_now, sold_then) for then, now, sold_then, sold_now in pairs]


# kpis.md 9: prices 10 and 20 at 100 and 50 pieces, then 11 and 19 at 90 and 80; amounts in ten-thousandths
VECTOR = [(100, 90, 10_000_000, 9_900_000), (50, 80, 10_000_000, 15_200_000)]
QUANTITY = st.integers(1, 10_000)
AMOUNT = st.integers(-(10**9), 10**9)
PAIRS = st.lists(st.tuples(QUANTITY, QUANTITY, AMOUNT, AMOUNT), min_size=1, max_size=6)


def test_the_known_answer_and_its_negative():
    found = price_volume_mix.parts(sums(VECTOR))
    money = [Decimal(part) / FINE / 10_000 for part in (found.price, found.volume, found.mix)]
    assert [round(one, 3) for one in money] == [Decimal("30.915"), Decimal("281.895"), Decimal("197.190")]
    assert sum(money) == 510

    back = price_volume_mix.parts(sums(swapped(VECTOR)))
    assert (back.price, back.volume, back.mix) == (-found.price, -found.volume, -found.mix)


@given(PAIRS)
def test_the_closed_form_is_the_average_of_the_six_orders(pairs):
    found = price_volume_mix.parts(sums(pairs))

    for part, exact in zip((found.price, found.volume, found.mix), six_orders(pairs), strict=True):
        assert abs(Fraction(part, FINE) - exact) < Fraction(1, 10)  # tenths of a ten-thousandth


@given(PAIRS)
def test_parts_add_up_and_turn_their_signs_with_the_windows(pairs):
    found, back = price_volume_mix.parts(sums(pairs)), price_volume_mix.parts(sums(swapped(pairs)))

    assert found.price + found.volume + found.mix == FINE * sum(pair[3] - pair[2] for pair in pairs)
    assert (back.price, back.volume, back.mix) == (-found.price, -found.volume, -found.mix)


@given(st.dictionaries(st.integers(1, 10**6), st.integers(-(10**15), 10**15), max_size=30))
def test_what_is_shared_out_adds_up_whatever_the_order_of_the_rows(fine):
    found = price_volume_mix.shared_out(fine)

    assert sum(found.values()) == price_volume_mix.rounded(sum(fine.values()), FINE)
    assert all(abs(found[key] * FINE - value) < FINE for key, value in fine.items())
    assert price_volume_mix.shared_out(dict(reversed(fine.items()))) == found
    turned = price_volume_mix.shared_out({key: -value for key, value in fine.items()})
    assert turned == {key: -value for key, value in found.items()}
