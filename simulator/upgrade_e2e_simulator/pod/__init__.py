"""What runs inside simulated pods: the launcher that forks them, their network, CoreDNS, an edge.

Everything in here imports the standard library only, so that a pod costs a fork and not a start.
"""
