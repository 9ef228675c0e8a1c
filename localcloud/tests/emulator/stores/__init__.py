"""The stand-ins for stores: what answers at the endpoints of databases and brokers."""
