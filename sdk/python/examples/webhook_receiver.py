import os
from http.server import BaseHTTPRequestHandler, HTTPServer

from batchway.models import WebhookEvent
from standardwebhooks import Webhook, WebhookVerificationError

webhook = Webhook(os.environ["BATCHWAY_WEBHOOK_SECRET"])


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            content = webhook.verify(body, dict(self.headers))
        except WebhookVerificationError:
            self.send_response(401)
        else:
            event = WebhookEvent.from_dict(content)
            print(event.type_, event.data.job_id, event.data.status, flush=True)
            # An answer with 2xx ends the delivery. The same event may come twice: its id is in
            # the header webhook-id.
            self.send_response(204)
        self.end_headers()


server = HTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8080"))), Receiver)
print(f"listening on http://127.0.0.1:{server.server_port}/", flush=True)
server.serve_forever()
