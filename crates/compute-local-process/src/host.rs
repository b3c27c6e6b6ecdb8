//! Which folder of runs this is, and which boot of the machine.

use std::fs;
use std::io;
use std::path::Path;

use batchway_domain::ports::Entropy;
use data_encoding::HEXLOWER;

use crate::run::sync_folder;

/// Where the folder keeps its name.
const FILE: &str = "host";

/// The longest part of a machine's name that is used.
const LONGEST_NAME: usize = 63;

/// The name of a folder of runs: the machine's at the time when it was made, and some chance, so
/// that copies of a machine differ. It stays when a container gets another name.
pub(crate) fn name_of(runs_dir: &Path, entropy: &dyn Entropy) -> io::Result<String> {
    let path = runs_dir.join(FILE);
    match fs::read_to_string(&path) {
        Ok(name) if is_name(name.trim()) => return Ok(name.trim().to_owned()),
        Ok(_) => {
            return Err(io::Error::other(format!(
                "{} does not hold the name of a host",
                path.display()
            )));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let chance = HEXLOWER.encode(&entropy.bytes::<3>());
    let name = format!("{}-{chance}", machine_name());
    let partial = runs_dir.join(format!(".{FILE}.partial"));
    fs::write(&partial, &name)?;
    fs::File::open(&partial)?.sync_all()?;
    fs::rename(partial, path)?;
    sync_folder(runs_dir)?;
    Ok(name)
}

fn machine_name() -> String {
    let name = rustix::system::uname();
    let name = name.nodename().to_string_lossy();
    let name: String = name.chars().filter(|c| is_in_name(*c)).collect();
    match &name[..name.len().min(LONGEST_NAME)] {
        "" => "host".to_owned(),
        name => name.to_owned(),
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= LONGEST_NAME + 7 && text.chars().all(is_in_name)
}

fn is_in_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '.' || c == '_'
}

/// The present boot of the machine.
pub(crate) fn boot_id() -> io::Result<String> {
    let text = fs::read_to_string("/proc/sys/kernel/random/boot_id")?;
    Ok(text.trim().to_owned())
}
