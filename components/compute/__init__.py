"""Where containers run and what runs in one: the cluster, sizes of tasks, task definitions."""
