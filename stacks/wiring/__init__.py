"""Which components a stack is made of, and what they are given: the only place that knows both."""
