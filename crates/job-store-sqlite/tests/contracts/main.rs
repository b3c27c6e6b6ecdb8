//! What the store owes to everyone who uses it: the duties of its ports, and that nothing
//! acknowledged is lost when its process is killed.
#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod fixture;
mod killed;
mod lost_replies;

use fixture::SqliteFixture;

mod sqlite {
    use super::*;
    batchway_port_contracts::job_store_contract!(SqliteFixture::open());
    batchway_port_contracts::sweep_ledger_contract!(SqliteFixture::open());
    batchway_port_contracts::webhook_outbox_contract!(SqliteFixture::open());
    batchway_port_contracts::webhook_secrets_contract!(SqliteFixture::open());
    batchway_port_contracts::mirror_backlog_contract!(SqliteFixture::open());
}

mod sqlite_behind_decorator {
    use super::*;
    batchway_port_contracts::job_store_contract!(SqliteFixture::open_behind_decorator());
    batchway_port_contracts::sweep_ledger_contract!(SqliteFixture::open_behind_decorator());
    batchway_port_contracts::webhook_outbox_contract!(SqliteFixture::open_behind_decorator());
    batchway_port_contracts::webhook_secrets_contract!(SqliteFixture::open_behind_decorator());
    batchway_port_contracts::mirror_backlog_contract!(SqliteFixture::open_behind_decorator());
}
