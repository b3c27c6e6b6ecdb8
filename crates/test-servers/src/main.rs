//! The servers by hand: for `cargo xtask test`, and for trying things out.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line program talks to its terminal"
)]

use std::process::ExitCode;

use batchway_test_servers::{DockerEngine, Moto, RedisServer, end_shared_servers};

const USAGE: &str = "\
usage: batchway-test-servers COMMAND

  start   start a Docker engine where none runs, and make the images of the tests
  stop    end all servers that tests of this build folder share
  moto    start moto where none runs, and print its address
  redis   start a Redis, print its address, and keep it until standard input ends";

fn main() -> ExitCode {
    // The servers panic with a sentence for whoever runs the tests; here it is all there is to say.
    std::panic::set_hook(Box::new(|panic| {
        eprintln!("{}", panic.payload_as_str().unwrap_or("a server panicked"));
    }));
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match std::panic::catch_unwind(|| run(&arguments)) {
        Ok(exit_code) => exit_code,
        Err(_) => ExitCode::FAILURE,
    }
}

fn run(arguments: &[&str]) -> ExitCode {
    match arguments {
        ["start"] => start(),
        ["stop"] => end_shared_servers(),
        ["moto"] => println!("{}", Moto::shared().url()),
        ["redis"] => redis(),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

fn start() {
    let engine = DockerEngine::shared();
    println!("Docker engine: {}", engine.host());
    println!("image: {}", engine.ensure_base_image());
    println!("image: {}", engine.ensure_redis_image());
}

fn redis() {
    let redis = RedisServer::start();
    println!("{}", redis.url());
    // Whatever is typed, and however it ends.
    let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
}
