"""ECS: services that run tasks, tasks that start, fail and end, and references that are checked.

moto (5.2.5) keeps a service as a record: it runs no task, drops Service Connect, capacity provider strategies,
deployment configuration and most of what UpdateService brings, and has no fields that the official AWS provider reads
without looking (a deployment's counts, `createdBy`, `platformFamily`). A task by RunTask is RUNNING whatever it names.

- `definitions`: what RegisterTaskDefinition refuses and fills in;
- `clusters`: clusters and capacity providers;
- `startup`: whether a task could start at all (image, secrets, log group, execution role), and the reason when not;
- `tasks`: tasks with their containers, network interfaces, targets and logs;
- `services`: services and their deployments, which complete, fail and roll back;
- `deployments`: one deployment, with its alarms, and what is told of it;
- `traffic`: listener rules whose weights a deployment moves;
- `revisions`: what a deployment of a service deploys;
- `references`: what CreateService, UpdateService and RunTask refuse.
"""
