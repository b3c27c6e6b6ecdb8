//! ARNs of this account.

use std::sync::Arc;

use super::settings::Settings;

/// Makes and reads ARNs.
#[derive(Debug)]
pub(super) struct Arns {
    region: String,
    account: String,
    /// `arn:aws:batch:region:account:`
    batch: String,
}

impl Arns {
    pub(super) fn new(settings: &Settings) -> Self {
        let (region, account) = (&settings.region, &settings.account_number);
        Self {
            batch: format!("arn:aws:batch:{region}:{account}:"),
            region: region.clone(),
            account: account.clone(),
        }
    }

    pub(super) fn job(&self, id: &str) -> Arc<str> {
        self.of("job", id)
    }

    pub(super) fn job_queue(&self, name: &str) -> Arc<str> {
        self.of("job-queue", name)
    }

    pub(super) fn job_definition(&self, name: &str, revision: i32) -> Arc<str> {
        self.of("job-definition", &format!("{name}:{revision}"))
    }

    pub(super) fn compute_environment(&self, name: &str) -> Arc<str> {
        self.of("compute-environment", name)
    }

    /// Of anything in ECS.
    pub(super) fn ecs(&self, kind: &str, name: &str) -> Arc<str> {
        let Self {
            region, account, ..
        } = self;
        format!("arn:aws:ecs:{region}:{account}:{kind}/{name}").into()
    }

    /// The name in a name or an ARN of that kind; `None` for an ARN of another kind or account.
    pub(super) fn name<'a>(&self, kind: &str, name_or_arn: &'a str) -> Option<&'a str> {
        if !name_or_arn.starts_with("arn:") {
            return Some(name_or_arn);
        }
        let resource = name_or_arn.strip_prefix(self.batch.as_str())?;
        resource.strip_prefix(kind)?.strip_prefix('/')
    }

    fn of(&self, kind: &str, name: &str) -> Arc<str> {
        [&self.batch, kind, "/", name].concat().into()
    }
}
