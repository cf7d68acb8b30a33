"""Reads what decides in a campaign beside its code: files of the harness, Python, programs, loader.

Everything is known by its content. What no program of an ordinary user can set back, the time of a
file's last change of any kind (ctime), says which files need not be read again.
"""
