"""The Kubernetes API: what components, observers and providers ask of it."""
