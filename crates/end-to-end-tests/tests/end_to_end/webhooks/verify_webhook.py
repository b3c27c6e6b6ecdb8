"""Has the reference library of Standard Webhooks judge a request.

Reads {"secret", "headers", "body"} as JSON. Ends with 0 if the library takes it for ours, and with
1 if it refuses it.
"""

import json
import sys

from standardwebhooks import Webhook, WebhookVerificationError

request = json.load(sys.stdin)
try:
    Webhook(request["secret"]).verify(request["body"], request["headers"])
except WebhookVerificationError as refusal:
    sys.exit(f"refused: {refusal}")
