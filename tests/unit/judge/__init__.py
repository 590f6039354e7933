"""Tests of the judge, against a reference that is written in plain loops."""
