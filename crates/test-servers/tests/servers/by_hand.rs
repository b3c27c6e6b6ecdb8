//! The program of this crate, which is also another process for these tests.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use batchway_test_servers::Moto;

fn program(command: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_batchway-test-servers"))
        .arg(command)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it was built with this test")
}

fn first_line(child: &mut Child) -> String {
    let mut line = String::new();
    let output = child.stdout.take().expect("asked for as a pipe");
    BufReader::new(output)
        .read_line(&mut line)
        .expect("a line of text");
    line.trim().to_owned()
}

fn connection(url: &str) -> TcpStream {
    let (_, address) = url.split_once("://").expect("a URL");
    TcpStream::connect(address).expect("somebody listens")
}

#[test]
fn another_process_has_the_same_moto() {
    let mut other = program("moto");
    assert_eq!(first_line(&mut other), Moto::shared().url());
    assert!(other.wait().unwrap().success());
}

#[test]
fn a_redis_dies_with_its_owner_also_when_that_is_killed() {
    let mut owner = program("redis");
    let url = first_line(&mut owner);
    let mut connection = connection(&url);
    connection
        .set_read_timeout(Some(Duration::from_secs(150)))
        .unwrap();
    owner.kill().unwrap();
    owner.wait().unwrap();
    // The kernel closes it when the Redis is gone.
    assert_eq!(connection.read(&mut [0]).unwrap(), 0);
}

#[test]
fn an_unknown_command_is_answered_with_the_known_ones() {
    let mut child = program("strat");
    assert_eq!(child.wait().unwrap().code(), Some(2));
}
