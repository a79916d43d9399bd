"""docs/iam-policy.json allows what the library calls, and nothing else."""

import ast
import json
import re
from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name

ROOT = Path(__file__).parents[1]
LIB = ROOT / "lib" / "redjam"
POLICY = json.loads((ROOT / "docs" / "iam-policy.json").read_text())
SOURCES = [path for path in LIB.rglob("*.py") if "local" not in path.relative_to(LIB).parts]

# Where the permission has another name than the operation.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
NAMES = {
    "s3:AbortMultipartUpload": ["s3:AbortMultipartUpload"],
    "s3:CompleteMultipartUpload": ["s3:PutObject"],
    "s3:CreateMultipartUpload": ["s3:PutObject"],
    "s3:DeleteObjects": ["s3:DeleteObject"],
    "s3:GetBucketEncryption": ["s3:GetEncryptionConfiguration"],
    "s3:GetBucketLifecycleConfiguration": ["s3:GetLifecycleConfiguration"],
    "s3:GetPublicAccessBlock": ["s3:GetBucketPublicAccessBlock"],
    "s3:HeadBucket": ["s3:ListBucket"],
    "s3:HeadObject": ["s3:GetObject"],
    "s3:ListBuckets": ["s3:ListAllMyBuckets"],
    "s3:ListMultipartUploads": ["s3:ListBucketMultipartUploads"],
    "s3:ListObjectVersions": ["s3:ListBucketVersions", "s3:DeleteObjectVersion"],  # what is listed is deleted
    "s3:ListObjectsV2": ["s3:ListBucket"],
    "s3:PutBucketEncryption": ["s3:PutEncryptionConfiguration"],
    "s3:PutBucketLifecycleConfiguration": ["s3:PutLifecycleConfiguration"],
    "s3:PutPublicAccessBlock": ["s3:PutBucketPublicAccessBlock"],
    "s3:UploadPart": ["s3:PutObject"],
    "sts:GetCallerIdentity": [],  # always allowed
}
# What AWS asks for on the way: tags, the roles that are handed on, what a cluster needs to find its network, the
# password that it keeps.
# https://docs.aws.amazon.com/redshift/latest/mgmt/redshift-policy-resources.resource-permissions.html
# https://docs.aws.amazon.com/redshift/latest/mgmt/redshift-secrets-manager-integration.html
ON_THE_WAY = {
    "ec2:CreateTags",
    "ec2:DescribeAccountAttributes",
    "ec2:DescribeAddresses",
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeInternetGateways",
    "ec2:DescribeSubnets",
    "iam:CreateServiceLinkedRole",
    "iam:PassRole",
    "iam:TagRole",
    "redshift:CreateClusterSnapshot",
    "redshift:CreateTags",
    "redshift-serverless:CreateSnapshot",
    "redshift-serverless:TagResource",
    "secretsmanager:CreateSecret",
    "secretsmanager:DeleteSecret",
    "secretsmanager:DescribeSecret",
    "secretsmanager:RotateSecret",
    "secretsmanager:TagResource",
    "secretsmanager:UpdateSecret",
}

KIND_OF = ("Create", "Delete", "Get")


def services() -> dict[str, dict[str, str]]:
    """Each service that the library makes a client of: its methods, by the names that Python has for them."""
    named = {name for path in SOURCES for name in re.findall(r'aws\.client\(.*?, "([\w-]+)"', path.read_text())}
    session = botocore.session.get_session()
    return {name: {xform_name(op): op for op in session.get_service_model(name).operation_names} for name in named}


def called() -> set[tuple[str, str]]:
    """Each service and operation that the library's source names, as a method or as text (a paginator's, say).

    One that several services have is that of the services which the module makes clients of.
    """
    known, found = services(), set()
    for path in SOURCES:
        source = path.read_text()
        here, tree = {name for name in known if f'"{name}"' in source}, ast.parse(source)
        names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        names |= {
            node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        for name in names:
            of = {service for service, methods in known.items() if name in methods}
            found |= {(service, known[service][name]) for service in (of & here or of)}
    # Methods of Serverless that other services have, too, in modules that name no service.
    return found - {
        ("cloudwatch", "ListTagsForResource"),
        ("ec2", "DeleteSnapshot"),
        ("redshift", "CreateUsageLimit"),
        ("redshift", "DeleteUsageLimit"),
    }


def actions(policy: dict) -> list[str]:
    listed = [statement["Action"] for statement in policy["Statement"]]
    return [action for one in listed for action in ([one] if isinstance(one, str) else one)]


def test_the_policy_allows_what_is_called_and_nothing_else():
    # workgroup.py makes these names of its `kind`.
    kinds = {f"redshift-serverless:{verb}{kind}" for verb in KIND_OF for kind in ("Namespace", "Workgroup")}
    needed = ON_THE_WAY | kinds
    for service, operation in called():
        name = f"{service}:{operation}"
        needed |= set(NAMES.get(name, [name]))
    assert sorted(set(actions(POLICY))) == sorted(needed)


def test_a_call_is_seen():
    seen = called()
    assert {("redshift", "CreateCluster"), ("s3", "ListObjectsV2"), ("iam", "PutRolePolicy")} <= seen


@pytest.mark.parametrize("statement", POLICY["Statement"], ids=lambda statement: statement["Sid"])
def test_what_changes_something_is_held_to_names_of_ours(statement):
    listed = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
    changes = [action for action in listed if not re.search(r":(Describe|Get|List)", action)]
    if changes and statement["Resource"] == "*":
        assert all("ScheduledAction" in action or "Serverless" in statement["Sid"] for action in changes)


def test_it_is_of_a_size_that_aws_takes():
    """A managed policy has 6,144 characters at most, white space aside.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    """
    assert len(re.sub(r"\s", "", json.dumps(POLICY))) < 6144


def test_only_what_is_being_made_may_be_tagged_as_ours():
    (statement,) = [one for one in POLICY["Statement"] if "ec2:CreateTags" in actions({"Statement": [one]})]
    assert statement["Condition"]["StringEquals"] == {
        "ec2:CreateAction": "CreateSecurityGroup",
        "aws:RequestTag/project": "redjam",
    }
