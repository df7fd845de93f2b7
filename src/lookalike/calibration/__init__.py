"""Thresholds chosen by measurement on a collection's own pictures, and kept with it."""

from lookalike.calibration.stored import Calibration as Calibration
from lookalike.calibration.stored import read as read

__all__ = ["Calibration", "read"]
