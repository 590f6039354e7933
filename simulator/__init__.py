"""A package only so that the modules of `simulator/tests` have names of their own."""
