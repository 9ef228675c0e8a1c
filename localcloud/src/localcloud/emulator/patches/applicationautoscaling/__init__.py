"""Application Auto Scaling: tags, errors by their right names, and what goes with a target that goes.

moto (5.2.5) has no tags here, answers "not found" as a ValidationException, keeps the policies and scheduled actions
of a target that is deregistered, finds policies by part of a resource's name, makes new alarms with each change of a
policy and leaves the old ones, lets a policy or an action name a target that isn't registered, and takes metric queries
that give no one time series.
"""
