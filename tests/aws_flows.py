"""All that Red Jam does with a provisioned cluster on AWS, so that its calls can be held against a policy."""

import json

from aws_fixtures import client, moto_cluster, trust_of

from redjam import infrastructure
from redjam.infrastructure import role

EVERYTHING = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})


def provisioned(load, wire):
    """Build, drift, use, pause, resume and delete; gives each call as (service, operation).

    `load` and `wire` are the fixtures. The operations are those that AWS has; mind that a policy has other names for
    some of S3's (HeadBucket is s3:ListBucket), and that GetClusterCredentials and PassRole need resources of their own.
    """
    settings = load()
    infrastructure.delete(settings)
    built = infrastructure.build(settings)
    for how in ("admin", "iam"):
        infrastructure.credentials(load(LOGIN=how), built)
    drift(settings, built)
    infrastructure.build(settings)
    infrastructure.pause(settings)
    infrastructure.resume(settings)
    infrastructure.find_cluster(settings)
    infrastructure.exists(settings)
    infrastructure.build(load(max_hours=0))
    infrastructure.build(settings)
    infrastructure.inventory(settings)
    more = client("iam").create_policy(PolicyName="more", PolicyDocument=EVERYTHING)
    client("iam").attach_role_policy(RoleName=settings.iam_role_name, PolicyArn=more["Policy"]["Arn"])
    infrastructure.delete(settings, keep_snapshot=True)
    infrastructure.delete(settings, snapshots=True)
    infrastructure.inventory(settings)
    return set(wire.operations)


def drift(settings, built):
    """Change all that build mends: rule, trust, policy, guard, and the cluster's role, group and way out."""
    iam, redshift = client("iam"), client("redshift")
    for name in (settings.iam_role_name, role.pause_role(settings)):
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust_of("lambda.amazonaws.com"))
    own = f"{settings.identifier}.{settings.region}"
    iam.put_role_policy(RoleName=settings.iam_role_name, PolicyName=own, PolicyDocument=EVERYTHING)
    redshift.delete_scheduled_action(ScheduledActionName=role.pause_role(settings))
    redshift.modify_cluster_iam_roles(ClusterIdentifier=settings.identifier, RemoveIamRoles=[built.role_arn])
    moto_cluster().publicly_accessible = False
    (group,) = moto_cluster().vpc_security_group_ids
    world = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    client("ec2").authorize_security_group_ingress(GroupId=group, IpPermissions=[world])
