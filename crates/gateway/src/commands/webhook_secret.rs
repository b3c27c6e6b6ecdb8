//! `batchway webhook-secret`.

use std::sync::Arc;

use batchway_application::use_cases::FORMER_SECRET_SIGNS_FOR;

use super::keys::{print, user_name};
use crate::command_line::WebhookSecretCommand;
use crate::configuration::Configuration;
use crate::data_folder::DataFolder;
use crate::failure::Failure;
use crate::system_clock::SystemClock;
use crate::wiring::{self, Patience};

pub(crate) async fn run(
    configuration: Configuration,
    command: WebhookSecretCommand,
) -> Result<(), Failure> {
    let folder = DataFolder::open(&configuration.data_folder, "BATCHWAY_DATA_DIR")?;
    let gateway = wiring::wire_at(
        &configuration,
        &folder,
        configuration.listen,
        Arc::new(SystemClock),
        Patience::None,
    )
    .await?;
    let application = gateway.application;
    let secret = match command {
        WebhookSecretCommand::Show { user } => application.webhook_secret(&user_name(&user)?).await,
        WebhookSecretCommand::Rotate { user } => {
            let secret = application.rotate_webhook_secret(&user_name(&user)?).await;
            if secret.is_ok() {
                tell_of_the_former();
            }
            secret
        }
    };
    print(&secret.map_err(Failure::failed)?.reveal());
    Ok(())
}

/// On standard error: standard output has the secret alone.
#[expect(
    clippy::print_stderr,
    reason = "this is told to whoever typed the command"
)]
fn tell_of_the_former() {
    let hours = FORMER_SECRET_SIGNS_FOR.as_secs() / 3600;
    eprintln!(
        "Webhooks are signed with both secrets for {hours} hours: give receivers the new one until \
         then."
    );
}
