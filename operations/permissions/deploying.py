"""What an `up`, a refresh and a `destroy` of a whole stack need.

The actions are those that the resource types of a stack call, by service. Where names don't hold the stack's, region
and account are all that a pattern can say; the denials at the end keep the rest of the account out of reach.
"""

from operations.permissions.scope import Scope
from operations.permissions.statements import Statement, allow, deny

#: Actions that take a resource, by service, for the resources of the stack's region and account.
_REGIONAL = {
    "acm": "AddTagsToCertificate DeleteCertificate DescribeCertificate ListTagsForCertificate "
    "RemoveTagsFromCertificate UpdateCertificateOptions",
    "application-autoscaling": "DeleteScalingPolicy DeregisterScalableTarget ListTagsForResource PutScalingPolicy "
    "RegisterScalableTarget TagResource UntagResource",
    "cloudwatch": "DeleteAlarms ListTagsForResource PutMetricAlarm TagResource UntagResource",
    "ec2": "AllocateAddress AssociateAddress AssociateRouteTable AssociateVpcCidrBlock AttachInternetGateway "
    "AuthorizeSecurityGroupEgress AuthorizeSecurityGroupIngress CreateFlowLogs CreateInternetGateway CreateNatGateway "
    "CreateRoute CreateRouteTable CreateSecurityGroup CreateSubnet CreateTags CreateVpc CreateVpcEndpoint "
    "DeleteFlowLogs DeleteInternetGateway DeleteNatGateway DeleteRoute DeleteRouteTable DeleteSecurityGroup "
    "DeleteSubnet DeleteTags DeleteVpc DeleteVpcEndpoints DescribeVpcAttribute DetachInternetGateway "
    # A broker's, which Amazon MQ makes in the name of whoever makes the broker:
    # https://docs.aws.amazon.com/amazon-mq/latest/developer-guide/security-api-authentication-authorization.html
    "CreateNetworkInterface CreateNetworkInterfacePermission DeleteNetworkInterface DeleteNetworkInterfacePermission "
    "DetachNetworkInterface "
    "DisableVgwRoutePropagation DisassociateAddress DisassociateRouteTable DisassociateVpcCidrBlock "
    "EnableVgwRoutePropagation ModifySecurityGroupRules ModifySubnetAttribute ModifyVpcAttribute ModifyVpcEndpoint "
    "ReleaseAddress ReplaceRoute ReplaceRouteTableAssociation RevokeSecurityGroupEgress RevokeSecurityGroupIngress",
    "elasticache": "AddTagsToResource CreateCacheParameterGroup CreateCacheSubnetGroup CreateReplicationGroup "
    "CreateUser CreateUserGroup DecreaseReplicaCount DeleteCacheParameterGroup DeleteCacheSubnetGroup "
    "DeleteReplicationGroup DeleteUser DeleteUserGroup DescribeCacheClusters DescribeCacheParameterGroups "
    "DescribeCacheParameters DescribeCacheSubnetGroups DescribeReplicationGroups DescribeUserGroups DescribeUsers "
    "IncreaseReplicaCount ListTagsForResource ModifyCacheParameterGroup ModifyCacheSubnetGroup "
    "ModifyReplicationGroup ModifyReplicationGroupShardConfiguration ModifyUser ModifyUserGroup "
    "RemoveTagsFromResource ResetCacheParameterGroup",
    "elasticloadbalancing": "AddTags CreateListener CreateLoadBalancer CreateRule CreateTargetGroup DeleteListener "
    "DeleteLoadBalancer DeleteRule DeleteTargetGroup ModifyListener ModifyListenerAttributes "
    "ModifyLoadBalancerAttributes ModifyRule ModifyTargetGroup ModifyTargetGroupAttributes RemoveTags "
    "SetIpAddressType SetRulePriorities SetSecurityGroups SetSubnets",
    "kms": "CreateAlias DeleteAlias DescribeKey DisableKey DisableKeyRotation EnableKey EnableKeyRotation "
    "GetKeyPolicy GetKeyRotationStatus ListResourceTags PutKeyPolicy ScheduleKeyDeletion TagResource UntagResource "
    "UpdateAlias UpdateKeyDescription",
    "lambda": "CreateFunction DeleteFunction DeleteFunctionConcurrency DeleteFunctionEventInvokeConfig GetFunction "
    "GetFunctionConfiguration GetFunctionEventInvokeConfig InvokeFunction ListVersionsByFunction PublishVersion "
    "PutFunctionConcurrency PutFunctionEventInvokeConfig TagResource UntagResource UpdateFunctionCode "
    "UpdateFunctionConfiguration",
    "logs": "AssociateKmsKey CreateLogGroup DeleteLogGroup DeleteRetentionPolicy DisassociateKmsKey "
    "ListTagsForResource PutLogGroupDeletionProtection PutRetentionPolicy TagResource UntagResource",
    "mq": "CreateTags CreateUser DeleteBroker DeleteTags DeleteUser DescribeBroker RebootBroker UpdateBroker "
    "UpdateUser",
    "rds": "AddSourceIdentifierToSubscription AddTagsToResource CreateDBInstance CreateDBInstanceReadReplica "
    "CreateDBParameterGroup CreateDBSnapshot CreateDBSubnetGroup CreateEventSubscription DeleteDBInstance "
    "DeleteDBParameterGroup DeleteDBSubnetGroup DeleteEventSubscription DescribeDBInstances "
    "DescribeDBParameterGroups DescribeDBParameters DescribeDBSnapshots DescribeDBSubnetGroups "
    "DescribeEventSubscriptions ListTagsForResource ModifyDBInstance ModifyDBParameterGroup ModifyDBSubnetGroup "
    "ModifyEventSubscription PromoteReadReplica RemoveSourceIdentifierFromSubscription RemoveTagsFromResource "
    "ResetDBParameterGroup RestoreDBInstanceFromDBSnapshot RestoreDBInstanceToPointInTime",
    "scheduler": "CreateSchedule DeleteSchedule GetSchedule UpdateSchedule",
    "servicediscovery": "DeleteNamespace GetNamespace GetOperation UpdateHttpNamespace",
    "sns": "CreateTopic DeleteTopic GetTopicAttributes ListTagsForResource SetTopicAttributes TagResource "
    "UntagResource",
    "wafv2": "AssociateWebACL CreateWebACL DeleteLoggingConfiguration DeleteWebACL DisassociateWebACL "
    "GetLoggingConfiguration GetWebACL GetWebACLForResource ListTagsForResource PutLoggingConfiguration TagResource "
    "UntagResource UpdateWebACL",
}
_ECS = "CreateCluster CreateService DeleteCluster DeleteService DescribeClusters PutClusterCapacityProviders " + (
    "TagResource UntagResource UpdateCluster UpdateService"
)
_ECR = "CreateRepository DeleteRepository ListTagsForResource PutImageScanningConfiguration " + (
    "PutImageTagMutability TagResource UntagResource"
)
_SECRETS = "DeleteResourcePolicy DeleteSecret GetResourcePolicy GetSecretValue PutResourcePolicy PutSecretValue " + (
    "RemoveRegionsFromReplication ReplicateSecretToRegions UntagResource UpdateSecret UpdateSecretVersionStage"
)
_PARAMETERS = "AddTagsToResource DeleteParameter GetParameter ListTagsForResource PutParameter RemoveTagsFromResource"
_BUCKET = "CreateBucket DeleteBucket DeleteBucketPolicy GetBucketOwnershipControls GetBucketPolicy " + (
    "GetBucketPublicAccessBlock GetBucketTagging GetBucketVersioning GetEncryptionConfiguration "
    "GetLifecycleConfiguration ListBucket ListBucketVersions PutBucketOwnershipControls PutBucketPolicy "
    "PutBucketPublicAccessBlock PutBucketTagging PutBucketVersioning PutEncryptionConfiguration "
    "PutLifecycleConfiguration"
)
_ZONES = "AssociateVPCWithHostedZone ChangeResourceRecordSets ChangeTagsForResource DeleteHostedZone " + (
    "DisassociateVPCFromHostedZone GetHostedZone ListResourceRecordSets ListTagsForResource UpdateHostedZoneComment"
)
#: Actions that take no resource.
_ANYTHING = (
    "acm:RequestCertificate application-autoscaling:DescribeScalableTargets "
    "application-autoscaling:DescribeScalingPolicies ec2:DescribeAddresses ec2:DescribeFlowLogs "
    "ec2:DescribeInternetGateways ec2:DescribeNatGateways ec2:DescribeNetworkAcls "
    "ec2:DescribeNetworkInterfacePermissions ec2:DescribeNetworkInterfaces ec2:DescribePrefixLists "
    "ec2:DescribeRouteTables ec2:DescribeSecurityGroupRules ec2:DescribeSecurityGroups ec2:DescribeSubnets "
    "ec2:DescribeVpcEndpoints ec2:DescribeVpcs ecs:DeregisterTaskDefinition "
    "elasticloadbalancing:DescribeListenerAttributes elasticloadbalancing:DescribeListeners "
    "elasticloadbalancing:DescribeLoadBalancerAttributes elasticloadbalancing:DescribeLoadBalancers "
    "elasticloadbalancing:DescribeRules elasticloadbalancing:DescribeTags "
    "elasticloadbalancing:DescribeTargetGroupAttributes elasticloadbalancing:DescribeTargetGroups "
    "elasticloadbalancing:SetWebAcl kms:CreateKey kms:ListAliases logs:CreateLogDelivery logs:DeleteLogDelivery "
    "logs:DeleteResourcePolicy logs:DescribeLogGroups logs:DescribeResourcePolicies logs:PutResourcePolicy "
    "mq:CreateBroker servicediscovery:CreateHttpNamespace servicediscovery:ListTagsForResource "
    "servicediscovery:TagResource servicediscovery:UntagResource ssm:DescribeParameters"
)
_READ_ROLES = "GetRole GetRolePolicy ListAttachedRolePolicies ListInstanceProfilesForRole ListRolePolicies ListRoleTags"
#: What gives a role more rights: only with the boundary.
_BOUNDED_ROLES = "AttachRolePolicy CreateRole DeleteRole DeleteRolePolicy DetachRolePolicy PutRolePolicy " + (
    "UpdateAssumeRolePolicy"
)
_ROLES = "RemoveRoleFromInstanceProfile TagRole UntagRole UpdateRole"
#: Who takes a role of the stack.
_ROLE_TAKERS = ("ecs", "ecs-tasks", "lambda", "monitoring.rds", "scheduler", "vpc-flow-logs")
_SERVICE_LINKED = (
    "ecs",
    "ecs.application-autoscaling",
    "elasticache",
    "elasticloadbalancing",
    "mq",
    "rds",
    "wafv2",
)
#: Services whose calls go to one place for the whole world; the region condition leaves them out.
#: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-requestedregion
_GLOBAL = "iam:* route53:* sts:*"

