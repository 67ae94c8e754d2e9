"""Tests of the whole: installing, removing, packaging, and the commands that a newcomer types."""
