"""EC2: launch templates and machine images."""

import re
from typing import Any

from localcloud.provider.aws.ec2 import Ec2Resource, filters, one
from localcloud.provider.aws.prefixes import named
from localcloud.provider.base import AutoName, Properties, function, resource
from localcloud.provider.echo import as_written
from localcloud.provider.session import Session
from localcloud.provider.shapes import camel, ignoring, pascal, pick, tag_list, tag_map

#: Inputs whose launch template data is the same but for the case of the first letters.
_SAME = (
    "blockDeviceMappings",
    "capacityReservationSpecification",
    "cpuOptions",
    "creditSpecification",
    "disableApiStop",
    "disableApiTermination",
    "ebsOptimized",
    "enclaveOptions",
    "hibernationOptions",
    "iamInstanceProfile",
    "imageId",
    "instanceInitiatedShutdownBehavior",
    "instanceMarketOptions",
    "instanceRequirements",
    "instanceType",
    "kernelId",
    "keyName",
    "licenseSpecifications",
    "maintenanceOptions",
    "metadataOptions",
    "monitoring",
    "networkPerformanceOptions",
    "placement",
    "privateDnsNameOptions",
    "ramDiskId",
    "userData",
)
_DATA = (*_SAME, "networkInterfaces", "securityGroupNames", "tagSpecifications", "vpcSecurityGroupIds")


def _data(inputs: Properties) -> dict[str, Any]:
    """Return inputs as LaunchTemplateData.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RequestLaunchTemplateData.html
    """
    data: dict[str, Any] = pascal({key: inputs[key] for key in _SAME if inputs.get(key) not in (None, "", [], {})})
    for mapping in data.get("BlockDeviceMappings") or ():
        # The schema writes an EBS volume's switches as text, since they have three states.
        for key in ("Encrypted", "DeleteOnTermination"):
            if isinstance(value := mapping.get("Ebs", {}).get(key), str):
                mapping["Ebs"][key] = value.lower() == "true"
    if isinstance(value := data.get("EbsOptimized"), str):
        data["EbsOptimized"] = value.lower() == "true"
    if options := data.get("HibernationOptions"):
        options["Configured"] = bool(options.get("Configured"))
    if inputs.get("vpcSecurityGroupIds"):
        data["SecurityGroupIds"] = inputs["vpcSecurityGroupIds"]
    if inputs.get("securityGroupNames"):
        data["SecurityGroups"] = inputs["securityGroupNames"]
    if inputs.get("tagSpecifications"):
        data["TagSpecifications"] = [
            {"ResourceType": item["resourceType"], "Tags": tag_list(item.get("tags"))}
            for item in inputs["tagSpecifications"]
        ]
    if inputs.get("networkInterfaces"):
        data["NetworkInterfaces"] = [_interface(item) for item in inputs["networkInterfaces"]]
    return data


def _interface(item: Properties) -> dict[str, Any]:
    found: dict[str, Any] = pascal({key: value for key, value in item.items() if key != "securityGroups"})
    if item.get("securityGroups"):
        found["Groups"] = item["securityGroups"]
    for key in ("AssociatePublicIpAddress", "AssociateCarrierIpAddress", "DeleteOnTermination"):
        if isinstance(value := found.get(key), str):
            found[key] = value.lower() == "true"
    return found


