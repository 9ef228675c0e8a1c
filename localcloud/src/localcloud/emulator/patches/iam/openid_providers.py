"""The audiences of an OpenID Connect provider."""

from moto.core.responses import ActionResult, EmptyResult
from moto.iam.responses import IamResponse

from localcloud.emulator.patching import patch


@patch(IamResponse, "add_client_id_to_open_id_connect_provider")
def add_client_id_to_open_id_connect_provider(self: IamResponse) -> ActionResult:
    """Add an audience; adding it again changes nothing.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_AddClientIDToOpenIDConnectProvider.html
    """
    provider = self.backend.get_open_id_connect_provider(self._get_param("OpenIDConnectProviderArn"))
    client = self._get_param("ClientID")
    if client not in provider.client_id_list:
        provider.client_id_list = [*provider.client_id_list, client]
    return EmptyResult()


@patch(IamResponse, "remove_client_id_from_open_id_connect_provider")
def remove_client_id_from_open_id_connect_provider(self: IamResponse) -> ActionResult:
    """Remove an audience; one that isn't there is no error.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_RemoveClientIDFromOpenIDConnectProvider.html
    """
    provider = self.backend.get_open_id_connect_provider(self._get_param("OpenIDConnectProviderArn"))
    provider.client_id_list = [item for item in provider.client_id_list if item != self._get_param("ClientID")]
    return EmptyResult()
