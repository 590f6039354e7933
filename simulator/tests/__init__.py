"""The simulator's own tests. They reach it as any client does and import nothing of the library."""
