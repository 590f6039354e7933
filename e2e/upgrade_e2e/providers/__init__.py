"""Providers make, upgrade and delete clusters; siblings do not know one another."""
