"""What makes moto (5.2.5) answer sooner, with no change to what it answers.

Each was found by profile; the figures are of one call on one core.
"""

import copy
import functools
import io
from collections.abc import Callable
from typing import Any

import botocore.loaders
import moto.backends
import moto.core.responses
from moto.core.utils import method_names_from_class

from localcloud.emulator.patching import patch

#: Calls that load what most stacks need: (service's signing name, form body or JSON target).
_WARM = (
    ("iam", "Action=ListRoles&Version=2010-05-08"),
    ("ec2", "Action=DescribeVpcs&Version=2016-11-15"),
    ("logs", "Logs_20140328.DescribeLogGroups"),
    ("kms", "TrentService.ListKeys"),
    ("secretsmanager", "secretsmanager.ListSecrets"),
    ("rds", "Action=DescribeDBInstances&Version=2014-10-31"),
    ("elasticloadbalancing", "Action=DescribeLoadBalancers&Version=2015-12-01"),
    ("elasticache", "Action=DescribeReplicationGroups&Version=2015-02-02"),
    ("ecs", "AmazonEC2ContainerServiceV20141113.ListClusters"),
    ("s3", ""),
)


def install() -> None:
    """Apply everything here; once, before the first request."""
    _parse_service_models_once()
    # Which services exist is looked up on disk at every request: 1.2 ms.
    modules = frozenset(moto.backends.list_of_moto_modules())
    moto.backends.list_of_moto_modules = lambda: modules
    # A service's actions are listed by inspection at every request: 0.2 to 1 ms.
    vars(moto.core.responses)["method_names_from_class"] = _remembering(method_names_from_class)
    _share_managed_policies()
    _load_machine_images_late()


def _remembering(list_names: Callable[[object], list[str]]) -> Callable[[object], frozenset[str]]:
    @functools.cache
    def names(kind: object) -> frozenset[str]:
        return frozenset(list_names(kind))

    return names


def _parse_service_models_once() -> None:
    """Parse botocore's description of a service once, not once a session; EC2's alone takes 100 ms, four times."""
    parsed: dict[str, Any] = {}

    @patch(botocore.loaders.JSONFileLoader, "load_file")
    def load_file(original: Any, self: botocore.loaders.JSONFileLoader, file_path: str) -> Any:  # noqa: ANN401 - JSON
        if file_path not in parsed:
            parsed[file_path] = original(self, file_path)
        return parsed[file_path]


def _share_managed_policies() -> None:
    """Parse AWS's 1,600 managed policies once, not at every reset (140 ms)."""
    from moto.iam.models import IAMBackend

    parsed: dict[tuple[str, str], list[Any]] = {}

    @patch(IAMBackend, "_init_aws_policies")
    def init_aws_policies(original: Any, self: IAMBackend) -> list[Any]:  # noqa: ANN401 - moto's method
        key = (self.account_id, self.region_name)
        if key not in parsed:
            parsed[key] = original(self)
        return [copy.copy(policy) for policy in parsed[key]]  # each has its own attachment count


def _load_machine_images_late() -> None:
    """Make AWS's 1,300 machine images when they are first asked for, not with the EC2 backend (250 ms)."""
    from moto.ec2.models.amis import AmiBackend

    load = AmiBackend._load_amis

    @patch(AmiBackend, "_load_amis")
    def postpone(self: AmiBackend) -> None:
        return

    @patch(AmiBackend, "amis", as_property=True)
    def amis(self: AmiBackend) -> dict[str, Any]:
        own = vars(self)
        if "loaded_amis" not in own:
            own["loaded_amis"] = {}
            load(self)
        found: dict[str, Any] = own["loaded_amis"]
        return found


def warm_up(application: Callable[..., Any], port: int) -> None:
    """Load the services that most stacks begin with (about a second) while the caller's program is still starting."""
    for service, call in _WARM:
        environ = {
            "REQUEST_METHOD": "POST" if call else "GET",
            "PATH_INFO": "/",
            "RAW_URI": "/",
            "QUERY_STRING": "",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": str(port),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": f"127.0.0.1:{port}",
            "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{service}/aws4_request, ",
            "wsgi.url_scheme": "http",
        }
        if call.startswith("Action="):
            body, kind = call.encode(), "application/x-www-form-urlencoded; charset=utf-8"
        else:
            body, kind = b"{}" if call else b"", "application/x-amz-json-1.1"
            environ |= {"HTTP_X_AMZ_TARGET": call} if call else {}
        environ |= {"CONTENT_TYPE": kind, "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body)}  # type: ignore[dict-item]
        application(environ, lambda *_: None)
