"""A stand-in for PostgREST and the gateway before it, as a project of Supabase has them.

It speaks the small part of the protocol that writing and reading a table takes: upserts with
`on_conflict` and `Prefer`, plain reads, API keys and JWTs that become roles of the database, and
errors with the codes and statuses of the real one:
https://docs.postgrest.org/en/stable/references/errors.html. What it does not speak it refuses.
"""

import argparse
import base64
import hashlib
import hmac
import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from pg8000.exceptions import DatabaseError, InterfaceError
from pg8000.native import Connection, identifier

JWT_SECRET = b"super-secret-jwt-token-with-at-least-32-characters-long"
# The newer keys, which are no JWTs.
KEYS = {"sb_secret_of_the_tests": "service_role", "sb_publishable_of_the_tests": "anon"}
# SQLSTATEs and what their errors are answered with; the first that fits.
STATUSES = {
    "08": 503, "09": 500, "0L": 403, "0P": 403, "23503": 409, "23505": 409, "25006": 405,
    "25": 500, "28": 403, "2D": 500, "38": 500, "39": 500, "3B": 500, "40": 500, "53400": 500,
    "53": 503, "54": 500, "55": 500, "57": 500, "58": 500, "F0": 500, "HV": 500, "P0001": 400,
    "P0": 500, "XX": 500, "42883": 404, "42P01": 404, "42P17": 500,
}  # fmt: skip


