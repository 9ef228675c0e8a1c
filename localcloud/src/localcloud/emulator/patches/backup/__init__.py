"""AWS Backup: selections, changed plans, access policies and restore testing.

moto (5.2.5) has none of these. It also lets a plan name a vault that isn't there, tells of a deleted plan as if it
stood, and knows no key of a vault that was made without one. Nothing is backed up here: there are no recovery points.
"""
