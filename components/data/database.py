"""A PostgreSQL database on RDS."""

import re
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from components.core.checks import (
    InvalidValue,
    check_between,
    invalid_secret,
    plain,
)
from components.core.endpoint import Endpoint
from components.core.naming import component_tags, physical_name
from components.core.placement import Placement
from components.data.database_monitoring import event_subscriptions, monitoring_role
from components.data.windows import DAILY_WINDOW, WEEKLY_WINDOW
from components.observability.log_group import LogGroup, LogGroupArgs

#: PostgreSQL's own port. EC2.18 asks for authorised ports only; no other is opened.
PORT = 5432
#: Longest identifier of a DB instance.
#: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
INSTANCE_IDENTIFIER = 63
#: Major versions in standard support on RDS.
#: https://docs.aws.amazon.com/AmazonRDS/latest/PostgreSQLReleaseNotes/postgresql-release-calendar.html
MAJOR_VERSIONS = ("14", "15", "16", "17", "18")
#: Admin names that RDS takes but an attacker tries first (FSBP RDS.25), and the one that RDS keeps for itself.
#: https://docs.aws.amazon.com/securityhub/latest/userguide/rds-controls.html#rds-25
DEFAULT_USERNAMES = ("admin", "postgres", "rdsadmin")
#: Seconds between two points of enhanced monitoring (FSBP RDS.6).
#: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
_MONITORING_SECONDS = 60
#: How long query statistics are kept: the longest that costs nothing.
#: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PerfInsights.Overview.cost.html
_PERFORMANCE_INSIGHTS_DAYS = 7
#: Logs that RDS for PostgreSQL sends to CloudWatch (FSBP RDS.9 and RDS.36).
#: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_LogAccess.Concepts.PostgreSQL.html
LOG_EXPORTS = ("postgresql", "upgrade")
#: The certificate authority that has the longest life of those every client knows: RSA 2048, valid until 2061.
#: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html
CERTIFICATE_AUTHORITY = "rds-ca-rsa2048-g1"

#: Parameters of every database, whatever its size.
PARAMETERS = {
    # Refuses any connection without TLS (RDS.38). It is PostgreSQL 15's default on RDS, and 14's isn't.
    # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/PostgreSQL.Concepts.General.SSL.html
    "rds.force_ssl": "1",
    # A leaked MD5 verifier is as good as the password; a SCRAM one isn't.
    # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/PostgreSQL_Password_Encryption_configuration.html
    "password_encryption": "scram-sha-256",
    "rds.accepted_password_auth_method": "scram",
    # Who came and went, and who waited for whom.
    "log_connections": "1",
    "log_disconnections": "1",
    "log_lock_waits": "1",
    # Statements are logged when they are slow, and for no other reason: "ddl", "mod" and "all" would write the
    # password of every CREATE ROLE and ALTER ROLE into the log, in clear.
    # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_LogAccess.Concepts.PostgreSQL.Query_Logging.html
    "log_statement": "none",
    "log_min_duration_statement": "1000",
    # The same for a statement that fails, and for the values bound to one that is slow or fails.
    # https://www.postgresql.org/docs/current/runtime-config-logging.html
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}

#: Those of them that some major version takes only with a restart.
STATIC_PARAMETERS = frozenset({"rds.force_ssl"})

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
#: Printable ASCII without space, slash, double quote and at sign, 8 to 128.
#: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
_PASSWORD = re.compile(r'[^\s/"@\x00-\x1f\x7f-\U0010ffff]{8,128}')


