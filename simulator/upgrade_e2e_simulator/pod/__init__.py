"""What runs inside simulated pods: the launcher that forks them, their network, CoreDNS, an edge.

What is imported here is loaded before the first fork, so that a pod costs a fork and not a start.
"""
