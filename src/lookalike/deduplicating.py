"""What finds a collection's duplicates, and does with them what a person decided."""

from collections.abc import Sequence
from os import PathLike
from typing import TYPE_CHECKING

from lookalike.adding import Adding
from lookalike.arguments import PATH, checked, condition, record_ids
from lookalike.stores.base import Progress

if TYPE_CHECKING:
    from pathlib import Path

    from lookalike.duplicates import Duplicates, Group
    from lookalike.duplicates.decisions import Kind
    from lookalike.duplicates.find import Only
    from lookalike.duplicates.moving import Moved, Moves
    from lookalike.duplicates.moving.plan import Link
    from lookalike.filters import Filter
    from lookalike.records import Decision


class Deduplicating(Adding):
    """The part of a `Collection` that is about duplicates."""

    path: "Path | None"

    def duplicates(
        self,
        *,
        where: "str | Filter | None" = None,
        within: str | PathLike[str] | None = None,
        tenant: str | None = None,
        only: "Only | None" = None,
        min_size: int = 0,
        prefer: str | Sequence[str] = (),
        best: Sequence[int] = (),
        encoder: str | None = None,
        threshold: float | None = None,
        verify: bool = False,
        decided: bool = False,
        progress: Progress | None = None,
    ) -> "Duplicates":
        """Groups of records that show the same picture, with the best of each.

        A group never holds records of two tenants. What was decided about a pair is heeded.

        Args:
            where: only records that match this filter.
            within: only pictures below this folder.
            tenant: only this tenant's pictures.
            only: "identical" compares bytes and pixels alone; "copy" leaves out duplicates that
                are identical to the best.
            min_size: only files of at least so many bytes.
            prefer: what makes a record the best before the rest: "pixels", "format", "bytes",
                "age" and "path", in a list or a text with commas; this is also the usual order.
            best: ids of records that are the best of their groups, whatever else holds.
            encoder: the embedding to compare by, instead of the one made for copies.
            threshold: the cosine from which two embeddings are of copies.
            verify: whether pairs that are alike, but may not be copies, are compared by their
                pictures.
            decided: also groups about which everything has been decided.
            progress: called as progress(stage, done, total).

        Raises:
            UsageError: the arguments are wrong.
            MissingExtraError: `verify` needs OpenCV, which is not installed.
        """
        from lookalike.duplicates import find, moving

        return find(
            self._store,
            where=condition(where, within, tenant),
            only=only,
            least_bytes=checked(min_size, int, "min_size is a number of bytes"),
            prefer=prefer,
            encoder=encoder,
            threshold=threshold,
            verify_doubtful=verify,
            decided=decided,
            moved=moving.places(self._journals),
            named=frozenset(record_ids(best)),
            progress=progress,
        )

    def decide(self, kind: "Kind", ids: Sequence[int], *, tenant: str | None = None) -> int:
        """Remember a decision about duplicates; returns how many pairs it is about.

        Args:
            kind: "different" says of each two of the records that they are no duplicates; "keep"
                that all stay, "ignore" that nobody wants to know: neither is asked again.
            ids: two records or more.
            tenant: whose records they must be.

        Raises:
            UsageError: there is no such kind, or fewer than two records.
            NotFoundError: one of them is not there.
        """
        from lookalike.duplicates import decisions

        return decisions.decide(self._store, kind, record_ids(ids), tenant)

    def decide_by_file(
        self, path: str | PathLike[str], *, tenant: str | None = None
    ) -> tuple[int, list[str]]:
        """Remember the decisions that the page of duplicates saved in a file.

        With `tenant`, those about another's records are left out.

        Returns:
            How many pairs were decided, and why others were left out, in words.

        Raises:
            UsageError: the file is not one of decisions.
        """
        from lookalike.duplicates import decisions

        checked(path, PATH, "decisions are a file")
        return decisions.decide_by_file(self._store, path, tenant)

    def decisions(self, *, tenant: str | None = None) -> "list[Decision]":
        """All that was decided about duplicates, in order of ids; about one tenant's alone."""
        from lookalike.duplicates import decisions

        return decisions.of_tenant(self._store, tenant)

    def undo_decisions(self, ids: Sequence[int] = (), *, tenant: str | None = None) -> int:
        """Forget the decisions about some records, or without any those made last.

        With `tenant`, only what is about its records.

        Returns:
            How many pairs were forgotten.
        """
        from lookalike.duplicates import decisions

        return decisions.undo(self._store, record_ids(ids), tenant)

    def plan_moves(
        self,
        duplicates: "Sequence[Group]",
        folder: str | PathLike[str] | None = None,
        *,
        link: "Link | None" = None,
        below: str | PathLike[str] | None = None,
    ) -> "Moves":
        """What would be done to the files of open duplicates; nothing is done.

        Args:
            duplicates: the answer of `duplicates`, or some of its groups.
            folder: where they go; without it those with the same bytes become links.
            link: "hard" or "symbolic" leaves, where a duplicate was, a link to the best.
            below: folders are kept from this one on; by default from the root.

        Raises:
            UsageError: neither folder nor link is given, there is no such link, or the folder is
                the collection's own.
        """
        from lookalike.duplicates.moving import plan, unfinished

        return plan(
            self._store,
            duplicates,
            folder,
            link=link,
            below=below,
            collection=self.path,
            unfinished=unfinished(self._journals),
        )

    def move_duplicates(self, moves: "Moves", *, progress: Progress | None = None) -> "Moved":
        """Do what `plan_moves` said, and bring the records along.

        Each step is written to a journal first, in the collection's folder (for one on a server,
        in the user's data folder), so that it can be finished after a crash, and undone. What an
        interrupted run left is finished first. Ctrl-C stops it, and the answer says so.
        """
        from lookalike.duplicates.moving import move

        return move(self._store, self._journals, moves, progress)

    def finish_moves(self) -> "Moved":
        """Finish what an interrupted `move_duplicates` left half done, or `undo_moves`."""
        from lookalike.duplicates.moving import finish

        return finish(self._store, self._journals)

    def undo_moves(
        self,
        journal: str | PathLike[str] | Sequence[str | PathLike[str]],
        *,
        progress: Progress | None = None,
    ) -> "Moved":
        """Bring back what a journal says was moved or linked; of several the newest comes first.

        Raises:
            UsageError: a file is not a journal of moves; nothing is brought back then.
        """
        from lookalike.duplicates.moving import undo

        several = journal if isinstance(journal, list | tuple) else [journal]
        paths = [checked(one, PATH, "a journal is a file") for one in several]
        return undo(self._store, paths, progress)

    @property
    def _journals(self) -> "Path":
        """The folder below which journals of moves are: they are of files on this machine."""
        from lookalike.duplicates.moving.journal import home_of

        return self.path or home_of(self._store.address)
