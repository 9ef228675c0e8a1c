"""The audiences of an OpenID Connect provider; moto (5.2.5) has no call that changes them."""
