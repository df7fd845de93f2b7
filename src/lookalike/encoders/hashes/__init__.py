"""Perceptual hashes: one file for each algorithm, and the encoder they share."""
