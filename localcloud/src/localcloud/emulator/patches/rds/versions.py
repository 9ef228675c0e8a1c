"""Engine versions of PostgreSQL: which there are, which a major version means, what can be upgraded to what."""

from typing import Any

from moto.core.responses import ActionResult
from moto.rds.exceptions import InvalidParameterCombination
from moto.rds.responses import RDSResponse

from localcloud.emulator.patching import patch

#: Minor versions by major version, the default last. RDS has more, and newer ones come every quarter: any minor version
#: of these major versions is taken.
#: https://docs.aws.amazon.com/AmazonRDS/latest/PostgreSQLReleaseNotes/postgresql-release-calendar.html
POSTGRES: dict[int, tuple[int, ...]] = {
    14: (18, 19, 20),
    15: (13, 14, 15),
    16: (9, 10, 11),
    17: (5, 6, 7),
    18: (1,),
}
#: The major version when none is named.
_DEFAULT_MAJOR = 17


def resolve(engine: str, version: str | None) -> str | None:
    """Return the version that runs when this one is asked for; engines other than PostgreSQL are left to moto.

    A major version alone means its default minor version:
    https://docs.aws.amazon.com/AmazonRDS/latest/PostgreSQLReleaseNotes/postgresql-versions.html
    """
    if engine != "postgres":
        return version
    major, _, minor = (version or str(_DEFAULT_MAJOR)).partition(".")
    if not major.isdigit() or int(major) not in POSTGRES or (minor and not minor.isdigit()):
        raise InvalidParameterCombination(f"Cannot find version {version} for {engine}")
    return f"{major}.{minor or POSTGRES[int(major)][-1]}"


def check_upgrade(engine: str, old: str, new: str, *, major_allowed: bool) -> None:
    """Refuse a downgrade, and a new major version without leave.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html
    """
    if engine != "postgres" or old == new:
        return
    before, after = _numbers(old), _numbers(new)
    if after < before:
        raise InvalidParameterCombination(f"Cannot upgrade {engine} from {old} to {new}")
    if after[0] != before[0] and not major_allowed:
        raise InvalidParameterCombination(
            "The AllowMajorVersionUpgrade flag must be present when upgrading to a new major version."
        )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


@patch(RDSResponse, "describe_db_engine_versions")
def describe_db_engine_versions(self: RDSResponse) -> ActionResult:
    params = self._get_params()
    engine, wanted = params.get("Engine"), params.get("EngineVersion") or ""
    family = params.get("DBParameterGroupFamily")
    versions = []
    for major, minors in POSTGRES.items():
        if engine not in (None, "postgres") or (family and family != f"postgres{major}"):
            continue
        for minor in minors:
            version = f"{major}.{minor}"
            if wanted and version != wanted and not version.startswith(f"{wanted}."):
                continue
            default = minor == minors[-1] and (major == _DEFAULT_MAJOR or bool(wanted) or bool(family))
            if params.get("DefaultOnly") and not default:
                continue
            versions.append(_version(major, minor))
    return ActionResult({"DBEngineVersions": versions})


def _version(major: int, minor: int) -> dict[str, Any]:
    targets = [(major, later) for later in POSTGRES[major] if later > minor]
    targets += [(higher, POSTGRES[higher][-1]) for higher in POSTGRES if higher > major]
    return {
        "Engine": "postgres",
        "MajorEngineVersion": str(major),
        "EngineVersion": f"{major}.{minor}",
        "DBParameterGroupFamily": f"postgres{major}",
        "DBEngineDescription": "PostgreSQL",
        "DBEngineVersionDescription": f"PostgreSQL {major}.{minor}-R1",
        "ValidUpgradeTarget": [
            {
                "Engine": "postgres",
                "EngineVersion": f"{one}.{two}",
                "Description": f"PostgreSQL {one}.{two}-R1",
                "AutoUpgrade": False,
                "IsMajorVersionUpgrade": one != major,
            }
            for one, two in targets
        ],
        "ExportableLogTypes": ["postgresql", "upgrade", "iam-db-auth-error"],
        "SupportsLogExportsToCloudwatchLogs": True,
        "SupportsReadReplica": True,
        "SupportedFeatureNames": ["Lambda", "s3Export", "s3Import"],
        "Status": "available",
        "SupportsParallelQuery": False,
        "SupportsGlobalDatabases": False,
        "SupportsCertificateRotationWithoutRestart": True,
    }
