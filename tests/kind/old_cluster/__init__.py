"""Tests that share one real cluster at the old version."""
