"""A stand-in for RabbitMQ's management API: users, passwords, virtual hosts and permissions, and no messages.

- `contents`: what a broker holds;
- `api`: what the management API answers about it;
- `server`: HTTPS around that.

Answers and refusals are RabbitMQ's own, as measured on version 3.10.8 and written in its API reference
(https://www.rabbitmq.com/docs/http-api-reference). AMQP is not spoken, so that there are never any connections.
"""
