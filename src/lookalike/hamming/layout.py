"""How the bits of a hash are ordered in words, and which of them are keys of tables."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import UsageError

Hashes = NDArray[np.uint8]
Words = NDArray[np.uint64]

MAX_BITS = 256
NARROW = 64
"""Hashes up to so many bits are one word, and a table's row holds all of its hash."""

_ROWS = 1 << 15
_FEW = 8
_SAMPLE = 1 << 13
_RARE = 0.02
_NARROW_BLOCKS = 3
_WIDE_BLOCK = 25


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Bits of a hash in another order, which changes no distance, cut into blocks.

    `order[p]` is the bit of the hash, counted from its first byte's highest, at place p of the
    words, counted from the first word's highest. A block is (start, width) in places.
    """

    bits: int
    order: tuple[int, ...]
    blocks: tuple[tuple[int, int], ...]
    _parts: NDArray[np.uint64] = field(init=False, repr=False)
    """(bytes, words, 256): what each value of each byte puts into each word."""

    def __post_init__(self) -> None:
        places = np.argsort(np.array(self.order))
        values = np.arange(256, dtype=np.uint64)
        parts = np.zeros((self.bits // 8, self.words, 256), np.uint64)
        for bit, place in enumerate(places.tolist()):
            is_set = values >> np.uint64(7 - bit % 8) & np.uint64(1)
            parts[bit // 8, place // 64] |= is_set << np.uint64(63 - place % 64)
        object.__setattr__(self, "_parts", parts)

    @property
    def words(self) -> int:
        """Words of 64 bits that a hash takes, the last one padded with zeros."""
        return -(-self.bits // 64)

    def words_of(self, hashes: Hashes) -> Words:
        """(n, words) of (n, bits/8) hashes."""
        if len(hashes) <= _FEW:
            every = np.arange(self.bits // 8)
            words: Words = np.bitwise_or.reduce(self._parts[every, :, hashes], axis=1)
            return words
        out = np.zeros((len(hashes), self.words), np.uint64)
        filled = [(b, w) for b, w in np.argwhere(self._parts.any(axis=2)).tolist()]
        for start in range(0, len(hashes), _ROWS):
            some, place = hashes[start : start + _ROWS], out[start : start + _ROWS]
            for byte, word in filled:
                place[:, word] |= self._parts[byte, word].take(some[:, byte])
        return out

    def hashes_of(self, words: Words) -> Hashes:
        """(n, bits/8) of (n, words): what `words_of` was given."""
        out = np.empty((len(words), self.bits // 8), np.uint8)
        places = np.argsort(np.array(self.order))
        for start in range(0, len(words), _ROWS):
            some = _bytes(words[start : start + _ROWS])
            out[start : start + _ROWS] = np.packbits(
                np.unpackbits(some, axis=1).take(places, axis=1), axis=1
            )
        return out

    def checked(self, hashes: Hashes) -> Hashes:
        """(n, bits/8) uint8 hashes.

        Raises:
            UsageError: they have another type or shape.
        """
        shape, kind = getattr(hashes, "shape", None), getattr(hashes, "dtype", None)
        if kind != np.uint8 or shape is None or len(shape) != 2 or shape[1] != self.bits // 8:
            raise UsageError(
                f"The index holds hashes of {self.bits} bits: give uint8 of shape "
                f"(n, {self.bits // 8}), not {kind} of shape {shape}."
            )
        return hashes


def width_of(hashes: Hashes) -> int:
    """Bits of (n, bits/8) uint8 hashes.

    Raises:
        UsageError: they have another type or shape, or no width from 8 to 256 bits.
    """
    shape, kind = getattr(hashes, "shape", None), getattr(hashes, "dtype", None)
    if kind != np.uint8 or shape is None or len(shape) != 2:
        raise UsageError(f"Hashes are uint8 of shape (n, bits/8), not {kind} of shape {shape}.")
    bits = int(shape[1]) * 8
    if not 8 <= bits <= MAX_BITS:
        raise UsageError(f"Hashes have 8 to {MAX_BITS} bits, not {bits}.")
    return bits


@cache
def spread(bits: int) -> Layout:
    """Blocks of nearly equal width, the bits dealt out to them in turn.

    Neighbouring bits of a picture's hash are often alike; apart, they make keys that differ more.
    """
    if bits <= NARROW:
        count = max(1, min(_NARROW_BLOCKS, bits // 16))
    else:
        count = max(_NARROW_BLOCKS, bits // _WIDE_BLOCK)
    dealt = [list(range(first, bits, count)) for first in range(count)]
    return Layout(bits, tuple(bit for some in dealt for bit in some), cut(map(len, dealt)))


@cache
def in_groups(bits: int, widths: tuple[int, ...]) -> Layout:
    """Blocks of the given widths, the bits in their own order."""
    return Layout(bits, tuple(range(bits)), cut(widths))


def balanced(words: Words) -> list[int]:
    """Places of (n, words) hashes, those first whose bits are set in about half of a sample.

    Places whose bits are nearly always the same are left out.
    """
    some = words[:: max(1, len(words) // _SAMPLE)]
    share = np.unpackbits(_bytes(some), axis=1).mean(axis=0)
    order = np.argsort(abs(share - 0.5), kind="stable")
    return [place for place in order.tolist() if _RARE <= share[place] <= 1 - _RARE]


def dealt(words: Words, places: Sequence[int], count: int) -> Words:
    """(n, words) with these places dealt out to `count` blocks, which come first."""
    order = [place for block in range(count) for place in places[block::count]]
    rest = sorted({*range(words.shape[1] * 64)} - {*order})
    return Layout(words.shape[1] * 64, (*order, *rest), ()).words_of(_bytes(words))


def _bytes(words: Words) -> Hashes:
    return words.astype(">u8").view(np.uint8)


def cut(widths: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """Blocks of the given widths, one after the other."""
    blocks: list[tuple[int, int]] = []
    start = 0
    for width in widths:
        blocks.append((start, width))
        start += width
    return tuple(blocks)


def bits_at(words: Words, start: int, count: int) -> Words:
    """(n,) numbers made of `count` ≤ 64 places of (n, words), from `start` on, round the end."""
    word, shift = divmod(start, 64)
    taken = words[:, word] << np.uint64(shift)
    if shift:
        taken |= words[:, (word + 1) % words.shape[1]] >> np.uint64(64 - shift)
    return taken >> np.uint64(64 - count)


def distances(words: Words, others: Words) -> NDArray[np.uint16]:
    """(n,) differing bits of (n, words) and (n, words), or one row against all."""
    bits: NDArray[np.uint16] = np.bitwise_count(words[:, 0] ^ others[:, 0]).astype(np.uint16)
    for word in range(1, words.shape[1]):
        bits += np.bitwise_count(words[:, word] ^ others[:, word])
    return bits
