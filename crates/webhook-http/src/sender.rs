use std::sync::Arc;

use async_trait::async_trait;
use batchway_domain::ports::{
    Clock, WebhookAnswer, WebhookRequest, WebhookSender, WebhookUnanswered,
};
use batchway_domain::security::{WebhookPolicy, WebhookTarget};
use tokio::time::{Instant, timeout_at};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use url::Url;

use crate::exchange::{Stream, exchange, in_http};
use crate::limits::Limits;
use crate::network::{Network, SystemNetwork};
use crate::reason::Reason;
use crate::tls::{self, UnreadableAuthority};
use crate::{addresses, connecting};

/// Sends webhooks over HTTP/1.1, to addresses that a policy permits.
#[derive(Clone, Debug)]
pub struct HttpWebhookSender {
    policy: WebhookPolicy,
    limits: Limits,
    network: Arc<dyn Network>,
    clock: Arc<dyn Clock>,
    tls: Arc<ClientConfig>,
}

impl HttpWebhookSender {
    /// A sender to what `policy` permits, by the network of this machine. It trusts the
    /// authorities of the system, and those that browsers trust where there are none; where the
    /// system keeps them may be said by `SSL_CERT_FILE` and `SSL_CERT_DIR`. Certificates are
    /// judged by the time of `clock`.
    pub fn new(policy: WebhookPolicy, clock: Arc<dyn Clock>) -> Self {
        Self {
            policy,
            limits: Limits::default(),
            network: Arc::new(SystemNetwork::default()),
            tls: tls_of(tls::system_authorities(), &clock),
            clock,
        }
    }

    /// With other limits.
    #[must_use]
    pub fn within(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// By another network.
    #[must_use]
    pub fn over(self, network: Arc<dyn Network>) -> Self {
        Self { network, ..self }
    }

    /// Trusting this authority, a certificate as DER, and no other.
    ///
    /// # Errors
    /// [`UnreadableAuthority`] where it is no certificate.
    pub fn trusting_only(self, authority: &[u8]) -> Result<Self, UnreadableAuthority> {
        let tls = tls_of(tls::only_authority(authority)?, &self.clock);
        Ok(Self { tls, ..self })
    }

    /// A connection to one of the addresses that the URL stands for, if they are permitted.
    async fn open(&self, url: &Url) -> Result<Box<dyn Stream>, WebhookUnanswered> {
        let network = self.network.as_ref();
        let permitted = addresses::of_target(url, &self.policy, network, &self.limits).await?;
        let stream = connecting::connect(&permitted, network, &self.limits).await?;
        Ok(match url.scheme() {
            "https" => Box::new(tls::handshake(self.tls.clone(), url, stream).await?),
            _ => Box::new(stream),
        })
    }
}

fn tls_of(authorities: RootCertStore, clock: &Arc<dyn Clock>) -> Arc<ClientConfig> {
    Arc::new(tls::configuration(authorities, clock.clone()))
}

#[async_trait]
impl WebhookSender for HttpWebhookSender {
    async fn send(&self, request: &WebhookRequest) -> Result<WebhookAnswer, WebhookUnanswered> {
        let deadline = Instant::now() + self.limits.attempt;
        // Once more: what was stored may be older than the policy. A name of the inside is not
        // even looked up.
        let target = WebhookTarget::judge(request.target.as_str(), &self.policy)
            .map_err(Reason::Forbidden)?;
        let url = Url::parse(target.as_str()).map_err(|error| Reason::Unwritable.because(error))?;
        let call = in_http(request, &url)?;
        let stream = timeout_at(deadline, self.open(&url))
            .await
            .map_err(|_| Reason::UnansweredWithin(self.limits.attempt))??;
        exchange(call, stream, deadline, &self.limits).await
    }
}
