"""Devices, documents and biometrics come in here; evidence goes out.

This package owns the deadlines and the worker processes: a thread in C code cannot be cancelled,
a process can be killed and replaced (shared/findings/infra.md section 3).
"""
