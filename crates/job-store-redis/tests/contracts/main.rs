//! What the store owes to everyone who uses it: the duties of its ports, on real servers.
#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod fixture;

use fixture::RedisFixture;

mod redis {
    use super::*;
    batchway_port_contracts::job_store_contract!(RedisFixture::open());
}

mod redis_behind_decorator {
    use super::*;
    batchway_port_contracts::job_store_contract!(RedisFixture::open_behind_decorator());
}
