//! Where jobs are mirrored to.

use std::sync::Arc;

use batchway_application::MirrorPorts;
use batchway_job_mirror_supabase::SupabaseMirror;

use super::Store;
use crate::configuration::Adapters;

/// The table that is configured, where one is. Nobody waits for it at the start: what it doesn't
/// take is mirrored later, and the log says why.
pub(super) fn open(adapters: &Adapters, store: &Store) -> Option<MirrorPorts> {
    let config = adapters.mirror.clone()?;
    Some(MirrorPorts {
        backlog: store.mirror_backlog(),
        mirror: Arc::new(SupabaseMirror::new(config)),
        encode: batchway_http_api::encode_row,
    })
}

pub(super) fn summary(adapters: &Adapters) -> Option<String> {
    let config = adapters.mirror.as_ref()?;
    Some(format!(
        "jobs mirrored to the table {} of Supabase at {}, from their next change on",
        config.table(),
        config.host()
    ))
}
