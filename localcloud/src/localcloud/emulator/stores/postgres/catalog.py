"""What an instance holds: roles, memberships, databases and their schemas."""

from dataclasses import dataclass, field

#: The role that RDS keeps for itself, and the one that the master user is a member of.
#: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.Roles.rds_superuser.html
BOOTSTRAP, RDS_SUPERUSER = "rdsadmin", "rds_superuser"

#: Who owns a database's public schema, by its members: https://www.postgresql.org/docs/current/predefined-roles.html
DATABASE_OWNER = "pg_database_owner"

#: Roles that come with PostgreSQL and with RDS; none logs in.
_PREDEFINED = (
    DATABASE_OWNER,
    "pg_monitor",
    "pg_read_all_data",
    "pg_read_all_settings",
    "pg_read_all_stats",
    "pg_signal_backend",
    "pg_write_all_data",
    RDS_SUPERUSER,
    "rds_iam",
    "rds_password",
    "rds_replication",
)

#: What everybody may do in a database and in a schema before anyone says otherwise.
#: https://www.postgresql.org/docs/current/ddl-priv.html#PRIVILEGES-SUMMARY-TABLE
PUBLIC = ""  # the name of everybody
DATABASE_PRIVILEGES = ("CREATE", "CONNECT", "TEMPORARY")
SCHEMA_PRIVILEGES = ("CREATE", "USAGE")

#: The number of the first thing that doesn't come with the server.
FIRST_OID = 16384  # https://www.postgresql.org/docs/current/system-catalog-initial-data.html


@dataclass
class Role:
    """A role, with the attributes of CREATE ROLE.

    Attributes:
        settings: what ALTER ROLE … SET gave it, by database (PUBLIC for all of them) and by setting.
    """

    name: str
    oid: int
    superuser: bool = False
    inherit: bool = True
    createrole: bool = False
    createdb: bool = False
    login: bool = False
    limit: int = -1
    verifier: str | None = field(default=None, repr=False)
    settings: dict[str, dict[str, str]] = field(default_factory=dict)


@dataclass
class Membership:
    """That a role is a member of another, by a grant of a third."""

    oid: int
    role: str
    member: str
    grantor: str
    admin: bool = False
    inherit: bool = True
    set: bool = True


@dataclass
class Owned:
    """Something with an owner and privileges.

    Attributes:
        acl: privileges by role, None while they are as they come.
    """

    name: str
    oid: int
    owner: str
    acl: dict[str, set[str]] | None = None


@dataclass
class Database(Owned):
    """A database."""

    schemas: dict[str, Owned] = field(default_factory=dict)
    connectable: bool = True
    limit: int = -1
    template: bool = False
    settings: dict[str, str] = field(default_factory=dict)


@dataclass
class Catalog:
    """Everything; plain data, so that a transaction and a snapshot are copies of it."""

    major: int
    roles: dict[str, Role] = field(default_factory=dict)
    members: list[Membership] = field(default_factory=list)
    databases: dict[str, Database] = field(default_factory=dict)
    last_oid: int = FIRST_OID - 1

    def new_oid(self) -> int:
        """Return a number that nothing has."""
        self.last_oid += 1
        return self.last_oid

    def add_role(self, role: Role) -> Role:
        """Add a role under its name."""
        self.roles[role.name] = role
        return role

    def add_database(self, name: str, owner: str) -> Database:
        """Add a database with the schema that every one has."""
        database = Database(name, self.new_oid(), owner)
        # Its owner is whoever owns the database, from version 15 on; before, RDS gives it to the master user.
        # https://www.postgresql.org/docs/15/release-15.html#id-1.11.6.20.4
        public = Owned("public", self.new_oid(), DATABASE_OWNER if self.major >= 15 else owner)
        public.acl = {public.owner: set(SCHEMA_PRIVILEGES), PUBLIC: {"USAGE"}}
        if self.major < 15:
            public.acl[PUBLIC].add("CREATE")
        database.schemas["public"] = public
        self.databases[name] = database
        return database

    def join(self, role: str, member: str, grantor: str, **options: bool) -> Membership:
        """Make a role a member of another."""
        membership = Membership(self.new_oid(), role, member, grantor, **options)
        self.members.append(membership)
        return membership


def initial(major: int, master: str, database: str | None) -> Catalog:
    """Return what a new instance of RDS holds.

    Args:
        major: its major version.
        master: the name of the master user.
        database: the database that was asked for.
    """
    catalog = Catalog(major)
    catalog.add_role(Role(BOOTSTRAP, 10, superuser=True, createrole=True, createdb=True, login=True))
    for number, name in enumerate(_PREDEFINED, 11):
        catalog.add_role(Role(name, number))
    catalog.add_role(Role(master, catalog.new_oid(), createrole=True, createdb=True, login=True))
    catalog.join(RDS_SUPERUSER, master, BOOTSTRAP, admin=True)
    for role in ("pg_monitor", "pg_signal_backend", "rds_iam", "rds_password", "rds_replication"):
        catalog.join(role, RDS_SUPERUSER, BOOTSTRAP, admin=True)
    for name, owner in (("template0", BOOTSTRAP), ("template1", master)):
        template = catalog.add_database(name, owner)
        template.template, template.connectable = True, name != "template0"
        template.acl = {PUBLIC: {"CONNECT"}, owner: set(DATABASE_PRIVILEGES)}
    catalog.add_database(BOOTSTRAP, BOOTSTRAP).acl = {BOOTSTRAP: set(DATABASE_PRIVILEGES)}
    catalog.add_database("postgres", master)
    if database:
        catalog.add_database(database, master)
    return catalog
