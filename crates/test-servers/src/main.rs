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
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["start"] => {
            let engine = DockerEngine::shared();
            println!("Docker engine: {}", engine.host());
            println!("image: {}", engine.ensure_base_image());
            println!("image: {}", engine.ensure_redis_image());
        }
        ["stop"] => end_shared_servers(),
        ["moto"] => println!("{}", Moto::shared().url()),
        ["redis"] => {
            let redis = RedisServer::start();
            println!("{}", redis.url());
            // Whatever is typed, and however it ends.
            let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}
