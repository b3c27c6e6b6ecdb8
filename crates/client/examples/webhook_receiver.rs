#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "an example reads the environment and talks to its terminal"
)]
//! docs/quickstart-rust.md shows what follows.

use std::error::Error;
use std::sync::Arc;

use batchway_client::types::WebhookEvent;
use poem::http::{HeaderMap, StatusCode};
use poem::listener::TcpAcceptor;
use poem::web::Data;
use poem::{EndpointExt, Server, handler, post};
use standardwebhooks::Webhook;
use tokio::net::TcpListener;

#[handler]
fn receive(webhook: Data<&Arc<Webhook>>, headers: &HeaderMap, body: Vec<u8>) -> StatusCode {
    if webhook.verify(&body, headers).is_err() {
        return StatusCode::UNAUTHORIZED;
    }
    let Ok(event) = serde_json::from_slice::<WebhookEvent>(&body) else {
        return StatusCode::UNPROCESSABLE_ENTITY;
    };
    println!(
        "{} {} {}",
        event.type_, event.data.job_id, event.data.status
    );
    // An answer with 2xx ends the delivery. The same event may come twice: its id is in the
    // header webhook-id.
    StatusCode::NO_CONTENT
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let webhook = Webhook::new(&std::env::var("BATCHWAY_WEBHOOK_SECRET")?)?;
    let port = std::env::var("PORT").unwrap_or_else(|_| "8080".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("listening on http://{}/", listener.local_addr()?);
    let routes = post(receive).data(Arc::new(webhook));
    Server::new_with_acceptor(TcpAcceptor::from_tokio(listener)?)
        .run(routes)
        .await?;
    Ok(())
}
