"""Models on the CPU in C: compiled once with the machine's own compiler, where there is one."""
