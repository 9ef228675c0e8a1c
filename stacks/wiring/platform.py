"""What all systems of a stack share: key, network, cluster, load balancers, certificate and zones."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.compute.cluster import Cluster, ClusterArgs
from components.core.naming import ECS_NAME, Tags, physical_name
from components.core.placement import Placement
from components.encryption.encryption_key import EncryptionKey, EncryptionKeyArgs, KeyService
from components.ingress.certificate import Certificate, CertificateArgs
from components.ingress.hosted_zone import HostedZone, HostedZoneArgs
from components.ingress.load_balancer import LoadBalancer, LoadBalancerArgs
from components.ingress.log_bucket import LogBucket, LogBucketArgs
from components.ingress.route import check_priorities, listener_rules, rule_priority
from components.ingress.web_firewall import WebFirewall, WebFirewallArgs
from components.network.network import Network, NetworkArgs
from components.observability.notifications import Notifications, NotificationsArgs
from stacks.settings.load import Settings
from stacks.settings.models import PLATFORM
from stacks.settings.problems import ConfigProblem, SettingsError, set_command
from stacks.systems.spec import Role
from stacks.wiring.other_stacks import OtherStacks

#: How much longer than the longest request a load balancer waits on an idle connection, in seconds.
_IDLE_MARGIN = 10

#: What reports to the stack's topic: alarms, and databases.
_REPORTING = (KeyService.CLOUDWATCH, KeyService.RDS_EVENTS)


@dataclass(frozen=True, kw_only=True)
class Platform:
    """The shared parts, as what a system's deployment needs of them."""

    placement: Placement
    """Where the stack's parts are."""
    key: EncryptionKey
    """The key that everything is encrypted with."""
    network: Network
    """The network."""
    notifications: Notifications
    """Where alarms and stores report what happens."""
    cluster: Cluster
    """The cluster that services run on."""
    certificate: Certificate
    """The certificate of all hosts."""
    load_balancer: LoadBalancer
    """The public load balancer."""
    internal_load_balancer: LoadBalancer | None
    """The load balancer of private paths; None where config names nowhere to reach it from."""
    zone_ids: dict[str, pulumi.Output[str]]
    """Hosted zones by domain."""
    others: OtherStacks
    """Other stacks of this project, where config names one."""
    name_servers: dict[str, pulumi.Output[Sequence[str]]]
    """Name servers of the zones that were created, by domain: what a registrar must point at."""


def build(settings: Settings) -> Platform:
    """Build the shared parts of a stack.

    Raises:
        SettingsError: when a hosted zone is to be found and isn't there.
        InvalidValue: when two services' listener rules would have one priority.
    """
    check_priorities(_priorities(settings))
    # Invokes, not Outputs: they decide which children there are.
    account_id = aws.get_caller_identity().account_id
    region = aws.get_region().region
    tags = {"Project": PLATFORM, "Environment": settings.stack, "ManagedBy": "pulumi"}
    profile = settings.profile

    key = EncryptionKey(
        "key",
        EncryptionKeyArgs(
            description=f"Everything that {PLATFORM} stores in {settings.stack}",
            account_id=account_id,
            region=region,
            services=_REPORTING,
            # The profile's word, also when protection is off for a destroy: the final snapshots need the key.
            retain=profile.protection,
            tags=tags,
        ),
    )
    network = Network(
        "network",
        NetworkArgs(
            cidr=settings.config.cidr,
            availability_zones=_zones(settings),
            nat=profile.nat,
            region=region,
            interface_endpoints=profile.interface_endpoints,
            flow_log_retention_days=settings.log_retention_days,
            kms_key_arn=key.arn,
            tags=tags,
        ),
    )
    placement = Placement(
        account_id=account_id,
        region=region,
        vpc_id=network.vpc_id,
        private_subnet_ids=network.private_subnet_ids,
        isolated_subnet_ids=[network.isolated_subnet_ids[index] for index in range(profile.availability_zones)],
        kms_key_arn=key.arn,
        log_retention_days=settings.log_retention_days,
        tags=tags,
    )
    notifications = Notifications(
        "notifications",
        NotificationsArgs(kms_key_arn=key.arn, account_id=account_id, services=_REPORTING, tags=tags),
    )
    cluster = Cluster(
        "cluster",
        ClusterArgs(
            cluster_name=physical_name(ECS_NAME, PLATFORM, settings.stack),
            log_retention_days=settings.log_retention_days,
            kms_key_arn=key.arn,
            tags=tags,
        ),
    )
    zone_ids, name_servers = _hosted_zones(settings, tags)
    certificate = Certificate("certificate", CertificateArgs(hosts=_hosts(settings), zones=dict(zone_ids), tags=tags))
    access_logs = LogBucket(
        "access-logs",
        LogBucketArgs(
            account_id=account_id,
            expire_days=settings.log_retention_days,
            force_destroy=not settings.protection,
            tags=tags,
        ),
    )
    load_balancer = LoadBalancer(
        "public",
        LoadBalancerArgs(
            vpc_id=network.vpc_id,
            subnet_ids=network.public_subnet_ids,
            certificate_arn=certificate.certificate_arn,
            idle_timeout_seconds=_idle_timeout(settings),
            deletion_protection=settings.protection,
            access_log_bucket=access_logs.bucket_name,
            tags=tags,
        ),
    )
    WebFirewall(
        "firewall",
        WebFirewallArgs(
            rate_limit=profile.waf_rate_limit,
            resource_arn=load_balancer.arn,
            placement=placement,
            private_paths=_private_paths(settings),
            public_hosts=sorted(_hosts(settings)),
        ),
    )
    internal = None
    if settings.config.adminCidrs:
        internal = LoadBalancer(
            "internal",
            LoadBalancerArgs(
                vpc_id=network.vpc_id,
                subnet_ids=network.private_subnet_ids,
                certificate_arn=certificate.certificate_arn,
                internal=True,
                ingress_cidrs=settings.config.adminCidrs,
                idle_timeout_seconds=_idle_timeout(settings),
                deletion_protection=settings.protection,
                access_log_bucket=access_logs.bucket_name,
                tags=tags,
            ),
        )
        # A firewall of its own: private paths are what this load balancer is for (ELB.16).
        WebFirewall(
            "internal-firewall",
            WebFirewallArgs(
                rate_limit=profile.waf_rate_limit,
                resource_arn=internal.arn,
                placement=placement,
            ),
        )
    return Platform(
        placement=placement,
        key=key,
        network=network,
        notifications=notifications,
        cluster=cluster,
        certificate=certificate,
        load_balancer=load_balancer,
        internal_load_balancer=internal,
        zone_ids=zone_ids,
        others=OtherStacks(),
        name_servers=name_servers,
    )


