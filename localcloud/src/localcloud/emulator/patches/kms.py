"""KMS: how often a key rotates, and metadata without gaps."""

import json
from datetime import timedelta
from typing import Any

from moto.core.utils import unix_time, utcnow
from moto.kms.models import Key
from moto.kms.responses import KmsResponse

#: https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKeyRotation.html
_DEFAULT_PERIOD = 365


def install() -> None:
    """Install the additions."""
    KmsResponse.enable_key_rotation = _enabling(KmsResponse.enable_key_rotation)  # type: ignore[method-assign]
    KmsResponse.get_key_rotation_status = _get_key_rotation_status  # type: ignore[method-assign]
    Key.to_dict = _telling_multi_region(Key.to_dict)  # type: ignore[method-assign]


def _enabling(enable: Any) -> Any:  # noqa: ANN401 - moto's method
    """Remember `RotationPeriodInDays`, which moto drops."""

    def enable_key_rotation(self: KmsResponse) -> str:
        answer: str = enable(self)
        key = self.kms_backend.describe_key(self._get_param("KeyId"))
        vars(key)["rotation_period"] = self._get_param("RotationPeriodInDays") or _DEFAULT_PERIOD
        return answer

    return enable_key_rotation


def _telling_multi_region(to_dict: Any) -> Any:  # noqa: ANN401 - moto's method
    """Say `MultiRegion: false`, which moto leaves null for a key made without the parameter."""

    def telling(self: Key) -> dict[str, Any]:
        self.multi_region = bool(self.multi_region)
        answer: dict[str, Any] = to_dict(self)
        return answer

    return telling


def _get_key_rotation_status(self: KmsResponse) -> str:
    """Answer with the period and the next date as well, which moto leaves out.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyRotationStatus.html
    """
    key_id = self._get_param("KeyId")
    self._validate_cmk_id(key_id)
    key = self.kms_backend.describe_key(key_id)
    answer: dict[str, Any] = {"KeyId": key.arn, "KeyRotationEnabled": key.key_rotation_status}
    if key.key_rotation_status:
        period = vars(key).get("rotation_period", _DEFAULT_PERIOD)
        answer |= {"RotationPeriodInDays": period, "NextRotationDate": unix_time(utcnow() + timedelta(days=period))}
    return json.dumps(answer)
