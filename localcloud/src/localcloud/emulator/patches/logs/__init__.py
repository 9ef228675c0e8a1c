"""CloudWatch Logs: classes and protection of log groups, saved queries, and references that are checked."""