@dataclass(frozen=True, kw_only=True)
class PostgresDatabaseArgs:
    """What a `PostgresDatabase` is made from."""

    placement: Placement
    """Where it is: in the isolated subnets, of which RDS needs two even for a single instance."""
    database_name: str
    """The database that is created in the instance."""
    username: str
    """The master user: a name of the system's own."""
    password: pulumi.Input[str] = field(repr=False)
    """The master user's password: 8 to 128 printable ASCII characters without space, /, @ and double quote."""
    engine_version: str
    """The major version alone, for instance `16`: RDS chooses the minor one and keeps it current."""
    instance_class: str
    """For instance `db.m7g.large`."""
    storage_gb: int
    """What to begin with, in GiB; at least 20."""
    max_storage_gb: int
    """Up to where RDS lets the storage grow by itself, in GiB."""
    multi_az: bool
    """Whether a standby in another zone takes over."""
    backup_retention_days: int
    """How far back point-in-time recovery reaches: 1 to 35 days."""
    deletion_protection: bool
    """Whether AWS refuses to delete the instance."""
    final_snapshot: bool
    """Whether a destroy leaves a snapshot (and the automated backups) behind."""
    apply_immediately: bool = False
    """Whether a change that interrupts waits for the maintenance window (False) or doesn't (True)."""
    allow_major_version_upgrade: bool = False
    """Whether a higher `engine_version` is carried out; set it, with `apply_immediately`, for that one `up`: the old
    version's parameter group can only go when the instance no longer waits for its window."""
    snapshot_identifier: pulumi.Input[str] | None = None
    """A snapshot to create the instance from. Read when the instance is created, and never again."""
    events_topic_arn: pulumi.Input[str] | None = None
    """An SNS topic for RDS's events (RDS.20, .21, .22); none leaves the subscriptions out."""
    protect: bool = True
    """Whether Pulumi refuses to delete or replace the instance."""

    def __post_init__(self) -> None:
        """Refuse what RDS would refuse, and a username that FSBP RDS.25 forbids."""
        owner = "PostgresDatabaseArgs"
        if len(self.placement.isolated_subnet_ids) < 2:
            raise InvalidValue(
                f"{owner}.placement.isolated_subnet_ids",
                len(self.placement.isolated_subnet_ids),
                "two subnets or more",
                "give one of each zone's",
            )
        if not _NAME.fullmatch(self.database_name):
            raise InvalidValue(
                f"{owner}.database_name",
                self.database_name,
                "1 to 63 lower case letters, digits and underscores, beginning with a letter",
                "name it after the system",
            )
        if self.username in DEFAULT_USERNAMES or not _NAME.fullmatch(self.username):
            raise InvalidValue(
                f"{owner}.username",
                self.username,
                "1 to 63 lower case letters, digits and underscores, beginning with a letter, other than "
                + ", ".join(DEFAULT_USERNAMES),
                "name it after the system",
            )
        password = plain(self.password)
        if password is not None and not _PASSWORD.fullmatch(password):
            raise invalid_secret(
                f"{owner}.password",
                len(password),
                '8 to 128 printable ASCII characters without space, /, @ and "',
                "generate one of letters and digits",
            )
        if self.engine_version not in MAJOR_VERSIONS:
            raise InvalidValue(
                f"{owner}.engine_version",
                self.engine_version,
                "a major version of PostgreSQL: " + ", ".join(MAJOR_VERSIONS),
                "leave the minor version to RDS, which upgrades it by itself",
            )
        if not self.instance_class.startswith("db."):
            raise InvalidValue(
                f"{owner}.instance_class",
                self.instance_class,
                "a class of DB instances, beginning with db.",
                'write it like "db.m7g.large"',
            )
        # RDS's own limits for gp3 storage.
        # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html#gp3-storage
        check_between(f"{owner}.storage_gb", self.storage_gb, 20, 65536, "give the GiB to begin with")
        # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.Autoscaling.html
        if self.max_storage_gb * 10 < self.storage_gb * 11 or self.max_storage_gb > 65536:
            raise InvalidValue(
                f"{owner}.max_storage_gb",
                self.max_storage_gb,
                f"{-(-self.storage_gb * 11 // 10)} to 65536 (a tenth more than storage_gb at least)",
                "give the storage room to grow",
            )
        check_between(
            f"{owner}.backup_retention_days",
            self.backup_retention_days,
            1,
            35,
            "0 would turn point-in-time recovery off",
        )


