"""EC2: VPC flow logs."""

from collections.abc import Mapping
from typing import Any

from localcloud.provider.aws.ec2 import Ec2Resource
from localcloud.provider.base import Properties, resource
from localcloud.provider.session import Session

_SUBJECTS = {
    "vpcId": "VPC",
    "subnetId": "Subnet",
    "eniId": "NetworkInterface",
    "transitGatewayId": "TransitGateway",
    "transitGatewayAttachmentId": "TransitGatewayAttachment",
}


@resource("aws:ec2/flowLog:FlowLog")
class FlowLog(Ec2Resource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/ec2/flowlog/."""

    noun = "vpc-flow-log"
    replace = frozenset(
        {
            *_SUBJECTS,
            "deliverCrossAccountRole",
            "destinationOptions",
            "iamRoleArn",
            "logDestination",
            "logDestinationType",
            "logFormat",
            "maxAggregationInterval",
            "regionalNatGatewayId",
            "tagFieldSpecifications",
            "trafficType",
        }
    )
    defaults = {"logDestinationType": "cloud-watch-logs", "maxAggregationInterval": 600}
    missing = frozenset({"regionalNatGatewayId", "tagFieldSpecifications"})

    creates, reads, deletes = "create_flow_logs", "describe_flow_logs", "delete_flow_logs"
    keys = {"id": "FlowLogId"}
    described = "FlowLogs[0]"
    renames = {"iamRoleArn": "DeliverLogsPermissionArn"}
    outputs = {
        "iamRoleArn": "DeliverLogsPermissionArn",
        "logDestination": "LogDestination",
        "logDestinationType": "LogDestinationType",
        "logFormat": "LogFormat",
        "maxAggregationInterval": "MaxAggregationInterval",
        "trafficType": "TrafficType",
    }

    def create(self, aws: Session, inputs: Properties) -> str:
        subject = next(key for key in _SUBJECTS if inputs.get(key))
        answer = aws.client("ec2").create_flow_logs(
            ResourceIds=[inputs[subject]],
            ResourceType=_SUBJECTS[subject],
            **self.arguments(self.creates, inputs),
            **self.tags_argument(inputs),
        )
        if answer.get("Unsuccessful"):
            # CreateFlowLogs answers a refused subject in its result, not as an error.
            error = answer["Unsuccessful"][0]["Error"]
            raise ValueError(f"creating a flow log of {inputs[subject]}: {error['Code']}: {error['Message']}")
        return str(answer["FlowLogIds"][0])

    def properties(self, aws: Session, live: Mapping[str, Any], state: Properties) -> Properties:
        prefixes = {"vpc-": "vpcId", "subnet-": "subnetId", "eni-": "eniId", "tgw-": "transitGatewayId"}
        subjects = [key for prefix, key in prefixes.items() if live["ResourceId"].startswith(prefix)]
        return {
            **super().properties(aws, live, state),
            "arn": aws.arn("ec2", f"vpc-flow-log/{live['FlowLogId']}"),
            **dict.fromkeys(subjects, live["ResourceId"]),
        }