#: What may be done with what another stack has: its images are run, its zone is written to, lists name it.
_OTHERS = "ec2:Describe* ecr:BatchGetImage ecr:DescribeImages ecr:DescribeRepositories ecr:GetDownloadUrlForLayer " + (
    "ecr:ListTagsForResource elasticache:Describe* rds:Describe* route53:*"
)


def permissions(scope: Scope, boundary: str | None, state_region: str | None) -> list[Statement]:
    """Return what a deployer may do, and may not.

    Args:
        scope: the stack.
        boundary: ARN of the permissions boundary that every role of the stack has; without one, roles stay as they
            are, since whoever makes roles without a boundary may do anything.
        state_region: where the stack's state is; None for where the stack is.
    """
    here = {"StringEquals": {"aws:RequestedRegion": scope.region}}
    stack, systems = scope.stack.name, list(scope.stack.systems)
    return [
        *(allow(_of(service, actions), scope.arn(service, "*")) for service, actions in _REGIONAL.items()),
        allow(_of("ecs", _ECS), (scope.resources.cluster, scope.in_ecs("service"), *scope.task_definitions)),
        allow(_of("ecr", _ECR), scope.arns("ecr", (f"repository/{stack}/{system}-*" for system in systems))),
        allow(_of("secretsmanager", _SECRETS), scope.secrets, scope.tagged),
        # A new secret has no tags yet.
        allow(
            "secretsmanager:CreateSecret secretsmanager:TagResource",
            scope.secrets,
            {"StringEqualsIfExists": scope.tagged["StringEquals"]},
        ),
        *_key(scope),
        allow(_of("ssm", _PARAMETERS), scope.arn("ssm", f"parameter/{scope.resources.tags['Project']}/{stack}/*")),
        allow(_of("s3", _BUCKET), scope.unplaced_arn("s3", "access-logs-*")),
        allow("s3:DeleteObject s3:DeleteObjectVersion", scope.unplaced_arn("s3", "access-logs-*/*")),
        allow(_of("route53", _ZONES), (scope.unplaced_arn("route53", "hostedzone/*"), scope.arn("ec2", "vpc/*"))),
        allow("route53:CreateHostedZone route53:ListHostedZones"),
        allow("route53:GetChange", scope.unplaced_arn("route53", "change/*")),
        allow(_ANYTHING, condition=here),
        *_roles(scope, boundary),
        *_denials(scope, boundary, state_region),
    ]


