"""The way of a request from the internet to a service: names, certificate, load balancer, firewall and rules."""
