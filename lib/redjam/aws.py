"""How Red Jam calls AWS: a client for the target, and errors that are one clear line with the way out."""

import contextlib
import functools
import logging
import re
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar

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
OWNER = "ask the account's owner for this permission"
LATER = "wait a minute, then try again"
BUSY = "it is still busy: wait a few minutes, then try again"
TOO_MANY = "delete what is no longer needed, or ask for more in AWS's Service Quotas"
TAKEN = "it lacks the tag project=redjam, so choose another IDENTIFIER or IAM_ROLE_NAME, or give HOST and ARN"
NETWORK = "the default VPC must have a subnet and an internet gateway: run `aws ec2 create-default-subnet`, or mend it"
# What AWS says where something of that name is there already.
EXISTS = (
    "EntityAlreadyExists",
    "InvalidGroup.Duplicate",
    "ClusterAlreadyExists",
    "ScheduledActionAlreadyExists",
    "ConflictException",
)
READS = ("Describe", "Get", "Head", "List")  # so begin the names of operations that change nothing
# A role, or a group, that was just made is not known everywhere at once; seconds between the attempts of a minute.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
SPREADS = (2, 4, 8, 16, 30)
UNKNOWN_ROLE = re.compile(
    r"\brole\b.*(assum|delegat|trust|valid|exist|found|authori[sz]ed)|security group.*not exist", re.I | re.S
)
DENIED = re.compile(r"PassRole|authori[sz]ed to perform", re.I)  # which no waiting mends
log = logging.getLogger(__name__)
logging.getLogger("botocore").setLevel(logging.WARNING)  # its DEBUG shows requests and answers, with passwords
# By the codes with which AWS refuses a call.
WAYS_OUT = {
    "ExpiredToken ExpiredTokenException RequestExpired": LOG_IN,
    "InvalidClientTokenId UnrecognizedClientException AuthFailure SignatureDoesNotMatch InvalidAccessKeyId": KEYS,
    "RequestTimeTooSkewed": "set this machine's clock",
    "OptInRequired SubscriptionRequiredException": "enable this REGION, or Redshift, in the account, or choose another",
    "AccessDenied AccessDeniedException UnauthorizedOperation DependentServiceAccessDenied 403": OWNER,
    "Throttling ThrottlingException RequestLimitExceeded SlowDown RequestTimeout": LATER,
    "TooManyRequestsException DependentServiceRequestThrottlingFault ConcurrentModification": LATER,
    "InternalError InternalFailure InternalServiceError InternalServerException ServiceFailure": LATER,
    "ServiceUnavailable DependentServiceUnavailableFault 500 503": LATER,  # HEAD has only the number
    "ClusterQuotaExceeded NumberOfNodesQuotaExceeded NumberOfNodesPerClusterLimitExceeded": TOO_MANY,
    "LimitExceeded LimitExceededFault SecurityGroupLimitExceeded RulesPerSecurityGroupLimitExceeded": TOO_MANY,
    "ClusterSnapshotQuotaExceeded ScheduledActionQuotaExceeded TooManyBuckets": TOO_MANY,
    "ServiceQuotaExceededException TooManyTagsException": TOO_MANY,
    "InsufficientCapacityException": "try again later, or choose another BASE_CAPACITY or REGION",
    "ValidationException InvalidParameterValue InvalidParameterCombination": (
        "correct what it names in dwh.cfg, or choose another REGION"
    ),
    "InsufficientClusterCapacity": "try again later, or choose another NODE_TYPE or REGION",
    "InvalidSubnet InvalidVPCNetworkStateFault ClusterSubnetGroupNotFoundFault": NETWORK,
    "UnsupportedOperation UnsupportedOptionFault ScheduledActionTypeUnsupported": (
        "this kind of cluster has no such thing here: choose another NODE_TYPE or REGION"
    ),
    "ClusterNotFound ResourceNotFoundException": "correct IDENTIFIER, or run redjam build",
    "InvalidClusterState InvalidClusterSnapshotState DependencyViolation OperationAborted BucketNotEmpty": BUSY,
    "ConflictException": BUSY,
    "DeleteConflict": "something else still uses it: detach that in AWS's console, then try again",
    "StandInError": "put that right, then try again",
    "ClusterAlreadyExists EntityAlreadyExists InvalidGroup.Duplicate ScheduledActionAlreadyExists": TAKEN,
}
# By what botocore raises when a call never got there.
UNCALLED = {
    exceptions.NoCredentialsError: f"{KEYS}; TARGET = local needs no account",
    exceptions.PartialCredentialsError: KEYS,
    exceptions.ProfileNotFound: "correct AWS_PROFILE, or unset it",
    (
        exceptions.SSOError,
        exceptions.LoginError,
        exceptions.TokenRetrievalError,
        exceptions.CredentialRetrievalError,
    ): LOG_IN,
    (
        exceptions.ConnectionError,
        exceptions.HTTPClientError,
        exceptions.IncompleteReadError,
    ): "check the network and [CLUSTER] REGION",
}
_assumed = {}  # the roles that sessions have assumed, or each session would ask for the MFA code anew
_changes: ContextVar[list | None] = ContextVar("changes", default=None)


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
        said = re.sub(r"<[^>]*>", " ", said.partition("Encoded authorization")[0])  # a page of HTML, of a proxy say
        said = " ".join(said.split())[:400].rstrip(".")
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