def _key(scope: Scope) -> list[Statement]:
    """Return what lets AWS's services encrypt with the stack's key in the name of whoever makes their resources."""
    keys = scope.arn("kms", "key/*")
    through = {"StringLike": {"kms:ViaService": f"*.{scope.region}.amazonaws.com"}, **scope.tagged}
    return [
        allow("kms:CreateGrant", keys, {"Bool": {"kms:GrantIsForAWSResource": "true"}, **scope.tagged}),
        allow("kms:Decrypt kms:GenerateDataKey kms:GenerateDataKeyWithoutPlaintext", keys, through),
    ]


def _roles(scope: Scope, boundary: str | None) -> list[Statement]:
    roles = [scope.role(f"{begin}-*") for begin in (*scope.stack.systems, "network")]
    takers = {"StringEquals": {"iam:PassedToService": [f"{service}.amazonaws.com" for service in _ROLE_TAKERS]}}
    linked = {"StringEquals": {"iam:AWSServiceName": [f"{service}.amazonaws.com" for service in _SERVICE_LINKED]}}
    found = [
        allow(_of("iam", _READ_ROLES), roles),
        allow("iam:PassRole", roles, takers),
        allow("iam:CreateServiceLinkedRole", scope.role("aws-service-role/*"), linked),
    ]
    if boundary is not None:
        bounded = {"StringEquals": {"iam:PermissionsBoundary": boundary}}
        found += [allow(_of("iam", _BOUNDED_ROLES), roles, bounded), allow(_of("iam", _ROLES), roles)]
    return found


