"""The simulated cluster: a process that serves the Kubernetes API on loopback and makes pods run.

It is a program of its own, reached by its command (`python -m upgrade_e2e_simulator`), its control
socket and its API. This package imports nothing by itself, so that pods start fast.
"""
