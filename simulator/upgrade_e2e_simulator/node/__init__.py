"""What runs on a node: kubelet, container runtime, service proxy. All nodes share one process."""
