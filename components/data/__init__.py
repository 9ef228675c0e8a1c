"""The managed stores: PostgreSQL, Redis and RabbitMQ, and the URLs that lead to them."""
