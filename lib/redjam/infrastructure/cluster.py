"""What the rest of Red Jam knows of the warehouse's cluster, whichever kind it is."""

from dataclasses import dataclass

NOTEBOOK = "notebooks/01_infrastructure.ipynb"


@dataclass(frozen=True)
class Cluster:
    """A cluster, or a workgroup of Serverless, as the warehouse needs it.

    The status is AWS's own word, or "given" (HOST and ARN in dwh.cfg).
    """

    identifier: str
    status: str
    host: str
    port: int
    dbname: str
    user: str
    role_arn: str
    size: str  # such as "2 x ra3.large" or "4 RPU"


class NotBuilt(LookupError):
    """There is no cluster to connect to; the message says which notebook makes one."""
