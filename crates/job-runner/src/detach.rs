//! From the process backend to a runner that outlives it: a session of its own, and a parent
//! that ends at once.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Said by the runner when its run is accepted.
const READY: &[u8] = b"ready\n";

/// Starts a runner for the folder that goes on when this process and its session are gone, and
/// waits until it has recorded itself. The run's lock comes as standard input and is handed on.
///
/// # Errors
/// Where the runner could not be started, or ended before it had recorded itself.
pub fn detach(folder: &Path) -> io::Result<()> {
    rustix::process::setsid()?;
    let mut runner = Command::new("/proc/self/exe")
        .arg0("batchway-runner")
        .arg("supervise")
        .arg(folder)
        .stdin(Stdio::inherit())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()?;
    let mut word = Vec::new();
    if let Some(output) = runner.stdout.take() {
        output.take(READY.len() as u64).read_to_end(&mut word)?;
    }
    if word == READY {
        return Ok(());
    }
    let status = runner.wait()?;
    Err(io::Error::other(format!(
        "the runner ended before it had begun ({status})"
    )))
}

/// Tells whoever detached this process that the run is accepted.
pub fn say_ready() {
    let mut output = io::stdout();
    // Whoever asked may be gone; the run goes on.
    let _ = output.write_all(READY).and_then(|()| output.flush());
}

/// Takes the lock that came as standard input, so that no program inherits it. It is held until
/// this process ends.
///
/// # Errors
/// Where there is no standard input.
pub fn take_lock() -> io::Result<OwnedFd> {
    io::stdin().as_fd().try_clone_to_owned()
}

/// Arguments of the two modes.
#[derive(Debug, clap::Args)]
pub struct FolderArgument {
    /// The folder of the run
    pub folder: PathBuf,
}