def _zones(settings: Settings) -> Sequence[str]:
    if settings.config.availabilityZones:
        return settings.config.availabilityZones
    # Local Zones and zones that the account hasn't opted into are left out. A zone that is impaired today isn't: the
    # network must not move out of it in the middle of an incident.
    found = aws.get_availability_zones(filters=[{"name": "opt-in-status", "values": ["opt-in-not-required"]}])
    wanted = settings.profile.availability_zones
    if len(found.names) < wanted:
        raise SettingsError(
            settings.stack,
            [
                ConfigProblem(
                    key="aws:region",
                    problem=f"has {len(found.names)} availability zones, where the profile has {wanted}",
                    allowed=f"a region with {wanted} availability zones or more",
                    remedy=set_command("aws:region", "us-east-1"),
                )
            ],
        )
    return sorted(found.names)[:wanted]


def _hosts(settings: Settings) -> dict[str, str]:
    """Return each public host with the zone that it is in."""
    return {host: system.config.zone for system in settings.systems.values() for host in system.hosts.values()}


def _priorities(settings: Settings) -> dict[str, int]:
    """Return the priority of each listener rule to come, by whose it is."""
    rules: dict[str, int] = {}
    for name, system in settings.systems.items():
        for part, host in system.hosts.items():
            rules.update(
                {
                    f"{name}-{part} {kind.value} {number}": rule_priority(name, part, kind, number)
                    for kind, number, _ in listener_rules([host], system.system.services[part].private_paths)
                }
            )
    return rules


def _private_paths(settings: Settings) -> dict[str, list[str]]:
    """Return the beginnings of paths that are refused on each public host.

    The listener's rules refuse them too. They tell upper case from lower; the firewall compares what is left after
    decoding, so that no other way to write a path leads around it.
    """
    return {
        host: sorted(paths)
        for system in settings.systems.values()
        for name, host in system.hosts.items()
        if (paths := system.system.services[name].private_paths)
    }


def _hosted_zones(
    settings: Settings, tags: Tags
) -> tuple[dict[str, pulumi.Output[str]], dict[str, pulumi.Output[Sequence[str]]]]:
    domains = sorted({system.config.zone for system in settings.systems.values()})
    if not settings.config.createZones:
        return {domain: pulumi.Output.from_input(_find_zone(settings, domain)) for domain in domains}, {}
    zones = {
        domain: HostedZone(
            f"zone-{domain}", HostedZoneArgs(zone=domain, force_destroy=not settings.protection, tags=tags)
        )
        for domain in domains
    }
    return (
        {domain: zone.zone_id for domain, zone in zones.items()},
        {domain: zone.name_servers for domain, zone in zones.items()},
    )


def _find_zone(settings: Settings, domain: str) -> str:
    try:
        return aws.route53.get_zone(name=domain, private_zone=False).zone_id
    except Exception as error:  # the SDK raises a plain Exception for whatever the provider answers
        names = [name for name, system in settings.systems.items() if system.config.zone == domain]
        raise SettingsError(
            settings.stack,
            [
                ConfigProblem(
                    key=f"{name}:zone",
                    problem=f"is {domain!r}, and this account's Route 53 doesn't have it: {error}",
                    allowed="the domain of one public hosted zone of this account",
                    remedy=f"create it, or have the stack create it: {set_command(f'{PLATFORM}:createZones', 'true')}",
                )
                for name in names
            ],
        ) from error


def _idle_timeout(settings: Settings) -> int:
    """Return the load balancer's one idle timeout, long enough for the slowest service behind it."""
    return _IDLE_MARGIN + max(
        service.longest_request_seconds
        for system in settings.systems.values()
        for service in system.system.services.values()
        if service.role is Role.WEB
    )
