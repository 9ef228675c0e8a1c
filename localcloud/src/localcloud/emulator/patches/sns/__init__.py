"""SNS: every attribute of a topic, and subscriptions that wait to be confirmed."""
