"""What every HTTP answer of Merx has in common: the outer layer, problem details, and files."""

from merx.infra.http.edge import Edge, EdgeRules, keep_public
from merx.infra.http.files import FileRoot
from merx.infra.http.problems import (
    BadIdempotencyKey,
    MissingIdempotencyKey,
    PreconditionFailed,
    PreconditionRequired,
    domain_problem,
    fault_problem,
    http_problem,
    status_of,
)

__all__ = [
    "BadIdempotencyKey",
    "Edge",
    "EdgeRules",
    "FileRoot",
    "MissingIdempotencyKey",
    "PreconditionFailed",
    "PreconditionRequired",
    "domain_problem",
    "fault_problem",
    "http_problem",
    "keep_public",
    "status_of",
]