class PostgresDatabase(pulumi.ComponentResource):
    """One PostgreSQL database for one system.

    Creates a DB instance on gp3 storage, its subnet group, parameter group, security group, log groups, monitoring
    role and, with a topic, event subscriptions.

    Guarantees:

    - Private, encrypted with the given key, TLS only, in reach of nobody: its security group has no rules until a
      `Connection` adds them.
    - Point-in-time recovery, a final snapshot whose name is unique and kept in state, Multi-AZ and deletion protection
      as the arguments say.
    - RDS chooses the minor version: `engine_version` is a major version, which the provider compares as a prefix, so
      that an upgraded instance never looks like a planned downgrade.
      https://www.pulumi.com/registry/packages/aws/api-docs/rds/instance/#engine_version_python
    - No statement is logged for being DDL or for failing, which would put the password of an ALTER ROLE into the log.
      One that takes over a second is, with its text: set a password by its SCRAM verifier, as psql does.
    - A replacement can be created beside the old instance: whatever forces one also makes a new suffix, and with it a
      new identifier, new log groups and a new name for the final snapshot.

    To destroy a protected database: set `protect` and `deletion_protection` to False, `up` once, then destroy.
    """

    address: pulumi.Output[str]
    """The host to connect to."""
    database_name: pulumi.Output[str]
    """The database."""
    endpoint: Endpoint
    """Where clients reach it, for a `Connection`."""
    instance_identifier: pulumi.Output[str]
    """The instance's name, by which logs, metrics and snapshots find it."""

    def __init__(self, name: str, args: PostgresDatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("alicerce:index:PostgresDatabase", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        tags = component_tags(args.placement.tags, "database", Name=name)

        # The keepers are what RDS can't change on an instance, so that a replacement gets names of its own.
        # https://www.pulumi.com/registry/packages/aws/api-docs/rds/instance/
        suffix = random.RandomId(
            f"{name}-suffix",
            byte_length=4,
            keepers={
                "database_name": args.database_name,
                "username": args.username,
                "kms_key_arn": args.placement.kms_key_arn,
            },
            opts=child,
        )
        base = physical_name(INSTANCE_IDENTIFIER - 9, name).lower()
        identifier = pulumi.Output.concat(base, "-", suffix.hex)

        security_group = aws.ec2.SecurityGroup(
            f"{name}-security-group",
            vpc_id=args.placement.vpc_id,
            description="PostgreSQL clients by security group",
            tags=tags,
            opts=child,
        )
        subnet_group = aws.rds.SubnetGroup(
            f"{name}-subnet-group",
            description="Isolated subnets of the database",
            subnet_ids=list(args.placement.isolated_subnet_ids),
            tags=tags,
            opts=child,
        )
        parameter_group = aws.rds.ParameterGroup(
            f"{name}-parameter-group",
            family=f"postgres{args.engine_version}",
            description="TLS and SCRAM only, and no secret in a log",
            parameters=[
                aws.rds.ParameterGroupParameterArgs(
                    name=parameter,
                    value=value,
                    # A static parameter takes no other method. The group is there before the instance, so all of them
                    # are in force from its first start.
                    apply_method="pending-reboot" if parameter in STATIC_PARAMETERS else "immediate",
                )
                for parameter, value in sorted(PARAMETERS.items())
            ],
            tags=tags,
            opts=child,
        )
        # RDS creates a log group that it doesn't find, and keeps that one for ever and unencrypted. So the groups come
        # first, and go last.
        # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_LogAccess.Procedural.UploadtoCloudWatch.html
        log_groups = [
            LogGroup(
                f"{name}-{export}",
                LogGroupArgs(
                    log_group_name=pulumi.Output.concat("/aws/rds/instance/", identifier, "/", export),
                    retention_days=args.placement.log_retention_days,
                    kms_key_arn=args.placement.kms_key_arn,
                    tags=args.placement.tags,
                ),
                child,
            )
            for export in LOG_EXPORTS
        ]
        role, role_policy = monitoring_role(name, args.placement, identifier, tags=tags, opts=child)

        instance = aws.rds.Instance(
            f"{name}-instance",
            identifier=identifier,
            engine="postgres",
            engine_version=args.engine_version,
            auto_minor_version_upgrade=True,
            allow_major_version_upgrade=args.allow_major_version_upgrade,
            instance_class=args.instance_class,
            db_name=args.database_name,
            username=args.username,
            password=pulumi.Output.secret(args.password),
            port=PORT,
            storage_type="gp3",
            allocated_storage=args.storage_gb,
            max_allocated_storage=args.max_storage_gb,
            storage_encrypted=True,
            kms_key_id=args.placement.kms_key_arn,
            db_subnet_group_name=subnet_group.name,
            vpc_security_group_ids=[security_group.id],
            publicly_accessible=False,
            multi_az=args.multi_az,
            ca_cert_identifier=CERTIFICATE_AUTHORITY,
            parameter_group_name=parameter_group.name,
            iam_database_authentication_enabled=True,
            backup_retention_period=args.backup_retention_days,
            backup_window=DAILY_WINDOW,
            maintenance_window=WEEKLY_WINDOW,
            copy_tags_to_snapshot=True,
            deletion_protection=args.deletion_protection,
            skip_final_snapshot=not args.final_snapshot,
            final_snapshot_identifier=pulumi.Output.concat(identifier, "-final"),
            # Where the data matters enough for a final snapshot, its point-in-time recovery outlives it too.
            delete_automated_backups=not args.final_snapshot,
            snapshot_identifier=args.snapshot_identifier,
            performance_insights_enabled=True,
            performance_insights_kms_key_id=args.placement.kms_key_arn,
            performance_insights_retention_period=_PERFORMANCE_INSIGHTS_DAYS,
            monitoring_interval=_MONITORING_SECONDS,
            monitoring_role_arn=role.arn,
            enabled_cloudwatch_logs_exports=list(LOG_EXPORTS),
            apply_immediately=args.apply_immediately,
            tags=tags,
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=args.protect,
                depends_on=[*log_groups, role_policy],
                # Edited or taken away on a live instance, either would replace it.
                # https://www.pulumi.com/registry/packages/aws/api-docs/rds/instance/#snapshot_identifier_python
                ignore_changes=["snapshotIdentifier", "restoreToPointInTime"],
            ),
        )
        if args.events_topic_arn is not None:
            event_subscriptions(name, args.events_topic_arn, instance, parameter_group, tags=tags, opts=child)

        self.address = instance.address
        self.database_name = pulumi.Output.from_input(args.database_name)
        self.endpoint = Endpoint(security_group_id=security_group.id, port=PORT)
        self.instance_identifier = instance.identifier
        self.register_outputs(
            {
                "address": self.address,
                "port": self.endpoint.port,
                "database_name": self.database_name,
                "security_group_id": self.endpoint.security_group_id,
                "instance_identifier": self.instance_identifier,
            }
        )
