"""Lambda: functions that really run, with all that they are told, and references that are checked.

moto (5.2.5) runs functions in Docker only. It drops dead letter, logging, file system and SnapStart settings and the
change of most others, says `vpc-123abc` for every VPC, takes subnets, groups, keys and archives that aren't, ignores
the qualifier of Invoke and of event invoke configurations, keeps every one of the latter and answers with the first,
tells no reserved concurrency of 0, numbers versions anew after a deletion, and takes a statement id twice.

- `functions`: what a function is told, its versions, its concurrency;
- `references`: what a function's settings may name;
- `permissions`: the function's policy, and its event invoke configurations;
- `invoke`: invocations, synchronous and not, their logs and destinations;
- `process`: one invocation's process; `bootstrap`, what runs in it, and `network`, what it reaches from there.
"""
