"""The simulated cluster: a process that serves the Kubernetes API on loopback and makes pods run.

Import what you need from its modules (`upgrade_e2e.providers.sim.provider.SimProvider`); this
package imports nothing by itself, so that the programs that run in pods start fast.
"""
