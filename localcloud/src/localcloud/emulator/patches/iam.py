"""IAM: the audiences of an OpenID Connect provider."""

from moto.core.responses import ActionResult, EmptyResult
from moto.iam.responses import IamResponse


def install() -> None:
    """Install the additions."""
    # moto has neither call and answers both with an error.
    methods = {
        "add_client_id_to_open_id_connect_provider": _add_client_id,
        "remove_client_id_from_open_id_connect_provider": _remove_client_id,
    }
    for name, method in methods.items():
        setattr(IamResponse, name, method)


def _add_client_id(self: IamResponse) -> ActionResult:
    """Add an audience; adding it again changes nothing.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_AddClientIDToOpenIDConnectProvider.html
    """
    provider = self.backend.get_open_id_connect_provider(self._get_param("OpenIDConnectProviderArn"))
    client = self._get_param("ClientID")
    if client not in provider.client_id_list:
        provider.client_id_list = [*provider.client_id_list, client]
    return EmptyResult()


def _remove_client_id(self: IamResponse) -> ActionResult:
    """Remove an audience; one that isn't there is no error.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_RemoveClientIDFromOpenIDConnectProvider.html
    """
    provider = self.backend.get_open_id_connect_provider(self._get_param("OpenIDConnectProviderArn"))
    provider.client_id_list = [item for item in provider.client_id_list if item != self._get_param("ClientID")]
    return EmptyResult()
