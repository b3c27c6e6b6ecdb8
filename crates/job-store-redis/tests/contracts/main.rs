//! What the store owes to everyone who uses it: the duties of its ports, on real servers.
#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod bad_days;
mod durability;
mod fixture;
mod lost_replies;
mod moving_slots;
mod sharing;
mod stage;
mod swallowing_proxy;
mod webhooks;

use fixture::RedisFixture;

mod redis {
    use super::*;
    batchway_port_contracts::job_store_contract!(RedisFixture::open());
    batchway_port_contracts::sweep_ledger_contract!(RedisFixture::open());
    batchway_port_contracts::webhook_outbox_contract!(RedisFixture::open());
    batchway_port_contracts::webhook_secrets_contract!(RedisFixture::open());
    batchway_port_contracts::mirror_backlog_contract!(RedisFixture::open());
}

mod redis_behind_decorator {
    use super::*;
    batchway_port_contracts::job_store_contract!(RedisFixture::open_behind_decorator());
    batchway_port_contracts::sweep_ledger_contract!(RedisFixture::open_behind_decorator());
    batchway_port_contracts::webhook_outbox_contract!(RedisFixture::open_behind_decorator());
    batchway_port_contracts::webhook_secrets_contract!(RedisFixture::open_behind_decorator());
    batchway_port_contracts::mirror_backlog_contract!(RedisFixture::open_behind_decorator());
}

mod redis_cluster {
    use super::*;
    batchway_port_contracts::job_store_contract!(in one test: RedisFixture::open_in_cluster());

    mod ledger {
        use super::*;
        batchway_port_contracts::sweep_ledger_contract!(
            in one test: RedisFixture::open_in_cluster()
        );
    }

    mod webhooks {
        use super::*;
        batchway_port_contracts::webhook_outbox_contract!(
            in one test: RedisFixture::open_in_cluster()
        );
    }

    mod secrets {
        use super::*;
        batchway_port_contracts::webhook_secrets_contract!(
            in one test: RedisFixture::open_in_cluster()
        );
    }

    mod mirror {
        use super::*;
        batchway_port_contracts::mirror_backlog_contract!(
            in one test: RedisFixture::open_in_cluster()
        );
    }
}

mod redis_cluster_behind_decorator {
    use super::*;
    batchway_port_contracts::job_store_contract!(
        in one test: RedisFixture::open_in_cluster_behind_decorator()
    );

    mod ledger {
        use super::*;
        batchway_port_contracts::sweep_ledger_contract!(
            in one test: RedisFixture::open_in_cluster_behind_decorator()
        );
    }
}
