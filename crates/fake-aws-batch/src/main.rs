//! `fake-aws-batch`: AWS Batch on this machine, for tests.

mod command_line;

use std::io::Write;
use std::process::ExitCode;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_smithy_http_client::tls;
use batchway_fake_aws_batch::server::{EventQueue, FakeAwsBatch, ServerSettings};
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tracing_subscriber::EnvFilter;

use command_line::CommandLine;

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> ExitCode {
    let command_line = CommandLine::parse();
    let filter = EnvFilter::new(&command_line.log);
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    match serve(command_line).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            tracing::error!("{failure}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(command_line: CommandLine) -> Result<(), Failure> {
    let events = match &command_line.events_queue_url {
        Some(url) => Some(EventQueue::new(&sdk(&command_line.region).await, url)),
        None => None,
    };
    let settings = ServerSettings {
        events,
        ..command_line.settings()
    };
    let fake = FakeAwsBatch::start(settings)
        .await
        .map_err(|error| format!("can't listen on {}: {error}", command_line.listen))?;
    for queue in &command_line.job_queue {
        fake.add_queue(queue)?;
    }
    for definition in &command_line.job_definition {
        fake.add_definition(definition, &command_line.image, &command_line.command)?;
    }
    // Whoever started it reads this line and knows that it listens.
    writeln!(std::io::stdout(), "{}", fake.url())?;
    until_told_to_end(command_line.until_stdin_ends).await?;
    fake.stop().await;
    Ok(())
}

/// As any program of AWS is configured: `AWS_ENDPOINT_URL_SQS`, credentials, profiles.
async fn sdk(region: &str) -> SdkConfig {
    let ring = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
    let client = aws_smithy_http_client::Builder::new().tls_provider(ring);
    aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(region.to_owned()))
        .http_client(client.build_https())
        .load()
        .await
}

async fn until_told_to_end(until_stdin_ends: bool) -> Result<(), Failure> {
    let mut terminate = signal(SignalKind::terminate())?;
    let (ended, stdin_ends) = oneshot::channel();
    if until_stdin_ends {
        // A thread of its own, which nobody has to wait for.
        std::thread::spawn(move || {
            // However it ends.
            let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
            let _ = ended.send(());
        });
    }
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminate.recv() => {}
        Ok(()) = stdin_ends => {}
    }
    Ok(())
}
