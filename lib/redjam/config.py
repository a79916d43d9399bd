"""dwh.cfg and the environment -> one frozen Settings; every wrong setting becomes one line for the user."""

import difflib
import ipaddress
import os
import re
from dataclasses import dataclass, field, fields
from pathlib import Path

# Section -> key -> default. A key stands in one section only, so its name alone says which key is meant.
KNOWN = {
    "CLUSTER": {
        "TARGET": "redshift",  # local where there is no file at all
        "REGION": "us-west-2",
        "HOST": "",
        "IDENTIFIER": "redjam",
        "DBNAME": "dwh",
        "USER": "awsuser",
        "PASSWORD": "",
        "ANALYST_PASSWORD": "",
        "PORT": "5439",
        "CLUSTER_TYPE": "single-node",
        "NUM_NODES": "1",
        "NODE_TYPE": "ra3.large",
        "BASE_CAPACITY": "4",
        "INGRESS_CIDR": "",
        "ALLOW_WORLD": "no",
        "LOGIN": "admin",
        "IAM_ROLE_NAME": "redjam-redshift-s3",
    },
    "IAM_ROLE": {"ARN": ""},
    "S3": {  # on AWS; on local the generated sample
        "LOG_DATA": "s3://udacity-dend/log-data",
        "LOG_JSON_PATH": "s3://udacity-dend/log_json_path.json",
        "SONG_DATA": "s3://udacity-dend/song-data",
        "WORK": "",
    },
    "ETL": {"MAX_REJECTED": "0"},
    "COST": {"MAX_HOURS": "4"},
    "LOCAL": {"DIR": ".redjam"},
}
SECTION = {key: section for section, keys in KNOWN.items() for key in keys}

# Key -> the pattern that a value fits, and the same in words. What goes to AWS follows the constraints of
# CreateCluster and CreateRole as botocore's models and these pages state them:
# https://docs.aws.amazon.com/redshift/latest/APIReference/API_CreateCluster.html
# https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
S3_BUCKET = r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
S3_ADDRESS = S3_BUCKET + "/.+"
PASSWORD = r"""(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])(?!.*['"\\/@])[!-~]{8,64}"""
PASSWORD_RULE = (
    "8-64 printable ASCII characters, among them an upper-case letter, a lower-case letter and a digit, "
    "none of them ' \" \\ / @ or a space"
)
RULES = {
    "TARGET": (r"local|redshift|serverless", "local, redshift or serverless"),
    "REGION": (r"[a-z]{2,4}(-[a-z]+)+-\d{1,2}", "a region of AWS such as us-west-2"),
    "HOST": (r"[\w-]+(\.[\w-]+)*", "a bare host name without scheme, port or database, or empty"),
    "IDENTIFIER": (
        r"(?=.{1,63}$)[a-z][a-z0-9]*(-[a-z0-9]+)*",
        "1-63 characters from a-z, 0-9 and -, a letter first, no -- and no - at the end",
    ),
    "DBNAME": (r"[a-z_][a-z0-9_]{0,63}", "1-64 characters from a-z, 0-9 and _, no digit first"),
    "USER": (
        r"(?!(public|analyst)$)[a-z][a-z0-9_+.@-]{0,127}",
        "1-128 characters from a-z, 0-9 and _+.@-, a letter first, and not public or analyst",
    ),
    "PASSWORD": (PASSWORD, f"{PASSWORD_RULE}; or empty, and AWS makes one"),
    "ANALYST_PASSWORD": (PASSWORD, f"{PASSWORD_RULE}; or empty, and analyst has none"),
    "PORT": (r"543[1-9]|544\d|545[0-5]|819[1-9]|820\d|821[0-5]", "a number from 5431-5455 or 8191-8215"),
    "CLUSTER_TYPE": (r"single-node|multi-node", "single-node or multi-node"),
    "NUM_NODES": (r"[1-9]\d?|100", "a number from 1 to 100"),
    "NODE_TYPE": (r"[a-z][a-z0-9]*\.[a-z0-9]+", "a node type such as ra3.large"),
    # https://docs.aws.amazon.com/redshift/latest/mgmt/serverless-capacity.html
    "BASE_CAPACITY": (r"\d{1,4}", "4, or a multiple of 8 from 8 to 512, or a multiple of 32 to 1024 (RPU)"),
    "INGRESS_CIDR": (r"\d{1,3}(\.\d{1,3}){3}/\d{1,2}", "a block of addresses such as 203.0.113.0/24, or empty"),
    "ALLOW_WORLD": (r"yes|no", "yes or no"),
    "LOGIN": (r"admin|iam", "admin or iam"),
    "IAM_ROLE_NAME": (r"[\w+=,.@-]{1,64}", "1-64 letters, digits and characters from _+=,.@-"),
    "ARN": (
        r"(?=.{1,2048}$)arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+",
        "a role such as arn:aws:iam::123456789012:role/dwhRole, or empty, and AWS is asked",
    ),
    "LOG_DATA": (S3_ADDRESS, "s3://bucket/prefix"),
    "LOG_JSON_PATH": (S3_ADDRESS + "|auto( ignorecase)?", "s3://bucket/key, auto or auto ignorecase"),
    "SONG_DATA": (S3_ADDRESS, "s3://bucket/prefix"),
    "WORK": (S3_BUCKET + "(/.*)?", "s3://bucket/prefix, or empty, and build makes a bucket"),
    # COPY's MAXERROR, which is one more, ends at 100000.
    "MAX_REJECTED": (r"\d{1,5}", "a whole number from 0 to 99999"),
    "MAX_HOURS": (r"[0-6]?\d{1,2}|7[0-1]\d|720", "a whole number of hours from 1 to 720, or 0 for no guard"),
    "DIR": (r".+", "a folder, or a path where nothing is yet"),
}
SAMPLE = {"LOG_DATA": "log-data", "LOG_JSON_PATH": "log_json_path.json", "SONG_DATA": "song-data"}
WORLD = 8  # a block with fewer leading bits is the world: more than 16 million addresses
EXAMPLE = "dwh.cfg.example"  # marks the project's folder
CHECKOUT = Path(__file__).parents[2]  # the project's folder, where the package was installed from a clone


