"""A column that COPY loads, and what its type says of its values."""

from dataclasses import dataclass

MAX_VARCHAR = 65_535
TEXTS = ("varchar", "bpchar", "text")
INTEGERS = {"int2": (16, "Short"), "int4": (32, "Integer"), "int8": (64, "Long")}


@dataclass(frozen=True)
class Column:
    """A column to load: Postgres' type name and modifier."""

    name: str
    kind: str
    modifier: int
    not_null: bool

    @property
    def limit(self) -> int:
        """The bytes that a VARCHAR or CHAR takes."""
        return self.modifier - 4 if self.modifier > 0 else MAX_VARCHAR

    @property
    def digits(self) -> tuple[int, int]:
        """Precision and scale of a NUMERIC, which alone is NUMERIC(18, 0)."""
        return divmod(self.modifier - 4, 1 << 16) if self.modifier > 0 else (18, 0)

    @property
    def type(self) -> str:
        """The type as Redshift's system tables name it, without its length."""
        return {"bpchar": "char", "text": "varchar"}.get(self.kind, self.kind)

    @property
    def length(self) -> str:
        """The length, or precision and scale, as Redshift's system tables name it; "" for a type without."""
        if self.kind in TEXTS:
            return str(self.limit)
        return "{},{}".format(*self.digits) if self.kind == "numeric" else ""
