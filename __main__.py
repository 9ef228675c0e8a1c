"""The program: settings in, both systems up, what a person needs to know out."""

import pulumi

from stacks.settings import load as settings
from stacks.systems import SYSTEMS
from stacks.wiring import platform, system

current = settings.load(SYSTEMS)
shared = platform.build(current)

pulumi.export("cluster", shared.cluster.cluster_name)
pulumi.export("loadBalancer", {"name": shared.load_balancer.name, "dnsName": shared.load_balancer.dns_name})
pulumi.export("nameServers", shared.name_servers)
for name, own in current.systems.items():
    pulumi.export(name, system.build(current, own, shared))