class SettingError(ValueError):
    """A setting that cannot be used; its text is the one line for the user."""


class Secret(str):
    """Text that no repr shows, so that neither a printed asdict(settings) nor a traceback gives it away."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'" if self else "''"


@dataclass(frozen=True)
class Settings:
    """What dwh.cfg and the environment say: checked, defaults filled in, paths absolute."""

    target: str  # local, redshift (a provisioned cluster) or serverless
    region: str
    host: str  # empty: AWS is asked
    identifier: str
    dbname: str
    user: str
    password: str = field(repr=False)  # empty: AWS manages it
    analyst_password: str = field(repr=False)  # of the user who may only read; empty: it has none
    port: int
    cluster_type: str
    num_nodes: int
    node_type: str
    base_capacity: int  # of serverless, in RPU
    ingress_cidr: str  # empty: this machine's address alone
    login: str  # admin, or iam: the database user of the IAM identity
    iam_role_name: str
    iam_role_arn: str  # empty: AWS is asked
    log_data: str  # s3://bucket/prefix or a folder
    log_json_path: str  # s3://bucket/key, a file, or COPY's word: auto, auto ignorecase
    song_data: str
    work: str  # s3://bucket/prefix; empty: a bucket of our own
    max_rejected: int
    max_hours: int  # until AWS pauses a cluster by itself; 0: never
    local_dir: Path
    root: Path  # the project's folder
    file: Path | None  # the dwh.cfg that was read
    access_key: str = field(repr=False)  # empty: boto3's own chain
    secret_key: str = field(repr=False)
    node_type_line: int = field(default=0, repr=False, compare=False)  # for check_node_type's message

    @property
    def is_local(self) -> bool:
        return self.target == "local"

    @property
    def is_serverless(self) -> bool:
        return self.target == "serverless"

    @property
    def sample_dir(self) -> Path:
        return self.local_dir / "sample"

    @property
    def uses_sample(self) -> bool:
        """Whether this is a local run of which at least one source is the generated sample's."""
        own = (getattr(self, key.lower()) == str(self.sample_dir / name) for key, name in SAMPLE.items())
        return self.is_local and any(own)

    def _repr_markdown_(self) -> str:
        """The settings as a table, for notebooks; without what is secret."""
        shown = [one.name for one in fields(self) if one.repr]
        return "| setting | value |\n|---|---|\n" + "\n".join(f"| {name} | {getattr(self, name)} |" for name in shown)


