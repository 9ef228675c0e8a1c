"""CloudWatch: composite alarms of their own, and alarms that stay what they are when they are changed.

moto (5.2.5) takes a composite alarm for a metric alarm without a metric and has no PutCompositeAlarm; it forgets an
alarm's state and history with each change, begins in OK, answers for all types of alarms alike, keeps the tags of a
deleted alarm, and drops evaluation windows and the like.
"""
