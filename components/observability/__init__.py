"""Where what happens is written down and told: log groups and topics."""
