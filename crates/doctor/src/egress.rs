//! The way out that webhooks take.

use std::io;
use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use crate::check::{About, Check, Mend};

const LIMIT: Duration = Duration::from_secs(6);

/// Whether a name can be looked up and connected to. Nothing is sent.
pub async fn way_out(about: &About, host: &str, port: u16) -> Check {
    let tried = timeout(LIMIT, connect(host, port)).await;
    let seen = match tried {
        Ok(Ok(())) => return about.passed(format!("{host}:{port} can be connected to")),
        Ok(Err(error)) => format!("{host}:{port}: {error}"),
        Err(_) => format!("{host}:{port}: no connection within {} s", LIMIT.as_secs()),
    };
    about.warning(
        seen,
        "receivers of webhooks on the internet won't be called; those inside may be",
        Mend::by("open the way out to port 443 and to a resolver of names; no proxy is used")
            .command(format!("getent hosts {host}")),
    )
}

async fn connect(host: &str, port: u16) -> io::Result<()> {
    let mut last = io::Error::other("the name has no address");
    for address in lookup_host((host, port)).await? {
        match TcpStream::connect(address).await {
            Ok(_) => return Ok(()),
            Err(error) => last = error,
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Verdict;

    #[tokio::test]
    async fn a_way_out_and_none() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let about = About::new("webhooks.egress", "webhooks");
        assert_eq!(
            way_out(&about, "127.0.0.1", port).await.verdict,
            Verdict::Passed
        );
        drop(listener);
        assert_eq!(
            way_out(&about, "127.0.0.1", port).await.verdict,
            Verdict::Warning
        );
    }
}
