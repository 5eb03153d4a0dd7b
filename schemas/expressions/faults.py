"""What can be wrong with an expression: a stable code, and words that say what to do."""

from __future__ import annotations


class ExpressionFault(Exception):
    """An expression that a form can't have."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


def broken(message: str) -> ExpressionFault:
    return ExpressionFault("expression_syntax", message)


def mismatch(message: str) -> ExpressionFault:
    return ExpressionFault("type_mismatch", message)


def too_large(message: str) -> ExpressionFault:
    return ExpressionFault("expression_too_large", message)
