"""What policies say to an identity."""

import structlog
from attrs import define, evolve, field, frozen

from flightstream import Grant, Identity, PermissionDenied, RowRule
from flightstream_auth.policies.pattern import Pattern
from flightstream_auth.policies.policy import Policy

log = structlog.get_logger(__name__)

_EVERYBODY = "*"


@define(eq=False)
class _Rule:
    """A policy, ready to be asked. What it has last answered is kept for the next flight."""

    number: int
    policy: Policy
    patterns: tuple[Pattern, ...]
    columns: Grant = field(repr=False)
    rows: RowRule | None
    # One listing asks about every flight with one identity. Replaced whole, so threads agree.
    _latest: tuple[Identity, Grant] | None = field(default=None, init=False, repr=False)

    @classmethod
    def of(cls, number: int, policy: Policy) -> "_Rule":
        return cls(
            number,
            policy,
            tuple(map(Pattern.parse, policy.flights or ())),
            policy.columns.grant(),
            None if policy.rows is None else RowRule.parse(policy.rows),
        )

    def is_for(self, identity: Identity) -> bool:
        roles, subjects = self.policy.roles, self.policy.subjects
        if identity.subject in (subjects or ()) or identity.roles.intersection(roles or ()):
            return True
        everybody = (roles is None and subjects is None) or _EVERYBODY in (
            *(roles or ()),
            *(subjects or ()),
        )
        # Whoever has not logged in has to be named.
        return everybody and identity.subject != Identity.ANONYMOUS.subject

    def is_about_action(self, name: str) -> bool:
        return any(action in (name, _EVERYBODY) for action in self.policy.actions or ())

    def is_about_flight(self, path: tuple[str, ...]) -> bool:
        return any(pattern.matches(path) for pattern in self.patterns)

    def allows(self, operation: str) -> bool:
        allowed = self.policy.operations
        return operation in allowed or (operation == "list" and "read" in allowed)

    def grant(self, identity: Identity) -> Grant:
        if self.rows is None:
            return self.columns
        latest = self._latest
        if latest is None or latest[0] is not identity:
            rows = (self.rows.fill(identity.claims),)
            latest = self._latest = identity, evolve(self.columns, rows=rows)
        return latest[1]


@frozen(eq=False)
class Policies:
    """The policies of a server: the first that is about a request decides it.

    A policy is about a flight if it is for the identity and one of its patterns
    matches, whatever its operations are; about an action if it is for the identity
    and names it. Later ones are not looked at, so nobody ever sees more than one
    policy alone shows. What no policy is about is denied. Safe to use from several
    threads.

    Args:
        policies: In the order of the configuration. Without any, there is no
            opinion.
    """

    policies: tuple[Policy, ...]
    _rules: tuple[_Rule, ...] = field(init=False)
    _told: set[tuple[int, str]] = field(factory=set, init=False)

    @_rules.default
    def _compile(self) -> tuple[_Rule, ...]:
        return tuple(_Rule.of(number, policy) for number, policy in enumerate(self.policies))

    def grant(self, identity: Identity, path: tuple[str, ...], operation: str) -> Grant | None:
        """Answer :func:`authorize <flightstream.hookspecs.authorize>`.

        Raises:
            PermissionDenied: No policy allows it, or a claim that the policy needs
                is missing or cannot be compared.
        """
        if not self._rules:
            return None
        for rule in self._rules:
            if not rule.is_for(identity):
                continue
            if operation == "action" and rule.is_about_action(path[0]):
                return Grant()
            if operation != "action" and rule.is_about_flight(path):
                return self._ask(rule, identity, operation)
        raise PermissionDenied("no policy allows that")

    def _ask(self, rule: _Rule, identity: Identity, operation: str) -> Grant:
        if not rule.allows(operation):
            raise PermissionDenied(f"the policy allows no {operation}")
        try:
            return rule.grant(identity)
        except PermissionDenied as exc:
            told = (rule.number, exc.message)  # which claim, never its value
            if told not in self._told:
                self._told.add(told)
                log.warning("policy_lacks_claim", policy=rule.number, problem=exc.message)
            raise
