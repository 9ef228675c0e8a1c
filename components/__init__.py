"""What AWS parts Alicerce is built of: one `ComponentResource` a file, each usable alone, in rooms by what it is for.

A component takes `(name, args, opts)`, never reads config, never exports, and never imports `stacks`. Each room says in
its `__init__` what belongs there, and imports only from rooms that `tests/test_rooms.py` lists before it.
"""
