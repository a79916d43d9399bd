"""Passwords of users: what Redshift takes as a text becomes what Postgres keeps of it, so that its log never has it."""

import hashlib
import hmac
import re
import secrets
from base64 import b64encode

from sqlglot.tokens import Token, TokenType

from redjam.config import PASSWORD, PASSWORD_RULE
from redjam.local.sql.refusals import Refused

HASHES = re.compile(r"md5[0-9a-f]{32}|sha256\|.*", re.DOTALL)
ROUNDS = 4096  # Postgres' own number


def secret(tokens: list[Token]) -> str:
    """What follows PASSWORD for Postgres: NULL for DISABLE, otherwise the verifier of SCRAM-SHA-256 as a string."""
    if tokens and tokens[0].text.upper() == "DISABLE" and tokens[0].token_type != TokenType.STRING:
        return "NULL"
    if not tokens or tokens[0].token_type != TokenType.STRING:
        raise Refused("PASSWORD takes '...' or DISABLE.")
    password = tokens[0].text
    if HASHES.fullmatch(password):
        raise Refused(
            "The stand-in takes no hash for a password: nobody could log in by it. Write the password itself."
        )
    if not re.fullmatch(PASSWORD, password):
        raise Refused(f"Redshift's passwords have {PASSWORD_RULE}.")
    return f"'{verifier(password, secrets.token_bytes(16))}'"


def verifier(password: str, salt: bytes) -> str:
    """What a server that uses SCRAM keeps of a password: https://datatracker.ietf.org/doc/html/rfc5803."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ROUNDS)
    client, server = (hmac.digest(salted, word, "sha256") for word in (b"Client Key", b"Server Key"))
    stored = hashlib.sha256(client).digest()
    salt, stored, server = (b64encode(part).decode() for part in (salt, stored, server))
    return f"SCRAM-SHA-256${ROUNDS}:{salt}${stored}:{server}"
