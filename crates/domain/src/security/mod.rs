//! Keys of callers, tokens of jobs, signed links, and what may be called from inside.

mod api_key;
mod global_unicast;
mod job_token;
mod signed_link;
mod signing;
mod webhook_policy;
mod webhook_target;

pub use api_key::{ApiKey, InvalidApiKey, KeyDigest};
pub use global_unicast::is_global_unicast;
pub use job_token::{InvalidJobToken, JobToken};
pub use signed_link::{InvalidLink, LinkClaims, LinkMethod, LinkSigner};
pub use signing::{InvalidSecret, Purpose, SigningSecrets};
pub use webhook_policy::WebhookPolicy;
pub use webhook_target::{ForbiddenTarget, WebhookTarget};
