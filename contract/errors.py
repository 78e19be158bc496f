"""The errors of the contract: the peer, a file or a person sent something that is not what it claims to be."""


class ContractError(Exception):
    """The contract was broken."""


class Malformed(ContractError):
    """Input that is not of the contract, with what is wrong and where.

    ``where`` is a path such as ``$.data.lines[0].quantity``, or a name such as ``sku``.
    """

    def __init__(self, what: str, where: str = "$") -> None:
        """Keep the parts, so that a caller can group refusals by ``what``."""
        super().__init__(f"{what} at {where}")
        self.what = what
        self.where = where


class UnknownType(Malformed):
    """A fact of a type or version that this release does not know."""


class BrokenChain(ContractError):
    """A fact does not follow from the one before it.

    ``seq`` names the first position at which the chain does not hold; ``why`` says what was found there.
    """

    def __init__(self, seq: int, why: str) -> None:
        """Keep the position, which is what a person must look at."""
        super().__init__(f"chain broken at sequence {seq}: {why}")
        self.seq = seq
        self.why = why
