"""Divisions: the five-level tree from province to village, with names, outlines and seats."""
