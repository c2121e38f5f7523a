"""A coprocessor with the standard library alone.

Listens on a port of 127.0.0.1, or on a Unix socket:
    python3 coprocessor.py 8081
    python3 coprocessor.py /run/coprocessor.sock
"""

import json
import os
import socketserver
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def router_request(message):
    """Refuses clients without a tenant, and says who the others are."""
    tenant = message["headers"].get("x-tenant", [""])[0]
    if tenant == "":
        error = {"message": "Send the header x-tenant.", "extensions": {"code": "TENANT_MISSING"}}
        return {"control": {"break": 401}, "body": json.dumps({"errors": [error]})}
    message["context"]["entries"]["tenant"] = tenant
    message["context"]["entries"]["apollo::authentication::jwt_claims"] = {"sub": tenant, "scope": "read:orders"}
    return message


def subgraph_request(message):
    """Sends the tenant to subgraphs."""
    return with_tenant(message, "x-caller")


def subgraph_response(message):
    """Hides the secret of the shop."""
    data = message["body"].get("data")
    if isinstance(data, dict) and "secret" in data:
        data["secret"] = "***"
    return message


def router_response(message):
    """Says whose response it is."""
    return with_tenant(message, "x-tenant")


def with_tenant(message, header):
    """Adds the tenant as a header. A request that was refused before its tenant was known has none."""
    tenant = message.get("context", {}).get("entries", {}).get("tenant")
    if tenant is not None:
        message["headers"][header] = [tenant]
    return message


STAGES = {
    "RouterRequest": router_request,
    "SubgraphRequest": subgraph_request,
    "SubgraphResponse": subgraph_response,
    "RouterResponse": router_response,
}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        message = json.loads(self.rfile.read(int(self.headers["content-length"])))
        answer = json.dumps(STAGES.get(message["stage"], lambda same: same)(message)).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def address_string(self):
        return "gateway"

    def log_message(self, *arguments):
        pass


class UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


if __name__ == "__main__":
    place = sys.argv[1]
    if place.isdigit():
        server = ThreadingHTTPServer(("127.0.0.1", int(place)), Handler)
        print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    else:
        if os.path.exists(place):
            os.unlink(place)
        server = UnixServer(place, Handler)
        print(f"unix://{place}", flush=True)
    server.serve_forever()
