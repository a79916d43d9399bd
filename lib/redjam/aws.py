"""How Red Jam calls AWS: a client for the target, and errors that are one clear line with the way out."""

import contextlib
import functools

import boto3
import botocore.loaders
import botocore.session
from botocore import exceptions
from botocore.config import Config

from redjam import local
from redjam.config import Settings


class AWSError(RuntimeError):
    """AWS refused, was not reached or took too long; the message is one line with the way out."""


TAGS = [{"Key": "project", "Value": "redjam"}]  # by which what we made is known
# What a careful user can meet, and the way out; any other error is a fault and keeps its traceback.
LOG_IN = "log in again (aws sso login), or renew the keys"
KEYS = "check DW_AWS_ACCESS_KEY_ID and DW_AWS_SECRET_ACCESS_KEY, or run `aws configure`"
LATER = "wait a minute, then try again"
BUSY = "it is still busy: wait a few minutes, then try again"
TOO_MANY = "delete what is no longer needed, or ask for more in AWS's Service Quotas"
TAKEN = "it lacks the tag project=redjam, so choose another IDENTIFIER or IAM_ROLE_NAME, or give HOST and ARN"
# By the codes with which AWS refuses a call.
WAYS_OUT = {
    "ExpiredToken ExpiredTokenException RequestExpired": LOG_IN,
    "InvalidClientTokenId UnrecognizedClientException AuthFailure SignatureDoesNotMatch": KEYS,
    "AccessDenied AccessDeniedException UnauthorizedOperation": "ask the account's owner for this permission",
    "Throttling ThrottlingException RequestLimitExceeded SlowDown RequestTimeout": LATER,
    "InternalError InternalFailure ServiceUnavailable 500 503": LATER,  # HEAD has only the number
    "ClusterQuotaExceeded NumberOfNodesQuotaExceeded NumberOfNodesPerClusterLimitExceeded": TOO_MANY,
    "LimitExceeded SecurityGroupLimitExceeded": TOO_MANY,
    "InsufficientClusterCapacity": "try again later, or choose another NODE_TYPE or REGION",
    "InvalidClusterState DependencyViolation OperationAborted BucketNotEmpty": BUSY,
    "StandInError": "put that right, then try again",
    "ClusterAlreadyExists EntityAlreadyExists InvalidGroup.Duplicate": TAKEN,
}
# By what botocore raises when a call never got there.
UNCALLED = {
    exceptions.NoCredentialsError: f"{KEYS}; TARGET = local needs no account",
    exceptions.PartialCredentialsError: KEYS,
    exceptions.ProfileNotFound: "correct AWS_PROFILE, or unset it",
    (exceptions.SSOError, exceptions.TokenRetrievalError, exceptions.CredentialRetrievalError): LOG_IN,
    (exceptions.ConnectionError, exceptions.HTTPClientError): "check the network and [CLUSTER] REGION",
}


@contextlib.contextmanager
def clear_errors():
    """Turn what goes wrong outside of the program into an AWSError; all else passes."""
    try:
        yield
    except exceptions.ClientError as error:
        code, said = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
        way_out = next((text for codes, text in WAYS_OUT.items() if code in codes.split()), "")
        if not way_out:
            raise
        said = " ".join(said.partition("Encoded authorization")[0].split()).rstrip(".")
        raise AWSError(f"AWS refused {error.operation_name}: {code}: {said}: {way_out}") from error
    except exceptions.BotoCoreError as error:
        way_out = next((text for kind, text in UNCALLED.items() if isinstance(error, kind)), "")
        if not way_out:
            raise
        raise AWSError(f"AWS: {' '.join(str(error).split()).rstrip('.')}: {way_out}") from error


@functools.cache
def _loader() -> botocore.loaders.Loader:
    """What reads AWS's service models, which it keeps: they make most of the time that a client takes to make."""
    return botocore.loaders.create_loader()


def client(settings: Settings, service: str):
    """A boto3 client for the target; the stand-in's own key goes before the user's, so real keys go nowhere."""
    # A session of its own each time: boto3's shared one keeps expired keys until the kernel restarts.
    own = botocore.session.get_session()
    own.register_component("data_loader", _loader())
    keys = (settings.access_key or None, settings.secret_key or None)
    session = boto3.Session(*keys, region_name=settings.region, botocore_session=own)
    options = {"config": Config()} | local.aws_options(settings)
    options["config"] = options["config"].merge(Config(retries={"mode": "standard", "max_attempts": 5}))
    return session.client(service, **options)


def unless(code: str, call, **parameters) -> dict | None:
    """Call AWS; None if it answers with this one error code."""
    try:
        return call(**parameters)
    except exceptions.ClientError as error:
        if error.response["Error"]["Code"] != code:
            raise
        return None


def ours(resources: list[dict]) -> list[dict]:
    """Those of the resources that have our tag."""
    return [resource for resource in resources if all(tag in resource.get("Tags", []) for tag in TAGS)]