class Refusal(Exception):
    """An answer that is an error."""

    def __init__(self, status, message, code=None, details=None, hint=None):
        super().__init__(message)
        self.status = status
        self.body = {"message": message, "hint": hint}
        if code:
            self.body |= {"code": code, "details": details}


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def sign(claims):
    head = encode(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    text = head + b"." + encode(json.dumps(claims).encode())
    return (text + b"." + encode(hmac.digest(JWT_SECRET, text, hashlib.sha256))).decode()


def verify(token):
    parts = token.split(".")
    if len(parts) != 3:
        raise Refusal(401, f"Expected 3 parts in JWT; got {len(parts)}", "PGRST301")
    try:
        signature, claims = decode(parts[2]), json.loads(decode(parts[1]))
    except ValueError:
        raise Refusal(401, "JWT couldn't be parsed", "PGRST301") from None
    expected = hmac.digest(JWT_SECRET, ".".join(parts[:2]).encode(), hashlib.sha256)
    if not hmac.compare_digest(signature, expected):
        raise Refusal(401, "No suitable key or wrong key type", "PGRST301")
    if claims.get("exp", time.time() + 1) < time.time():
        raise Refusal(401, "JWT expired", "PGRST303")
    return claims


def claims_of(headers):
    """The gateway wants a key of the project; a JWT says on whose behalf it is used."""
    key = headers.get("apikey")
    if key is None:
        hint = "No `apikey` request header or url param was found."
        raise Refusal(401, "No API key found in request", hint=hint)
    try:
        claims = {"role": KEYS[key]} if key in KEYS else verify(key)
    except Refusal:
        hint = "Double check your Supabase `anon` or `service_role` API key."
        raise Refusal(401, "Invalid API key", hint=hint) from None
    authorization = headers.get("authorization", "")
    return verify(authorization.removeprefix("Bearer ")) if authorization else claims


class Transaction:
    """A connection of the one who calls, with the rights that the claims give."""

    def __init__(self, claims):
        self.claims = claims

    def __enter__(self):
        try:
            self.connection = Connection("authenticator", host="127.0.0.1", port=POSTGRES, database="postgres")
        except (InterfaceError, OSError):
            message = "Database connection error. Retrying the connection."
            raise Refusal(503, message, "PGRST001") from None
        role = self.claims.get("role", "anon")
        claims = json.dumps(self.claims)
        self.connection.run("begin")
        self.connection.run(f"set local role {identifier(role)}")
        self.connection.run("select set_config('request.jwt.claims', :claims, true)", claims=claims)
        return self.connection

    def __exit__(self, kind, error, trace):
        try:
            self.connection.run("rollback" if error else "commit")
        finally:
            self.connection.close()


def columns_of(table):
    """What the schema cache knows: everything, whoever asks."""
    with Transaction({"role": "service_role"}) as connection:
        rows = connection.run(
            "select attname from pg_attribute where attnum > 0 and not attisdropped"
            " and attrelid = to_regclass('public.' || quote_ident(:table))",
            table=table,
        )
    if not rows:
        message = f"Could not find the table 'public.{table}' in the schema cache"
        raise Refusal(404, message, "PGRST205")
    return {row[0] for row in rows}


def insertion(table, rows, query, preferences):
    names = sorted(rows[0])
    if any(sorted(row) != names for row in rows):
        raise Refusal(400, "All object keys must match", "PGRST102")
    for unknown in sorted(set(names) - columns_of(table)):
        message = f"Could not find the '{unknown}' column of '{table}' in the schema cache"
        raise Refusal(400, message, "PGRST204")
    columns = ", ".join(identifier(name) for name in names)
    place = f"public.{identifier(table)}"
    sql = f"insert into {place} ({columns}) select {columns} from json_populate_recordset(null::{place}, :rows)"
    if "resolution=merge-duplicates" in preferences:
        changes = ", ".join(f"{identifier(name)} = excluded.{identifier(name)}" for name in names)
        key = ", ".join(identifier(name) for name in query["on_conflict"][0].split(","))
        sql += f" on conflict ({key}) do update set {changes}"
    return sql + " returning 1"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body in one piece.
    wbufsize = -1

    def do_GET(self):
        self.answer(self.read)

    def do_POST(self):
        self.answer(self.write)

    def answer(self, work):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        try:
            status, result = work(urlsplit(self.path), body)
        except Refusal as refusal:
            status, result = refusal.status, refusal.body
        except DatabaseError as error:
            status, result = self.in_words(error.args[0])
        except (InterfaceError, OSError):
            status, result = 503, {"code": "PGRST001", "message": "no connection to the server"}
        text = b"" if result is None else json.dumps(result).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json; charset=utf-8")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def in_words(self, error):
        code = error["C"]
        fitting = [status for start, status in STATUSES.items() if code.startswith(start)]
        status = fitting[0] if fitting else 400
        if code == "42501":
            status = 401 if claims_of(self.headers).get("role", "anon") == "anon" else 403
        words = {"message": error["M"], "details": error.get("D"), "hint": error.get("H")}
        return status, {"code": code} | words

    def table(self, url):
        kind, _, table = url.path.rpartition("/")
        if kind != "/rest/v1":
            raise Refusal(404, "no Route matched with those values")
        return table

    def read(self, url, _body):
        claims, table = claims_of(self.headers), self.table(url)
        columns_of(table)
        if url.query:
            raise Refusal(501, "this stand-in reads whole tables alone")
        with Transaction(claims) as connection:
            rows = connection.run(f"select coalesce(json_agg(r), '[]') from public.{identifier(table)} r")
        return 200, rows[0][0]

    def write(self, url, body):
        if url.path == "/token":
            return 200, sign(json.loads(body))
        claims, table = claims_of(self.headers), self.table(url)
        preferences = self.headers.get("prefer", "").replace(" ", "").split(",")
        if "return=minimal" not in preferences:
            raise Refusal(501, "this stand-in returns no rows")
        try:
            rows = json.loads(body)
        except ValueError:
            raise Refusal(400, "Empty or invalid json", "PGRST102") from None
        if rows:
            sql = insertion(table, rows, parse_qs(url.query), preferences)
            with Transaction(claims) as connection:
                connection.run(sql, rows=body.decode())
        return 201, None

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--postgres", type=int, required=True)
    arguments = parser.parse_args()
    POSTGRES = arguments.postgres
    server = ThreadingHTTPServer(("127.0.0.1", arguments.port), Handler)
    print("ready", flush=True)
    server.serve_forever()
