import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { WebhookEvent } from '@batchway/client';
import { Webhook } from 'standardwebhooks';

const webhook = new Webhook(process.env.BATCHWAY_WEBHOOK_SECRET!);

const server = createServer(async (request, response) => {
  try {
    const headers = request.headers as Record<string, string>;
    const event = webhook.verify(await text(request), headers) as WebhookEvent;
    console.log(event.type, event.data.job_id, event.data.status);
    // An answer with 2xx ends the delivery. The same event may come twice: its id is in the
    // header webhook-id.
    response.writeHead(204).end();
  } catch {
    response.writeHead(401).end();
  }
});
server.listen(Number(process.env.PORT ?? 8080), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
});
