"""Moving and linking the files of duplicates: only when asked, never deleting, to be undone."""

from lookalike.duplicates.moving.journal import places as places
from lookalike.duplicates.moving.journal import unfinished as unfinished
from lookalike.duplicates.moving.plan import Moves as Moves
from lookalike.duplicates.moving.plan import Step as Step
from lookalike.duplicates.moving.plan import plan as plan
from lookalike.duplicates.moving.run import Moved as Moved
from lookalike.duplicates.moving.run import finish as finish
from lookalike.duplicates.moving.run import move as move
from lookalike.duplicates.moving.run import undo as undo

__all__ = ["Moved", "Moves", "Step", "finish", "move", "places", "plan", "undo", "unfinished"]
