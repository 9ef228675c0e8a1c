"""The local cloud: an AWS account on this machine, and what brings a stack up in it.

`emulator` answers AWS's API, `provider` turns resources into calls of it, and `engine` does what Pulumi's own engine
does. Each can be replaced by the real one.
"""
