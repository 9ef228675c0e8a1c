"""Keys and their rotation."""

import json
from datetime import timedelta
from typing import Any

from moto.core.utils import unix_time, utcnow
from moto.kms.models import Key
from moto.kms.responses import KmsResponse

from localcloud.emulator.patching import patch

#: https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKeyRotation.html
_DEFAULT_PERIOD = 365


@patch(KmsResponse, "enable_key_rotation")
def enable_key_rotation(original: Any, self: KmsResponse) -> str:
    """Remember `RotationPeriodInDays`, which moto drops."""
    answer: str = original(self)
    key = self.kms_backend.describe_key(self._get_param("KeyId"))
    vars(key)["rotation_period"] = self._get_param("RotationPeriodInDays") or _DEFAULT_PERIOD
    return answer


@patch(Key, "to_dict")
def to_dict(original: Any, self: Key) -> dict[str, Any]:
    """Say `MultiRegion: false`, which moto leaves null for a key made without the parameter."""
    self.multi_region = bool(self.multi_region)
    answer: dict[str, Any] = original(self)
    return answer


@patch(KmsResponse, "get_key_rotation_status")
def get_key_rotation_status(self: KmsResponse) -> str:
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
