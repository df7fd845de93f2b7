"""What a server lets pass must be what `Filter.matches` does, or more where that is said."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pytest
from filter_cases import FILTERS, RECORDS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from milvus_server import MilvusProcess

from lookalike.filters import And, Comparison, Field, Filter, IsNull, Not, OneOf, Or, parse
from lookalike.records import MAX_ID, Record
from lookalike.stores.milvus import rows
from lookalike.stores.milvus.address import MilvusAddress
from lookalike.stores.milvus.connection import Connection
from lookalike.stores.milvus.filter_expr import Compiled, compile_filter
from lookalike.stores.milvus.filterable import AttributeKind
from lookalike.stores.milvus.layout import Layout, Table

DECLARED: dict[str, AttributeKind] = {"price": "number", "colour": "text", "sale": "boolean"}
ODD = [
    "",
    "a",
    "ab",
    "a%b",
    "a_b",
    "100%",
    'say "x"',
    "it's",
    "back\\slash",
    "\\",
    "new\nline\tand\rmore",
    "\x01\x08\x0c\x1f\x7f\x85\u2028\ufeff",
    "é",
    "é🙂z",
    "🙂",
    "\U0010ffff",
    "a\U0010ffff",
    '" or id >= 0 or uri == "',
    '\\" or id >= 0 or uri == \\"',
    "{0} %s ${x}",
    "x" * 300,
]
NUMBERS = [0, -0.0, 1, -1, 2.5, 0.1, 0.1 + 0.2, 0.3, 1e300, -1e300, 1e-7, 5e-324, 2**53, 2**53 + 1]
NUMBERS += [2**63 - 1, -(2**63), 1e16, 1.7976931348623157e308]


def _records() -> list[Record]:
    """Records of every kind of value, alone and in lists, under plain and odd keys."""
    values = [*ODD, *NUMBERS, True, False, None, [], {}, [[]], [None], [[1, "a"]]]
    values += [[one, 7, "tail", False] for one in [*ODD[:8], *NUMBERS]]
    values += [
        ["abc", "xbc"],
        [0.1, 0.2],
        {"inner": 5},
        {"inner": ["é", 2]},
        {"inner": {"deep": 1}},
    ]
    keys = ["a", "a.b", 'odd "key"', "né", "_5f_", "size", "🙂"]
    made = []
    for number, value in enumerate(values):
        attributes = {keys[number % len(keys)]: value, "a": value}
        made.append(Record(number, f"/p/{number}", attributes=attributes))
    for number, text in enumerate(ODD):
        made.append(Record(1000 + number, text, tenant=ODD[-number - 1], format=text[:9] or None))
    for number, size in enumerate([None, 0, 1, 5, 2**53, 2**53 + 1, 2**63 - 1]):
        made.append(
            Record(2000 + number, "u", size=size, modified_ns=size, duplicate_of=size, width=size)
        )
    times = [-(10**18), -1, 10**9, 1_732_000_000_123_456_789]
    made += [Record(3000 + n, "u", modified_ns=ns, added=ns / 1e9) for n, ns in enumerate(times)]
    made += [Record(2**53 + n, "u") for n in range(3)] + [Record(MAX_ID - 1, "u")]
    for number, price in enumerate([0.0, 5, 0.1, 1e300, None]):
        sale = {"sale": number % 2 == 0} if number else {}
        made.append(Record(4000 + number, "u", attributes={"price": price, **sale}))
    made += [
        Record(5000 + number, "u", attributes={"colour": text}) for number, text in enumerate(ODD)
    ]
    return made


@dataclass
class Shelf:
    """Records on a server, and the same in memory."""

    connection: Connection
    table: Table
    records: list[Record]

    def add(self, records: Sequence[Record]) -> None:
        made = [{**rows.row_of(one, DECLARED), "has": b"{}"} for one in records]
        columns = {name: [row[name] for row in made] for name in self.table.scalars}
        vector = self.table.vector.name
        self.connection.upsert(self.table, {**columns, vector: [[0]] * len(made)})
        self.records += records

    def differing(self, where: Filter) -> tuple[Compiled, set[int], set[int]]:
        """What the server lacks, and what it has too much."""
        compiled = compile_filter(where, DECLARED)
        found = self.connection.query(self.table.name, compiled.text or "id >= 0", ["id"])
        found = {row["id"] for row in found}
        expected = {one.id for one in self.records if where.matches(one)}
        return compiled, expected - found, found - expected

    def check(self, where: Filter) -> None:
        compiled, lacking, more = self.differing(where)
        assert not lacking, (where, compiled)
        assert not (compiled.exact and more), (where, compiled)


@pytest.fixture(scope="module", params=["just written", "sealed and indexed"])
def shelf(milvus: MilvusProcess, request: pytest.FixtureRequest) -> Iterator[Shelf]:
    connection = Connection(MilvusAddress.parse(milvus.address("filters")))
    layout = Layout("filters", DECLARED, keyed=False)
    connection.create(layout.records, ("BIN_FLAT", {}), ["uri", *layout.filtered])
    made = Shelf(connection, layout.records, [])
    made.add(_records())
    if request.param != "just written":
        connection.flush(layout.records.name)
        connection.release(layout.records.name)
        connection.load(layout.records.name)
    yield made
    connection.drop(layout.records.name)
    connection.close()


FIELDS = [Field((name,)) for name in ("a", "a.b", 'odd "key"', "né", "_5f_", "size", "🙂", "none")]
FIELDS += [Field(("a", "inner")), Field(("a", "inner", "deep")), Field(("price", "x"))]
FIELDS += [Field((name,)) for name in DECLARED]
SYSTEM_TEXTS = [Field((name,), system=True) for name in ("uri", "tenant", "format")]
SYSTEM_NUMBERS = [
    Field((name,), system=True)
    for name in ("size", "width", "height", "duplicate_of", "modified", "added", "updated")
]
ID = Field(("id",), system=True)


@pytest.mark.parametrize("text", ODD)
@pytest.mark.parametrize("operator", ["==", "startswith", "contains"])
def test_texts(shelf: Shelf, text: str, operator: str) -> None:
    for field in (FIELDS[0], Field(("colour",)), SYSTEM_TEXTS[2]):
        shelf.check(Comparison(field, operator, text))
        shelf.check(Not(Comparison(field, operator, text)))
    for field in (FIELDS[2], *SYSTEM_TEXTS[:2]):
        shelf.check(Comparison(field, operator, text))


@pytest.mark.parametrize("number", [*map(float, NUMBERS), 5.0, 0.3, 1_732_000_000.1234567, -1e9])
@pytest.mark.parametrize("operator", ["==", "<", "<=", ">", ">="])
def test_numbers(shelf: Shelf, number: float, operator: str) -> None:
    for field in (Field(("a",)), Field(("price",))):
        shelf.check(Comparison(field, operator, number))
        shelf.check(Not(Comparison(field, operator, number)))
    for name in ("size", "modified", "added"):
        shelf.check(Comparison(Field((name,), system=True), operator, number))


def test_ids(shelf: Shelf) -> None:
    for value in [-(2**63), -1, 0, 5, 2**53, 2**53 + 1, 2**63 - 2, 2**63 - 1]:
        for operator in ["==", "<", "<=", ">", ">="]:
            shelf.check(Comparison(ID, operator, value))
            shelf.check(Not(Comparison(ID, operator, value)))
    shelf.check(OneOf(ID, (2**53 + 1, 5, -3)))


def test_null_and_truths(shelf: Shelf) -> None:
    for field in (*FIELDS, *SYSTEM_TEXTS, *SYSTEM_NUMBERS, ID):
        shelf.check(IsNull(field))
        shelf.check(Not(IsNull(field)))
    for field in FIELDS:
        for truth in (True, False):
            shelf.check(Comparison(field, "==", truth))
            shelf.check(Not(Comparison(field, "==", truth)))


def test_a_text_cannot_leave_its_quotes(shelf: Shelf) -> None:
    for text in ODD:
        compiled, lacking, more = shelf.differing(Comparison(SYSTEM_TEXTS[0], "==", text))
        assert compiled.exact
        assert not lacking
        assert not more


def test_long_lists(shelf: Shelf) -> None:
    many = tuple(float(number) for number in range(1000))
    # As nine numbers each, more than are listed.
    fractions = tuple(number + 0.1 for number in range(2300))
    texts = (*(f"{'x' * 20}{number}" for number in range(1000)), "é", "a%b")
    for values in (many, fractions, texts, (True, *texts[:10], *fractions[:10])):
        shelf.check(OneOf(FIELDS[0], values))
        shelf.check(Not(OneOf(FIELDS[0], values)))
    for values in (many, fractions[:100]):
        for field in (Field(("price",)), SYSTEM_NUMBERS[0], SYSTEM_NUMBERS[4]):
            shelf.check(OneOf(field, values))
    shelf.check(OneOf(ID, tuple(range(10_000))))
    for field in (SYSTEM_TEXTS[0], Field(("colour",))):
        shelf.check(OneOf(field, texts))


def test_deep_nesting_and_many_conditions(shelf: Shelf) -> None:
    some: Filter = Comparison(FIELDS[0], "==", 1.0)
    for level in range(32):
        some = Not(And((some, Or((some, IsNull(FIELDS[1])))))) if level < 6 else Not(some)
    shelf.check(some)
    some_of_many = tuple(Comparison(FIELDS[0], "<", float(n)) for n in range(-300, 0))
    shelf.check(Or(some_of_many))
    shelf.check(And(some_of_many))
    shelf.check(And(()))
    shelf.check(Or(()))
    shelf.check(Not(Or(())))


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(FILTERS, min_size=1, max_size=5))
def test_any_filter(shelf: Shelf, filters: list[Filter]) -> None:
    for where in filters:
        shelf.check(where)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(RECORDS, min_size=1, max_size=30, unique_by=lambda one: one.id),
    st.lists(FILTERS, min_size=1, max_size=10),
)
def test_any_records(shelf: Shelf, records: list[Record], filters: list[Filter]) -> None:
    # Of their own ids, below those of all before them.
    first = 10**15 + len(shelf.records)
    shelf.add([replace(one, id=first + number) for number, one in enumerate(records)])
    for where in filters:
        shelf.check(where)


class TestCompiled:
    def test_what_all_records_pass_is_empty(self) -> None:
        assert compile_filter(None, {}) == Compiled("", True)
        assert compile_filter(parse("not (id < 0 and id > 5)"), {}).exact
        assert compile_filter(Not(Or(())), {}) == Compiled("", True)

    def test_what_none_passes_is_known(self) -> None:
        assert compile_filter(parse("size < -1 and a == 1"), {}).is_empty is False
        assert compile_filter(parse("id is null and a == 1"), {}).is_empty
        assert compile_filter(OneOf(FIELDS[0], ()), {}).is_empty

    def test_a_tenant_comes_first(self) -> None:
        text = compile_filter(parse('a == 1 and tenant == "t"'), {}).text
        assert text.startswith('tenant == "t" and (')

    def test_a_server_that_finds_text_within_is_asked_to(self) -> None:
        compiled = compile_filter(parse('uri contains "cat"'), {}, infix=True)
        assert compiled == Compiled('uri like "%cat%"', False)
        assert "like" not in compile_filter(parse('uri contains "c%t"'), {}, infix=True).text

    def test_only_what_a_server_cannot_say_is_checked_again(self) -> None:
        assert compile_filter(parse('uri startswith "/a" and not b in [1, "x"]'), {}).exact
        assert not compile_filter(parse('a startswith "x"'), {}).exact
        assert not compile_filter(parse('uri contains "x"'), {}).exact
