//! An engine of the build folder's own, where the machine runs none.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use super::engine::{DockerEngine, USUAL_HOST};
use crate::build_folder::servers_folder;
use crate::program;
use crate::shared::{SharedServer, Start};

const NAME: &str = "docker";
/// Longer than a build between two test runs; it costs 100 MB of memory and no CPU.
const IDLE_LIMIT: Duration = Duration::from_secs(15 * 60);

/// Uses it until this process ends; starts it where it does not run.
pub(super) fn join() {
    let joined = server().join(
        |host| DockerEngine::at(host.to_owned()).answers(),
        || Start {
            command: daemon(),
            address: host(),
            ready: "API listen on",
            port: None,
        },
    );
    joined.until_exit();
}

/// Ends it and the containers in it.
pub(crate) fn end() {
    let server = server();
    if server.is_alive() {
        remove_all_containers(&DockerEngine::at(host()));
    }
    server.end();
    // There may be none; and what stays is replaced at the next start.
    let _ = std::fs::remove_dir_all(runtime_folder());
    if let Some(ip) = program::of_the_system("ip") {
        let _ = Command::new(ip)
            .args(["link", "delete", &bridge_name()])
            .output();
    }
}

/// Its address, whether it runs or not.
pub(super) fn host() -> String {
    format!("unix://{}/docker.sock", runtime_folder().display())
}

fn server() -> SharedServer {
    SharedServer::named(NAME, IDLE_LIMIT)
}

/// Tells the engines of two build folders apart.
fn fingerprint() -> u64 {
    let mut hasher = DefaultHasher::new();
    servers_folder(NAME).hash(&mut hasher);
    hasher.finish()
}

/// Sockets have short paths, and a build folder may not.
fn runtime_folder() -> PathBuf {
    PathBuf::from(format!("/run/batchway-test-docker-{:016x}", fingerprint()))
}

/// Names of network interfaces have at most 15 characters.
fn bridge_name() -> String {
    format!("bw-test-{:06x}", fingerprint() & 0xff_ffff)
}

/// One of those that everybody may give (the second lowest bit of the first byte is set).
fn bridge_address() -> String {
    let [.., a, b, c, d] = fingerprint().to_be_bytes();
    format!("02:62:{a:02x}:{b:02x}:{c:02x}:{d:02x}")
}

fn daemon() -> Command {
    let dockerd = program::of_the_system("dockerd")
        .filter(|_| rustix::process::geteuid().is_root())
        .unwrap_or_else(|| {
            panic!(
                "no Docker engine answers (DOCKER_HOST, {USUAL_HOST}), and none can be started \
                 here, which takes root and `dockerd`: start Docker, or run \
                 `cargo xtask test --only prerequisites` as root on Debian"
            )
        });
    let runtime = runtime_folder();
    // Process ids and sockets of an engine that was killed mislead the next one.
    let _ = std::fs::remove_dir_all(&runtime);
    std::fs::create_dir_all(&runtime)
        .unwrap_or_else(|error| panic!("could not create {}: {error}", runtime.display()));
    make_bridge();

    let mut command = Command::new(dockerd);
    command
        .arg("--data-root")
        .arg(servers_folder(NAME).join("data"))
        .arg("--exec-root")
        .arg(runtime.join("exec"))
        .arg("--pidfile")
        .arg(runtime.join("docker.pid"))
        .args(["--host", &host(), "--bridge", &bridge_name()])
        .args(["--shutdown-timeout", "5"]);
    command
}

/// On the usual bridge, two engines would give two containers the same address.
fn make_bridge() {
    let ip = program::needed("ip", "iproute2");
    let name = bridge_name();
    // A range that is for testing networks, and so is no network of anybody (RFC 2544).
    let address = format!("198.18.{}.1/24", fingerprint() >> 56);
    let add = ["link", "add", "name", &name, "type", "bridge"];
    // It may be there from the last time, and have its address.
    let _ = Command::new(&ip).args(add).output();
    let _ = Command::new(&ip)
        .args(["address", "add", &address, "dev", &name])
        .output();
    // A bridge without an address of its own takes one from its ports: with each container that
    // ends, the others could lose their way to this machine for half a minute.
    let up = Command::new(&ip)
        .args(["link", "set", "dev", &name, "address", &bridge_address()])
        .arg("up")
        .output()
        .unwrap_or_else(|error| panic!("could not run `ip`: {error}"));
    assert!(
        up.status.success(),
        "could not make a network for containers: {}",
        String::from_utf8_lossy(&up.stderr)
    );
}

fn remove_all_containers(engine: &DockerEngine) {
    let ids = engine.run(&["ps", "--all", "--quiet"]);
    if !ids.is_empty() {
        let remove = ["rm", "--force", "--volumes"].into_iter();
        engine.run(&remove.chain(ids.lines()).collect::<Vec<_>>());
    }
}
