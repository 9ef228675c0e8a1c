"""What AWS parts Alicerce is built of: one `ComponentResource` a file, each usable alone.

A component takes `(name, args, opts)`, never reads config, never exports, and never imports `stacks`.
"""
