"""Redshift Serverless as a test has it, which moto lacks: its state, its slowness and its refusals.

It answers in place of the network. botocore has checked the parameters by AWS's service model before, and what it
answers is checked by the shapes of that model, too. How AWS behaves beyond the model is written from its
documentation and from what the code of others does about it, and has not been seen on AWS.
"""

import itertools
import json
import types

from botocore.validate import validate_parameters

SLOW = 2  # so many times a state is seen before it passes
ARN = "arn:aws:redshift-serverless:us-west-2:123456789012:"
NOT_FOUND, CONFLICT, INVALID = "ResourceNotFoundException", "ConflictException", "ValidationException"
COMMON = ("ThrottlingException", "AccessDeniedException")


class Refused(Exception):
    """The code and the message with which AWS refuses."""


class Serverless:
    """The namespaces, workgroups, usage limits and snapshots of an account; `secrets` is a Secrets Manager client."""

    def __init__(self, secrets=None):
        self.things = {"namespace": {}, "workgroup": {}}
        self.left = {}  # (kind, name) -> how often its state is still seen
        self.limits, self.snapshots, self.tags = {}, {}, {}
        self.limits_early = True  # whether a workgroup that is being made takes a limit
        self.secrets, self.numbers = secrets, itertools.count(1)

    def before_call(self, model, params, **_):
        if model.service_model.service_name != "redshift-serverless":
            return None
        try:
            answer = getattr(self, model.name)(**json.loads(params["body"]))
        except Refused as refusal:
            code, message = refusal.args
            assert code in [*(shape.name for shape in model.error_shapes), *COMMON], f"{model.name} has no {code}"
            return types.SimpleNamespace(status_code=400), {"Error": {"Code": code, "Message": message}}
        validate_parameters(answer, model.output_shape)
        return types.SimpleNamespace(status_code=200), json.loads(json.dumps(answer))

    # --- States

    def _find(self, kind, name):
        """The thing, as time goes by: a state passes after it has been seen often enough."""
        found = self.things[kind].get(name)
        if found is None:
            raise Refused(NOT_FOUND, f"{kind} {name} not found.")
        left = self.left.get((kind, name), 0)
        self.left[kind, name] = left - 1
        if left == 0 and found["status"] == "DELETING":
            self._gone(kind, self.things[kind].pop(name))
            raise Refused(NOT_FOUND, f"{kind} {name} not found.")
        if left == 0 and found["status"] in ("CREATING", "MODIFYING"):
            found["status"] = "AVAILABLE"
            if kind == "workgroup":
                address = f"{name}.123456789012.us-west-2.redshift-serverless.amazonaws.com"
                found["endpoint"] = {"address": address, "port": found["port"]}
        return found

    def _set(self, kind, name, status):
        self.things[kind][name]["status"] = status
        self.left[kind, name] = SLOW

    def _gone(self, kind, thing):
        self.tags.pop(thing[f"{kind}Arn"])
        if arn := thing.get("adminPasswordSecretArn"):
            self.secrets.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)

    def _free(self, kind, name):
        """The thing, if nothing is being done with it."""
        found = self.things[kind].get(name)
        if found is None:
            raise Refused(NOT_FOUND, f"{kind} {name} not found.")
        if found["status"] != "AVAILABLE":
            raise Refused(CONFLICT, f"There is an operation running on the {kind}. Try again later.")
        return found

    def _add(self, kind, name, status, tags, **about):
        if name in self.things[kind]:
            raise Refused(CONFLICT, f"{kind} {name} already exists.")
        arn = f"{ARN}{kind}/{next(self.numbers)}"
        self.tags[arn] = list(tags)
        self.things[kind][name] = {f"{kind}Name": name, f"{kind}Arn": arn} | about
        self._set(kind, name, status)
        return {kind: self.things[kind][name]}

    # --- The operations, by AWS's names

    def GetNamespace(self, namespaceName):
        return {"namespace": self._find("namespace", namespaceName)}

    def GetWorkgroup(self, workgroupName):
        return {"workgroup": self._find("workgroup", workgroupName)}

    def ListTagsForResource(self, resourceArn):
        if resourceArn not in self.tags:
            raise Refused(NOT_FOUND, f"{resourceArn} not found.")
        return {"tags": self.tags[resourceArn]}

    def CreateNamespace(
        self, namespaceName, adminUsername, dbName="dev", iamRoles=(), tags=(), manageAdminPassword=False, **password
    ):
        if manageAdminPassword == bool(password):
            raise Refused(INVALID, "Give adminUserPassword or manageAdminPassword.")
        about = {"adminUsername": adminUsername, "dbName": dbName, "iamRoles": [in_sync(arn) for arn in iamRoles]}
        if namespaceName not in self.things["namespace"] and manageAdminPassword:
            secret = json.dumps({"username": adminUsername, "password": "Kept4you"})
            made = self.secrets.create_secret(Name=f"redshift!{namespaceName}-{adminUsername}", SecretString=secret)
            about["adminPasswordSecretArn"] = made["ARN"]
        return self._add("namespace", namespaceName, "MODIFYING", tags, **about)

    def CreateWorkgroup(self, workgroupName, namespaceName, tags=(), baseCapacity=128, port=5439, **about):
        self._free("namespace", namespaceName)
        return self._add(
            "workgroup",
            workgroupName,
            "CREATING",
            tags,
            namespaceName=namespaceName,
            baseCapacity=baseCapacity,
            port=port,
            **about,
        )

    def UpdateNamespace(self, namespaceName, iamRoles, defaultIamRoleArn):
        namespace = self._free("namespace", namespaceName)
        namespace["iamRoles"] = [in_sync(arn) for arn in iamRoles]
        self._set("namespace", namespaceName, "MODIFYING")
        return {"namespace": namespace}

    def UpdateWorkgroup(self, workgroupName, **changes):
        workgroup = self._free("workgroup", workgroupName)
        if len(changes) != 1:
            raise Refused(
                INVALID, f"Can't update multiple configurations at the same time for workgroup {workgroupName}."
            )
        workgroup |= changes
        self._set("workgroup", workgroupName, "MODIFYING")
        return {"workgroup": workgroup}

    def DeleteWorkgroup(self, workgroupName):
        workgroup = self._free("workgroup", workgroupName)
        self._set("workgroup", workgroupName, "DELETING")
        return {"workgroup": workgroup}

    def DeleteNamespace(self, namespaceName, finalSnapshotName=""):
        namespace = self._free("namespace", namespaceName)
        if any(one["namespaceName"] == namespaceName for one in self.things["workgroup"].values()):
            raise Refused(CONFLICT, f"Namespace {namespaceName} has a workgroup.")
        if finalSnapshotName:
            about = {"namespaceName": namespaceName, "status": "AVAILABLE", "totalBackupSizeInMegaBytes": 12.0}
            self.snapshots[finalSnapshotName] = {"snapshotName": finalSnapshotName} | about
        self._set("namespace", namespaceName, "DELETING")
        return {"namespace": namespace}

    def CreateUsageLimit(self, resourceArn, usageType, amount, period="monthly", breachAction="log"):
        workgroup = next((one for one in self.things["workgroup"].values() if one["workgroupArn"] == resourceArn), None)
        if workgroup is None:
            raise Refused(NOT_FOUND, f"{resourceArn} not found.")
        if workgroup["status"] == "CREATING" and not self.limits_early:
            raise Refused(INVALID, f"{resourceArn} is not available.")
        same = {"resourceArn": resourceArn, "usageType": usageType, "period": period}
        if any(same.items() <= limit.items() for limit in self.limits.values()):
            raise Refused(CONFLICT, "There is such a usage limit already.")
        name = f"limit-{next(self.numbers)}"
        self.limits[name] = {"usageLimitId": name, "amount": amount, "breachAction": breachAction} | same
        return {"usageLimit": self.limits[name]}

    def ListUsageLimits(self, resourceArn, usageType, nextToken="page-000"):
        asked = {"resourceArn": resourceArn, "usageType": usageType}
        return page("usageLimits", [one for one in self.limits.values() if asked.items() <= one.items()], nextToken)

    def UpdateUsageLimit(self, usageLimitId, amount, breachAction):
        self.limits[usageLimitId] |= {"amount": amount, "breachAction": breachAction}
        return {"usageLimit": self.limits[usageLimitId]}

    def DeleteUsageLimit(self, usageLimitId):
        if usageLimitId not in self.limits:
            raise Refused(NOT_FOUND, f"{usageLimitId} not found.")
        return {"usageLimit": self.limits.pop(usageLimitId)}

    def ListSnapshots(self, nextToken="page-000"):
        return page("snapshots", list(self.snapshots.values()), nextToken)

    def DeleteSnapshot(self, snapshotName):
        return {"snapshot": self.snapshots.pop(snapshotName) | {"status": "DELETED"}}

    def GetCredentials(self, workgroupName, dbName, durationSeconds=900):
        self._free("workgroup", workgroupName)
        return {"dbUser": "IAM:ada", "dbPassword": f"for {dbName}, {durationSeconds} s"}


def in_sync(arn):
    return f"IamRole(applyStatus=in-sync, iamRoleArn={arn})"


def page(key, found, token):
    """One thing a page, so that who reads only the first is found out; AWS's model has no empty page."""
    at = int(token.removeprefix("page-"))
    return ({key: found[at : at + 1]} if found else {}) | (
        {"nextToken": f"page-{at + 1:03}"} if at + 1 < len(found) else {}
    )
