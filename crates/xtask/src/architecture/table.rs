//! Who may depend on whom: the table of the house, as data.
//!
//! A folder under `crates/` that is not here fails the check. Add its row, and
//! say in `docs/adr/` why the house needs another room.

/// One folder under `crates/`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) folder: &'static str,
    /// Our crates in what it ships (normal and build dependencies).
    pub(crate) may_use: Ours,
    /// Our crates that its tests may use besides.
    pub(crate) tests_may_use: Ours,
    /// Outside crates that must not be linked into it, not even through others.
    pub(crate) never_links: &'static [Outsiders],
    /// Paths of the standard library that its sources must not mention.
    pub(crate) never_mentions: &'static [&'static str],
    /// Whether the compiler must insist on documentation of every public item.
    pub(crate) is_documented: bool,
}

/// A choice among our own crates, by folder name.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ours {
    Only(&'static [&'static str]),
    /// As needed, except for the crates of [`NEVER_USED`].
    AsNeeded,
}

/// Outside crates that stand for one decision.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outsiders {
    pub(crate) are: &'static str,
    /// Package names; a name that ends in `*` stands for all that begin so.
    pub(crate) packages: &'static [&'static str],
}

impl Outsiders {
    pub(crate) fn include(&self, package: &str) -> bool {
        self.packages
            .iter()
            .any(|pattern| match pattern.strip_suffix('*') {
                Some(beginning) => package.starts_with(beginning),
                None => package == *pattern,
            })
    }
}

/// The top of the house: a test runs its binary instead of linking it.
pub(crate) const NEVER_USED: &[&str] = &["gateway"];

const ASYNC_RUNTIME: Outsiders = Outsiders {
    are: "an async runtime",
    packages: &["tokio", "async-std", "smol"],
};
/// Not `hyper`, which HTTP clients link too.
const HTTP_SERVER: Outsiders = Outsiders {
    are: "an HTTP server",
    packages: &["poem", "poem-*", "axum"],
};
/// Not `aws-*`: `aws-lc-rs` is cryptography that any TLS client may bring.
const AWS_SDK: Outsiders = Outsiders {
    are: "an AWS SDK",
    packages: &[
        "aws-config",
        "aws-sdk-*",
        "aws-smithy-*",
        "aws-types",
        "aws-runtime",
    ],
};
const REDIS: Outsiders = Outsiders {
    are: "a Redis client",
    packages: &["fred", "redis"],
};
const SQL: Outsiders = Outsiders {
    are: "a SQL database",
    packages: &[
        "rusqlite",
        "libsqlite3-sys",
        "sqlx",
        "sqlx-*",
        "diesel",
        "tokio-postgres",
    ],
};
const RANDOMNESS: Outsiders = Outsiders {
    are: "system randomness",
    packages: &["getrandom", "rand", "fastrand"],
};

const NOTHING: Ours = Ours::Only(&[]);
const DOMAIN: Ours = Ours::Only(&["domain"]);
const FAKES_AND_CONTRACTS: Ours =
    Ours::Only(&["memory-adapters", "port-contracts", "test-servers"]);

const ROOM: Row = Row {
    folder: "",
    may_use: NOTHING,
    tests_may_use: FAKES_AND_CONTRACTS,
    never_links: &[],
    never_mentions: &[],
    is_documented: false,
};

/// An adapter knows the ports, and never another adapter.
const fn adapter(folder: &'static str) -> Row {
    Row {
        folder,
        may_use: DOMAIN,
        ..ROOM
    }
}

const fn tool(folder: &'static str) -> Row {
    Row {
        folder,
        may_use: Ours::AsNeeded,
        tests_may_use: Ours::AsNeeded,
        ..ROOM
    }
}

pub(crate) const TABLE: &[Row] = &[
    Row {
        folder: "domain",
        may_use: NOTHING,
        never_links: &[ASYNC_RUNTIME, HTTP_SERVER, AWS_SDK, REDIS, SQL, RANDOMNESS],
        never_mentions: &[
            "std::env",
            "std::fs",
            // Addresses are values; sockets and name resolution are the world outside.
            "std::net::TcpListener",
            "std::net::TcpStream",
            "std::net::ToSocketAddrs",
            "std::net::UdpSocket",
            "std::process",
            "std::thread",
            "std::time::Instant",
            "std::time::SystemTime",
        ],
        is_documented: true,
        ..ROOM
    },
    Row {
        folder: "application",
        may_use: DOMAIN,
        never_links: &[HTTP_SERVER, AWS_SDK, REDIS, SQL],
        ..ROOM
    },
    Row {
        folder: "port-contracts",
        may_use: DOMAIN,
        is_documented: true,
        ..ROOM
    },
    Row {
        folder: "memory-adapters",
        may_use: DOMAIN,
        ..ROOM
    },
    adapter("artifact-store-filesystem"),
    adapter("artifact-store-s3"),
    Row {
        tests_may_use: Ours::Only(&[
            "fake-aws-batch",
            "memory-adapters",
            "port-contracts",
            "test-servers",
        ]),
        ..adapter("compute-aws-batch")
    },
    adapter("compute-local-process"),
    adapter("event-feed-sqs"),
    adapter("job-mirror-supabase"),
    adapter("job-store-redis"),
    adapter("job-store-sqlite"),
    adapter("webhook-http"),
    Row {
        folder: "http-api",
        may_use: Ours::Only(&["application", "domain"]),
        never_links: &[AWS_SDK, REDIS, SQL],
        ..ROOM
    },
    Row {
        folder: "gateway",
        may_use: Ours::AsNeeded,
        ..ROOM
    },
    Row {
        folder: "job-runner",
        may_use: Ours::Only(&[
            "artifact-store-filesystem",
            "artifact-store-s3",
            "aws-http-client",
            "domain",
        ]),
        never_links: &[HTTP_SERVER, REDIS],
        ..ROOM
    },
    // What a program hands to the SDK; adapters are given the SDK's configuration whole.
    Row {
        folder: "aws-http-client",
        may_use: NOTHING,
        never_links: &[HTTP_SERVER, REDIS, SQL],
        is_documented: true,
        ..ROOM
    },
    // Looks at what adapters will meet, and knows none of them.
    Row {
        folder: "doctor",
        may_use: Ours::Only(&["aws-http-client", "domain"]),
        never_links: &[HTTP_SERVER, REDIS, SQL],
        is_documented: true,
        ..ROOM
    },
    Row {
        folder: "open-chemistry",
        may_use: NOTHING,
        ..ROOM
    },
    Row {
        folder: "client",
        may_use: NOTHING,
        never_links: &[HTTP_SERVER, AWS_SDK, REDIS, SQL],
        is_documented: true,
        ..ROOM
    },
    Row {
        folder: "client-generator",
        may_use: NOTHING,
        ..ROOM
    },
    tool("benchmarks"),
    tool("chaos"),
    tool("end-to-end-tests"),
    // Knows none of ours: it is of use to others as it is.
    Row {
        folder: "fake-aws-batch",
        may_use: NOTHING,
        is_documented: true,
        ..ROOM
    },
    Row {
        folder: "fault-proxy",
        may_use: NOTHING,
        is_documented: true,
        ..ROOM
    },
    tool("simulator"),
    // Knows none of ours: it starts other people's servers.
    Row {
        folder: "test-servers",
        may_use: NOTHING,
        ..ROOM
    },
    tool("xtask"),
];