def _session() -> botocore.session.Session:
    own = botocore.session.get_session()
    own.register_component("data_loader", _loader())
    resolver = own.get_component("credential_provider")
    for kind in ("assume-role", "assume-role-with-web-identity"):
        resolver.get_provider(kind).cache = _assumed
    return own


def client(settings: Settings, service: str, connections: int = 10):
    """A boto3 client for the target, for so many threads at once.

    The stand-in's own key goes before the user's, so real keys go nowhere.
    """
    make = local.client if settings.is_local else _client
    made = make(settings, service, connections)
    made.meta.events.register("before-call", _note, unique_id="redjam")  # once, though the stand-in's is made once
    return made


def _client(settings: Settings, service: str, connections: int):
    # A session of its own each time: boto3's shared one keeps expired keys until the kernel restarts.
    own = _session()
    keys = (settings.access_key or None, settings.secret_key or None)
    session = boto3.Session(*keys, region_name=settings.region, botocore_session=own)
    retries = {"mode": "standard", "max_attempts": 5}
    return session.client(service, config=Config(retries=retries, max_pool_connections=connections))


def _note(model, **_) -> None:
    made = _changes.get()
    if made is not None and not model.name.startswith(READS):
        made.append(model.name)


@contextlib.contextmanager
def changes() -> Iterator[list[str]]:
    """The names of the operations that are called inside, but for those that only read: empty, nothing was changed."""
    before = _changes.set([])
    try:
        yield _changes.get()
    finally:
        _changes.reset(before)


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


def created(create: Callable, find: Callable):
    """What `create` gives, or what another build made in the meantime; somebody else's of that name is an error."""
    try:
        return create()
    except exceptions.ClientError as error:
        if error.response["Error"]["Code"] not in EXISTS or not (found := find()):
            raise
        return found


def again(call: Callable, passes: Callable[[str, str], bool], pauses: tuple = SPREADS, **parameters) -> dict:
    """Call AWS, and again after each pause while it refuses with a code and a message of which `passes` is true."""
    for seconds in (*pauses, None):
        try:
            return call(**parameters)
        except exceptions.ClientError as error:
            code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
            if seconds is None or not passes(code, message):
                raise
            log.info("AWS refused %s (%s), which passes: asked again in %d s", error.operation_name, code, seconds)
            time.sleep(seconds)


def unknown_role(code: str, message: str) -> bool:
    """Whether AWS refuses because it does not know a role yet; who may not pass it is never allowed to by waiting."""
    denied = code.startswith("AccessDenied") or DENIED.search(message)
    return not denied and bool(UNKNOWN_ROLE.search(message))


def settled(call: Callable, **parameters) -> dict:
    """Call AWS with a role, again for a minute while it does not know that role yet."""
    return again(call, unknown_role, **parameters)


def partition(settings: Settings) -> str:
    """The part of AWS that ARNs name first: aws, or aws-cn and aws-us-gov for regions there."""
    return _partition(settings.region)


@functools.cache  # a session takes longer to make than most calls
def _partition(region: str) -> str:
    return _session().get_partition_for_region(region)
