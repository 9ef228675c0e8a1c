"""Answers of the emulator's own, in the shape that the asked service's clients read."""

import json
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

#: Status, headers and body.
Answer = tuple[str, list[tuple[str, str]], bytes]

_HOW_TO_ASK = (
    "this emulator takes the access key of its own run. Run the command through `python -m localcloud exec -- …`, or "
    "choose a key: `python -m localcloud start --access-key <id>`"
)


def plain(status: str, text: str) -> Answer:
    """Return an answer that no client of AWS needs to understand."""
    return status, [("Content-Type", "text/plain; charset=utf-8"), ("X-Content-Type-Options", "nosniff")], text.encode()


def service_of(environ: dict[str, Any]) -> str:
    """Return the service's signing name, from the credential scope of the signature."""
    parts = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2].split(",")[0].split("/")
    if len(parts) == 1:
        query = parse_qs(environ.get("QUERY_STRING", ""))
        parts = query.get("X-Amz-Credential", [""])[0].split("/")
    return parts[3] if len(parts) > 4 else ""


def error(environ: dict[str, Any], status: str, code: str, message: str) -> Answer:
    """Return an error as the service's clients read it."""
    service = service_of(environ)
    if service == "ec2":
        shape = "<Response><Errors><Error>{}</Error></Errors><RequestID>0</RequestID></Response>"
    elif service == "s3":
        shape = "<Error>{}</Error>"
    elif _asks_by_query(environ) or service in ("route53", "cloudfront"):
        shape = "<ErrorResponse><Error>{}</Error><RequestId>0</RequestId></ErrorResponse>"
    else:
        shape = ""
    if shape:
        body = shape.format(f"<Code>{code}</Code><Message>{escape(message)}</Message>")
        kind = "text/xml"
    else:
        body, kind = json.dumps({"__type": code, "message": message}), "application/json"
    return status, [("Content-Type", kind), ("x-amzn-errortype", code)], body.encode()


def unknown_key(environ: dict[str, Any], *, given: bool) -> Answer:
    """Return AWS's own refusal of a request whose key is unknown, or that names none.

    https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html, and for EC2 and S3
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html and
    https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
    """
    service = service_of(environ)
    if not given:
        return error(environ, "403 Forbidden", "MissingAuthenticationToken", f"No key is given: {_HOW_TO_ASK}")
    message = f"The security token included in the request is invalid: {_HOW_TO_ASK}"
    if service == "ec2":
        return error(environ, "401 Unauthorized", "AuthFailure", message)
    if service == "s3":
        return error(environ, "403 Forbidden", "InvalidAccessKeyId", message)
    code = "InvalidClientTokenId" if _asks_by_query(environ) else "UnrecognizedClientException"
    return error(environ, "403 Forbidden", code, message)


def _asks_by_query(environ: dict[str, Any]) -> bool:
    return "form-urlencoded" in environ.get("CONTENT_TYPE", "")
