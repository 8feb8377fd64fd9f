"""Who may call what: every view declares its access, and the app refuses to start where one does not.

A resident is known by the bearer token, a member of staff by the console's session cookie; nothing else in a request
says who is asking. Open views never look at a token.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import Flask, g, redirect, request, session, url_for
from werkzeug.wrappers import Response

from sorting_miniapp.accounts.models import Role
from sorting_miniapp.errors import Forbidden, NotFound, Unauthorized
from sorting_miniapp.orgs.tree import contains

View = TypeVar("View", bound=Callable[..., Any])
OPEN, RESIDENT, STAFF, CALLBACK = "open", "resident", "staff", "callback"


@dataclass(frozen=True)
class Access:
    """What a view asks of its caller: the kind, and for staff any one of the roles (none named: any staff)."""

    kind: str
    roles: tuple[Role, ...] = ()


@dataclass(frozen=True)
class ResidentActor:
    """The resident behind a request, as plain values."""

    id: int
    public_id: str
    openid: str
    node_id: int | None
    no_time_limit: bool = False
    school_id: int | None = None


@dataclass(frozen=True)
class Grant:
    """A role held at the node with this path; `level` matters for reviewers."""

    role: Role
    level: int
    path: str


@dataclass(frozen=True)
class StaffActor:
    """The member of staff behind a request, as plain values."""

    id: int
    username: str
    name: str
    grants: tuple[Grant, ...]

    def branches(self, *roles: Role) -> list[str]:
        """Paths of the nodes at which one of the roles (or any role) is held."""
        return sorted({grant.path for grant in self.grants if not roles or grant.role in roles})

    def levels(self, path: str) -> set[int]:
        """The review levels held over a row at `path`."""
        return {g.level for g in self.grants if g.role is Role.REVIEWER and contains(g.path, path)}

    def may(self, role: Role, path: str) -> bool:
        return any(grant.role is role and contains(grant.path, path) for grant in self.grants)

    def require(self, role: Role, path: str) -> None:
        """Raises NotFound outside the actor's branches, Forbidden inside them without the role."""
        if not any(contains(grant.path, path) for grant in self.grants):
            raise NotFound()
        if not self.may(role, path):
            raise Forbidden()


def _declare(access: Access) -> Callable[[View], View]:
    def mark(view: View) -> View:
        view.access = access  # type: ignore[attr-defined]
        return view

    return mark


open_to_all = _declare(Access(OPEN))
resident_only = _declare(Access(RESIDENT))
wechat_callback = _declare(Access(CALLBACK))


def staff_only(*roles: Role) -> Callable[[View], View]:
    """A console view for staff who hold any of the roles somewhere; the service checks where."""
    return _declare(Access(STAFF, roles))


def current_resident() -> ResidentActor:
    """The caller of a resident view."""
    actor: ResidentActor = g.resident
    return actor


def current_staff() -> StaffActor:
    """The caller of a staff view."""
    actor: StaffActor = g.staff
    return actor


def bearer_token() -> str:
    """The token of the Authorization header, or ''."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def undeclared(app: Flask) -> list[str]:
    """Endpoints without a declared access."""
    return sorted(
        name for name, view in app.view_functions.items() if not isinstance(getattr(view, "access", None), Access)
    )


def init_app(
    app: Flask, find_resident: Callable[[str], ResidentActor | None], find_staff: Callable[[str], StaffActor | None]
) -> None:
    """Check every request against its view's declaration, with the two look-ups of accounts/sessions.py."""

    @app.before_request
    def enforce() -> Response | None:
        view = app.view_functions.get(request.endpoint or "")
        if view is None:
            return None
        access: Access = view.access  # type: ignore[union-attr]
        if access.kind == RESIDENT:
            actor = find_resident(bearer_token())
            if actor is None:
                raise Unauthorized()
            g.resident = actor
        elif access.kind == STAFF:
            staff = find_staff(session.get("staff", ""))
            if staff is None:
                return redirect(url_for("console.login", next=request.full_path if request.method == "GET" else None))
            g.staff = staff
            if access.roles and not any(grant.role in access.roles for grant in staff.grants):
                raise Forbidden()
        return None


FRAMEWORK_VIEWS = frozenset({"api-docs.openapi_json"})


def check(app: Flask) -> None:
    """Refuse to start with an undeclared view. Static files and the OpenAPI document are open."""
    for name, view in list(app.view_functions.items()):
        if name == "static" or name.endswith(".static") or name in FRAMEWORK_VIEWS:
            app.view_functions[name] = open_to_all(_plain_function(view))
    missing = undeclared(app)
    if missing:
        raise RuntimeError(f"views without declared access: {', '.join(missing)}")


def _plain_function(view: Callable[..., Any]) -> Callable[..., Any]:
    """A function in place of a bound method, which cannot carry our mark."""

    def call(**kwargs: Any) -> Any:
        return view(**kwargs)

    return call
