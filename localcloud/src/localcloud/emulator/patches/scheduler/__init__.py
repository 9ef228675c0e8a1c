"""EventBridge Scheduler: groups and expressions that are checked, roles that can be assumed, every setting changed.

moto (5.2.5) answers with a fault for a group that isn't there, makes a group twice, takes any expression, time zone and
role, and keeps the action after completion that a schedule was made with. Schedules don't fire here: there is no clock.
"""