def load(path: str | Path | None = None) -> Settings:
    """The settings of this file or else of the first found; without any file the defaults, on local.

    Looked for, in order: the file that REDJAM_CONFIG names; dwh.cfg in the working folder and above it up to
    the project's folder; dwh.cfg in the clone that the package was installed from.
    """
    file, root = _find(path)
    entries = {key: (default, 0) for keys in KNOWN.values() for key, default in keys.items()}
    entries |= _read(file) if file else {"TARGET": ("local", 0)}
    for key, (value, line) in entries.items():
        if value and key not in SAMPLE and not re.fullmatch(RULES[key][0], value, re.ASCII):
            raise _wrong(file, key, value, line)
    values = {key.lower(): value for key, (value, _) in entries.items()}
    if (values["cluster_type"] == "single-node") != (values["num_nodes"] == "1"):
        allowed = "1 with CLUSTER_TYPE = single-node, 2 to 100 with CLUSTER_TYPE = multi-node"
        raise _wrong(file, "NUM_NODES", *entries["NUM_NODES"], allowed)
    _check_network(file, entries)
    capacity = int(values["base_capacity"])
    if not (
        capacity == 4 or (capacity % 8 == 0 and 8 <= capacity <= 512) or (capacity % 32 == 0 and 512 < capacity <= 1024)
    ):
        raise _wrong(file, "BASE_CAPACITY", *entries["BASE_CAPACITY"])
    if values["target"] == "serverless" and len(values["identifier"]) < 3:
        raise _wrong(file, "IDENTIFIER", *entries["IDENTIFIER"], "at least 3 characters with TARGET = serverless")
    values.pop("allow_world")  # it has done its work
    local_dir = _absolute(file.parent if file else root, values.pop("dir"))
    if os.path.exists(local_dir) and not os.path.isdir(local_dir):
        raise _wrong(file, "DIR", *entries["DIR"])
    for key, name in SAMPLE.items():
        sample = local_dir / "sample" / name if values["target"] == "local" else None
        values[key.lower()] = _source(file, key, *entries[key], sample)
    values |= {key: int(values[key]) for key in ("port", "num_nodes", "base_capacity", "max_rejected", "max_hours")}
    values |= {key: Secret(values[key]) for key in ("password", "analyst_password")}
    values |= {"iam_role_arn": values.pop("arn")} | _access_keys()
    node_type_line = entries["NODE_TYPE"][1]
    return Settings(**values, local_dir=local_dir, root=root, file=file, node_type_line=node_type_line)


def _check_network(file: Path | None, entries: dict[str, tuple[str, int]]) -> None:
    """Refuse an INGRESS_CIDR that is no block of IPv4 addresses, or nearly all of them without ALLOW_WORLD."""
    value, line = entries["INGRESS_CIDR"]
    if not value:
        return
    try:
        block = ipaddress.IPv4Network(value)
    except ValueError as error:
        raise _wrong(file, "INGRESS_CIDR", value, line, f"{RULES['INGRESS_CIDR'][1]} ({error})") from None
    if block.prefixlen < WORLD and entries["ALLOW_WORLD"][0] != "yes":
        allowed = "that opens the warehouse to the world; leave it empty, or set ALLOW_WORLD = yes if you mean it"
        raise _wrong(file, "INGRESS_CIDR", value, line, allowed)


def check_node_type(settings: Settings) -> None:
    """Refuse the node types of which AWS creates no new clusters: DC1, DC2 and DS2; Serverless has none.

    Since 2025 CreateCluster answers "Invalid node type: dc2.large", although botocore still lists it.
    """
    if settings.is_serverless:
        return
    generation = settings.node_type.partition(".")[0]
    if generation in {"dc1", "dc2", "ds2"}:
        allowed = f"AWS has created no {generation} clusters since 2025; write NODE_TYPE = ra3.large"
        raise _wrong(settings.file, "NODE_TYPE", settings.node_type, settings.node_type_line, allowed)


def _find(path: str | Path | None) -> tuple[Path | None, Path]:
    """The file to read, None if there is none, and the project's folder."""
    here = Path.cwd()
    above = [here, *here.parents]
    project = next((folder for folder in (*above, CHECKOUT) if os.path.isfile(folder / EXAMPLE)), here)
    named = path or os.environ.get("REDJAM_CONFIG")
    if named:
        # A kernel works in notebooks/, its user in the project's folder: a relative name may start in either.
        places = list(dict.fromkeys(_absolute(folder, named) for folder in (here, project)))
    else:
        folders = above[: above.index(project) + 1] if project in above else [here, project]
        places = [folder / "dwh.cfg" for folder in folders]
    file = next((place for place in places if os.path.lexists(place)), None)
    if named and not file:
        by = "" if path else " (REDJAM_CONFIG names it)"
        raise SettingError(f"{named}: no such file{by}; looked for {', then '.join(map(str, places))}")
    if file:
        project = next((folder for folder in file.parents if os.path.isfile(folder / EXAMPLE)), project)
    return file, project


