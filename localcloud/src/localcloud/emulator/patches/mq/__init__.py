"""Amazon MQ: brokers with endpoints of their own, checked references, and changes that wait for a reboot.

moto (5.2.5) gives every broker the same endpoint, takes any subnet, security group, key and configuration, any number
of users and a name that is taken, makes every change at once, and fails with an internal error where a broker that
isn't there is deleted.
"""
