"""What is known of a table after one look through it."""

from hypothesis import given
from hypothesis import strategies as st

from lookalike.sources.survey import Survey

keys = st.text(max_size=2) | st.integers(-3, 3)


@given(st.lists(st.tuples(keys, st.none() | st.text(max_size=2))))
def test_it_knows_what_is_double_and_what_is_named(
    rows: list[tuple[str | int, str | None]],
) -> None:
    survey = Survey()
    for key, uri in rows:
        survey.note(key, uri)
    survey.close()
    assert survey.rows == len(rows)
    assert survey.unplaced == sum(uri is None for _, uri in rows)
    met: dict[str | int, int] = {}
    for number, (key, _) in enumerate(rows, 2):
        assert survey.first("id", key, number) == met.setdefault(key, number)
    uris = {uri for _, uri in rows if uri is not None}
    for uri in uris | {"not there", ""}:
        assert survey.names(uri) == (uri in uris)