def _read(file: Path) -> dict[str, tuple[str, int]]:
    """Each key that has a value in the file -> the value and its line number.

    Not by configparser: that knows no line numbers, takes an indented line for more of the value above, and
    cuts comments out of quoted values. No message quotes a whole line, for it may hold the password.
    """
    shown = _shown(file)
    try:
        data = file.read_bytes()
        lines = re.split(r"\r\n|\r|\n", data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise SettingError(f"{shown}: line {line} is not UTF-8 text; save the file as UTF-8") from None
    except OSError as error:
        raise SettingError(f"{shown}: cannot be read ({error.strerror}): a file like {EXAMPLE}") from None
    section, seen, written = "", {}, {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.strip()[0] in "#;":
            continue
        header = re.fullmatch(r"\s*\[\s*([\w -]+?)\s*\]\s*([#;].*)?", line)
        pair = re.fullmatch(r"\s*([\w-]+)\s*[=:](.*)", line)
        if header:
            name = section = header[1]
            if section not in KNOWN:
                raise _unknown(f"{shown}: [{section}] (line {number}) is no section", section, KNOWN, KNOWN)
        elif pair and section:
            name = pair[1].upper()
            if name not in KNOWN[section]:
                what = f"{shown}: [{section}] {pair[1]} (line {number}) is no setting"
                raise _unknown(what, name, SECTION, KNOWN[section])
            written[name] = (_value(file, name, pair[2], number), number)
        elif pair:
            raise SettingError(f"{shown}: {pair[1]} (line {number}) stands before any [SECTION]")
        else:
            raise SettingError(f"{shown}: line {number} is neither [SECTION] nor KEY = value nor a # comment")
        if name in seen:
            raise SettingError(f"{shown}: {_label(name)} (line {number}) was in line {seen[name]} already")
        seen[name] = number
    return {key: entry for key, entry in written.items() if entry[0]}


def _value(file: Path, key: str, text: str, line: int) -> str:
    """What stands after the =, without quotes and comment; white space stands before a comment's # or ;."""
    quoted = re.fullmatch(r"""\s*(['"])(.*?)\1(\s+[#;].*)?\s*""", text)
    value = quoted[2] if quoted else re.split(r"\s[#;]", text)[0].strip()
    if (not quoted and value[:1] in ("'", '"')) or re.search(r"[\x00-\x1f\x7f]", value):
        allowed = "a value without control characters, bare or in one pair of quotes, then only a # comment"
        raise _wrong(file, key, value, line, allowed)
    return value


def _source(file: Path | None, key: str, value: str, line: int, sample: Path | None) -> str:
    """Where the data is: an s3:// address or an existing folder or file; local has a sample where none is named."""
    if sample and not line:
        return str(sample)
    pattern, allowed = RULES[key]
    if re.fullmatch(pattern, value, re.ASCII):
        return value
    place = _absolute(file.parent, value)
    kind = "file" if key == "LOG_JSON_PATH" else "folder"
    if ":/" not in value and (place == sample or (os.path.isfile(place) if kind == "file" else os.path.isdir(place))):
        return str(place)
    allowed += f", or a {kind} that exists"
    raise _wrong(file, key, value, line, allowed)


def _access_keys() -> dict[str, Secret]:
    """The AWS keys in the environment; both empty means boto3's own chain."""
    names = ("DW_AWS_ACCESS_KEY_ID", "DW_AWS_SECRET_ACCESS_KEY")
    access, secret = (Secret(os.environ.get(name, "").strip()) for name in names)
    if bool(access) != bool(secret):
        there, missing = names if access else names[::-1]
        raise SettingError(f"environment: {missing} is not set, but {there} is; set both, or neither")
    return {"access_key": access, "secret_key": secret}


def _wrong(file: Path | None, key: str, value: str, line: int, allowed: str = "") -> SettingError:
    """The one line about a value: file, key, value (a secret stays unsaid), line, and what is allowed."""
    said = re.sub(r".*:.*@", "***@", value)  # HOST = redshift://user:password@host, pasted in whole
    what = ": the value does not fit" if key.endswith("PASSWORD") else f" is {said!r}"
    where = f"line {line}" if line else "the default"
    return SettingError(f"{_shown(file)}: {_label(key)}{what} ({where}): {allowed or RULES[key][1]}")


def _unknown(what: str, name: str, names: dict, known: dict) -> SettingError:
    """The one line about a name: with the nearest of names, and all that is known in its place."""
    near = difflib.get_close_matches(name.upper(), names, 1)
    guess = f"; do you mean {_label(near[0])}?" if near else ""
    return SettingError(f"{what}{guess}; there are {', '.join(known)}")


def _label(name: str) -> str:
    return f"[{SECTION[name]}] {name}" if name in SECTION else f"[{name}]"


def _shown(file: Path | None) -> str:
    """The file's name in a message: from the working folder if it lies below that."""
    file = file or Path("dwh.cfg")
    return str(file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file)


def _absolute(folder: Path, path: str | Path) -> Path:
    return Path(os.path.abspath(folder / os.path.expanduser(path)))