def _denials(scope: Scope, boundary: str | None, state_region: str | None) -> list[Statement]:
    """Return what stays out of reach whatever else a person is allowed."""
    elsewhere = {"StringNotEquals": {"aws:RequestedRegion": sorted({scope.region, state_region or scope.region})}}
    environment = "aws:ResourceTag/Environment"
    others = {"Null": {environment: "false"}, "StringNotEquals": {environment: scope.resources.tags["Environment"]}}
    found = [
        deny(_GLOBAL, condition=elsewhere, sid="NoOtherRegion", all_but=True),
        # What has no such tag, or is asked for by an action that doesn't look at tags, isn't meant.
        deny(_OTHERS, condition=others, sid="OtherStacksStay", all_but=True),
        deny(
            "iam:AddUserToGroup iam:AttachGroupPolicy iam:AttachUserPolicy iam:CreateAccessKey iam:CreateGroup "
            "iam:CreateLoginProfile iam:CreateUser iam:PutGroupPolicy iam:PutUserPolicy iam:UpdateAccessKey "
            "iam:UpdateLoginProfile iam:CreateOpenIDConnectProvider iam:CreateSAMLProvider "
            "iam:UpdateOpenIDConnectProviderThumbprint iam:UpdateSAMLProvider",
            sid="NoUsersAndNoLogins",
        ),
        deny("iam:DeleteRolePermissionsBoundary iam:PutRolePermissionsBoundary", sid="BoundariesStay"),
        deny(
            "cloudtrail:DeleteTrail cloudtrail:PutEventSelectors cloudtrail:StopLogging cloudtrail:UpdateTrail "
            "config:DeleteConfigurationRecorder config:StopConfigurationRecorder guardduty:DeleteDetector "
            "securityhub:DisableSecurityHub organizations:LeaveOrganization account:CloseAccount",
            sid="TheAccountsOwnWatchStays",
        ),
    ]
    if boundary is not None:
        found.append(
            deny(
                "iam:CreatePolicyVersion iam:DeletePolicy iam:DeletePolicyVersion iam:SetDefaultPolicyVersion",
                boundary,
                sid="TheBoundaryItselfStays",
            )
        )
    return found


def _of(service: str, actions: str) -> list[str]:
    return [f"{service}:{action}" for action in actions.split()]
