"""What IAM policies allow: as much of IAM's rules as the policies of the template use.

Whatever else stands in a policy is an error rather than a guess.
"""

import re
from dataclasses import dataclass, field

STATEMENT_KEYS = {"Sid", "Effect", "Action", "Resource", "Condition", "Principal"}


@dataclass(frozen=True)
class Call:
    """One thing that IAM is asked: an action on one resource."""

    action: str
    resource: str = "*"
    # Condition keys that the service tells IAM; a list where a key has many values.
    context: dict = field(default_factory=dict)
    # Service that asks, where a resource's own policy is judged.
    service: str | None = None


def allows(documents, call):
    """Whether the policies allow it: one Allow and no Deny."""
    effects = {
        statement["Effect"]
        for document in documents
        for statement in as_list(document["Statement"])
        if concerns(statement, call)
    }
    return effects == {"Allow"}


def actions_of(documents):
    return {
        action
        for document in documents
        for statement in as_list(document["Statement"])
        if statement["Effect"] == "Allow"
        for action in as_list(statement["Action"])
    }


def concerns(statement, call):
    unknown = statement.keys() - STATEMENT_KEYS
    if unknown:
        raise NotImplementedError(f"a statement with {unknown}")
    return (
        any(matches(one, call.action, ignoring_case=True) for one in as_list(statement["Action"]))
        and any(matches(one, call.resource) for one in as_list(statement["Resource"]))
        and is_principal(statement.get("Principal"), call.service)
        and all(
            holds(operator, key, as_list(wanted), call.context)
            for operator, conditions in statement.get("Condition", {}).items()
            for key, wanted in conditions.items()
        )
    )


def is_principal(principal, service):
    if principal in (None, "*"):
        return True
    if principal.keys() != {"Service"}:
        raise NotImplementedError(f"a principal {principal}")
    return service in as_list(principal["Service"])


def holds(operator, key, wanted, context):
    values = as_list(context.get(key, []))
    if operator == "Null":
        return (not values) == (wanted == ["true"])
    if operator == "Bool":
        return values == wanted
    if operator == "ForAllValues:StringLike":
        return all(any(matches(one, value) for one in wanted) for value in values)
    if operator in ("ArnEquals", "StringLike"):
        return any(matches(one, value) for one in wanted for value in values)
    raise NotImplementedError(f"the condition operator {operator}")


def matches(pattern, text, ignoring_case=False):
    """As IAM compares: `*` is any text and `?` any character."""
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    flags = re.IGNORECASE if ignoring_case else 0
    return re.fullmatch(expression, text, flags | re.DOTALL) is not None


def as_list(value):
    return value if isinstance(value, list) else [value]
