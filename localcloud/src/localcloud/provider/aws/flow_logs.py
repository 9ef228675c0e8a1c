"""EC2: VPC flow logs."""

from localcloud.provider.aws.ec2 import Ec2Resource, one
from localcloud.provider.base import Properties, resource
from localcloud.provider.session import Session
from localcloud.provider.shapes import ignoring, pick, tag_map

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

    def create(self, aws: Session, inputs: Properties) -> str:
        subject = next(key for key in _SUBJECTS if inputs.get(key))
        options = inputs.get("destinationOptions")
        answer = aws.client("ec2").create_flow_logs(
            ResourceIds=[inputs[subject]],
            ResourceType=_SUBJECTS[subject],
            **pick(
                inputs,
                "deliverCrossAccountRole",
                "logDestination",
                "logDestinationType",
                "logFormat",
                "maxAggregationInterval",
                "trafficType",
                DeliverLogsPermissionArn="iamRoleArn",
            ),
            **({"DestinationOptions": pick(options, *options)} if options else {}),
            **self.tag_specifications(inputs),
        )
        if answer.get("Unsuccessful"):
            # CreateFlowLogs answers a refused subject in its result, not as an error.
            error = answer["Unsuccessful"][0]["Error"]
            raise ValueError(f"creating a flow log of {inputs[subject]}: {error['Code']}: {error['Message']}")
        return str(answer["FlowLogIds"][0])

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        log = one(lambda: aws.client("ec2").describe_flow_logs(FlowLogIds=[id])["FlowLogs"])
        if log is None:
            return None
        prefixes = {"vpc-": "vpcId", "subnet-": "subnetId", "eni-": "eniId", "tgw-": "transitGatewayId"}
        subject = next((key for prefix, key in prefixes.items() if log["ResourceId"].startswith(prefix)), None)
        return {
            "arn": aws.arn("ec2", f"vpc-flow-log/{id}"),
            **({subject: log["ResourceId"]} if subject else {}),
            **pick(
                log,
                "LogDestination",
                "LogDestinationType",
                "LogFormat",
                "MaxAggregationInterval",
                "TrafficType",
                iamRoleArn="DeliverLogsPermissionArn",
            ),
            "tags": tag_map(log.get("Tags")),
        }

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        with ignoring("InvalidFlowLogId.NotFound"):
            aws.client("ec2").delete_flow_logs(FlowLogIds=[id])
