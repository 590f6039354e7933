"""The calls that kubectl and the official Python client make, for any API server.

Each answer is reduced to the facts that clients act on, so that two servers can be compared field
by field. Nothing is changed on a server: writes are dry runs.
"""
