"""Log groups, and the topic that alarms and events are sent to."""
