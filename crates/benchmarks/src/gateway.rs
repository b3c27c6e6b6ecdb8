//! The programs under measurement, each in a process of its own.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use batchway_test_servers::RedisServer;
use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::Outcome;

/// A server that ends with the measurement.
pub(crate) struct Served {
    child: Child,
    pub(crate) port: u16,
    _folder: Option<TempDir>,
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended already, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An installation of the gateway: its variables and its folder.
pub(crate) struct Installation {
    variables: Vec<(String, String)>,
}

impl Installation {
    /// On this Redis, durable and with quotas.
    pub(crate) fn on(redis: &RedisServer) -> Self {
        let variables = [
            ("REDIS_HOST", "127.0.0.1".to_owned()),
            ("REDIS_PORT", redis.port().to_string()),
            ("BATCHWAY_REDIS_DURABILITY", "fsync".to_owned()),
            ("BATCHWAY_MAX_QUEUED_JOBS", "100000000".to_owned()),
            ("BATCHWAY_MAX_ACTIVE_JOBS_PER_USER", "100000000".to_owned()),
            ("BATCHWAY_SECRET", "s".repeat(43)),
            ("BATCHWAY_LOG", "warn".to_owned()),
        ];
        Self {
            variables: variables
                .map(|(name, value)| (name.to_owned(), value))
                .into(),
        }
    }

    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A new key of a user.
    pub(crate) fn create_key(&self, user: &str) -> Outcome<String> {
        let folder = tempfile::tempdir()?;
        let output = self
            .command(&folder)?
            .args(["keys", "create", "--user", user])
            .output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into());
        }
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    /// Starts the gateway and waits until it is ready.
    pub(crate) async fn serve(&self, options: &[&str]) -> Outcome<Served> {
        let folder = tempfile::tempdir()?;
        let port = free_port()?;
        let mut command = self.command(&folder)?;
        command
            .args(["serve", "--listen", &format!("127.0.0.1:{port}")])
            .args(options);
        start(command, port, Some(folder)).await
    }

    fn command(&self, folder: &TempDir) -> Outcome<Command> {
        let mut command = Command::new(beside("batchway")?);
        command
            .current_dir(folder.path())
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("BATCHWAY_DATA_DIR", folder.path().join("data"))
            .envs(self.variables.iter().cloned());
        Ok(command)
    }
}

/// Starts the ceiling on the same Redis.
pub(crate) async fn serve_ceiling(redis: &RedisServer) -> Outcome<Served> {
    let port = free_port()?;
    let mut command = Command::new(std::env::current_exe()?);
    command.args([
        "ceiling",
        "--listen",
        &format!("127.0.0.1:{port}"),
        "--redis",
        &redis.url(),
    ]);
    start(command, port, None).await
}

async fn start(mut command: Command, port: u16, folder: Option<TempDir>) -> Outcome<Served> {
    let child = command.stdin(Stdio::null()).spawn()?;
    let mut served = Served {
        child,
        port,
        _folder: folder,
    };
    let deadline = Instant::now() + Duration::from_secs(60);
    while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        if let Some(status) = served.child.try_wait()? {
            return Err(format!("a server ended at once: {status}").into());
        }
        if Instant::now() > deadline {
            return Err("a server did not listen within a minute".into());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(served)
}

fn free_port() -> Outcome<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?
        .local_addr()?
        .port())
}

/// A program of the same build.
fn beside(name: &str) -> Outcome<PathBuf> {
    let path = std::env::current_exe()?.with_file_name(name);
    if path.exists() {
        return Ok(path);
    }
    Err(format!("{} is not there: `just bench` builds it", path.display()).into())
}