@resource("aws:ec2/launchTemplate:LaunchTemplate")
class LaunchTemplate(Ec2Resource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/ec2/launchtemplate/."""

    noun = "launch-template"
    replace = frozenset({"name", "namePrefix"})
    autoname = AutoName(max_length=128)
    # Any change of the data makes a new version.
    recomputes = {key: ("latestVersion", "defaultVersion") for key in (*_DATA, "description")}
    missing = frozenset({"secondaryInterfaces"})

    def create(self, aws: Session, inputs: Properties) -> str:
        name = named(inputs)
        answer = aws.client("ec2").create_launch_template(
            LaunchTemplateName=name,
            LaunchTemplateData=_data(inputs),
            **pick(inputs, VersionDescription="description"),
            **self.tag_specifications(inputs),
        )
        return str(answer["LaunchTemplate"]["LaunchTemplateId"])

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        ec2 = aws.client("ec2")
        template = one(lambda: ec2.describe_launch_templates(LaunchTemplateIds=[id])["LaunchTemplates"])
        if template is None:
            return None
        version = ec2.describe_launch_template_versions(
            LaunchTemplateId=id, Versions=[str(template["LatestVersionNumber"])]
        )["LaunchTemplateVersions"][0]
        live = _properties(version["LaunchTemplateData"])
        return {
            "arn": aws.arn("ec2", f"launch-template/{id}"),
            "name": template["LaunchTemplateName"],
            "latestVersion": template["LatestVersionNumber"],
            "defaultVersion": template["DefaultVersionNumber"],
            "description": version.get("VersionDescription", ""),
            **{key: as_written(value, state[key]) if key in state else value for key, value in live.items()},
            "tags": tag_map(template.get("Tags")),
        }

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        ec2 = aws.client("ec2")
        default = new.get("defaultVersion")
        if any(_set(old, key) != _set(new, key) for key in (*_DATA, "description")):
            answer = ec2.create_launch_template_version(
                LaunchTemplateId=id,
                LaunchTemplateData=_data(new),
                **pick(new, VersionDescription="description"),
            )
            if new.get("updateDefaultVersion"):
                default = answer["LaunchTemplateVersion"]["VersionNumber"]
        elif new.get("updateDefaultVersion"):
            default = old.get("latestVersion")
        if default and default != old.get("defaultVersion"):
            ec2.modify_launch_template(LaunchTemplateId=id, DefaultVersion=str(default))
        super().update(aws, id, old, new)

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        with ignoring("InvalidLaunchTemplateId.NotFound"):
            aws.client("ec2").delete_launch_template(LaunchTemplateId=id)


def _set(source: Properties, key: str) -> Any:  # noqa: ANN401 - any plain value
    return source.get(key) or None


def _properties(data: dict[str, Any]) -> Properties:
    """Return LaunchTemplateData as the schema's properties."""
    live: Properties = camel({key: value for key, value in data.items() if key[0].lower() + key[1:] in _SAME})
    if "SecurityGroupIds" in data:
        live["vpcSecurityGroupIds"] = data["SecurityGroupIds"]
    if "SecurityGroups" in data:
        live["securityGroupNames"] = data["SecurityGroups"]
    if "TagSpecifications" in data:
        live["tagSpecifications"] = [
            {"resourceType": item["ResourceType"], "tags": tag_map(item.get("Tags"))}
            for item in data["TagSpecifications"]
        ]
    if "NetworkInterfaces" in data:
        live["networkInterfaces"] = [
            {**camel({key: value for key, value in item.items() if key != "Groups"}), "securityGroups": item["Groups"]}
            if "Groups" in item
            else camel(item)
            for item in data["NetworkInterfaces"]
        ]
    return live


@function("aws:ec2/getAmi:getAmi")
def get_ami(aws: Session, args: Properties) -> Properties:
    """https://www.pulumi.com/registry/packages/aws/api-docs/ec2/getami/."""
    found = aws.client("ec2").describe_images(
        **({"Owners": args["owners"]} if args.get("owners") else {}), Filters=filters(args)
    )["Images"]
    if pattern := args.get("nameRegex"):
        found = [image for image in found if re.search(pattern, image.get("Name", ""))]
    if not found:
        raise LookupError("Your query returned no results. Please change your search criteria and try again.")
    if len(found) > 1 and not args.get("mostRecent"):
        raise LookupError(
            "Your query returned more than one result. Please try a more specific search criteria, or set "
            "`mostRecent` attribute to true."
        )
    image = max(found, key=lambda item: str(item.get("CreationDate", "")))
    return {
        "id": image["ImageId"],
        "imageId": image["ImageId"],
        "arn": f"arn:aws:ec2:{aws.region}::image/{image['ImageId']}",
        **pick(
            image,
            "Architecture",
            "CreationDate",
            "Description",
            "Hypervisor",
            "ImageLocation",
            "ImageOwnerAlias",
            "ImageType",
            "Name",
            "OwnerId",
            "Platform",
            "PlatformDetails",
            "Public",
            "RootDeviceName",
            "RootDeviceType",
            "State",
            "VirtualizationType",
            "EnaSupport",
            "BootMode",
        ),
        "tags": tag_map(image.get("Tags")),
        "region": aws.region,
    }
