//! Running other programs: shown as typed, and refused in words.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::failure::{Failure, Outcome};

/// The `cargo` that started this program, so that both are of one toolchain.
#[expect(
    clippy::disallowed_methods,
    reason = "cargo passes its own path in the environment"
)]
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.args(arguments);
    command
}

/// Has what the command starts in turn looked for in a folder, before all others.
#[expect(
    clippy::disallowed_methods,
    reason = "one more folder goes before those where programs are looked for"
)]
pub(crate) fn find_programs_in(command: &mut Command, folder: PathBuf) {
    let mut path = folder.into_os_string();
    if let Some(others) = std::env::var_os("PATH") {
        path.push(":");
        path.push(others);
    }
    command.env("PATH", path);
}

/// Runs with the terminal's output and without input, after showing the command.
pub(crate) fn run(command: &mut Command) -> Outcome {
    println!("$ {}", shown(command));
    let status = command
        .stdin(Stdio::null())
        .status()
        .map_err(|error| could_not_start(command, &error))?;
    require_success(command, status)
}

/// As [`run`], and each line of standard output is also handed to `watch`.
pub(crate) fn run_watching(command: &mut Command, mut watch: impl FnMut(&str)) -> Outcome {
    println!("$ {}", shown(command));
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| could_not_start(command, &error))?;
    let output = child
        .stdout
        .take()
        .expect("standard output was asked for as a pipe");
    for line in BufReader::new(output).split(b'\n') {
        let line = line.map_err(|error| could_not_read(command, &error))?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        watch(&line);
    }
    let status = child
        .wait()
        .map_err(|error| could_not_read(command, &error))?;
    require_success(command, status)
}

/// Runs quietly and returns standard output; what it complained of stands in the failure.
pub(crate) fn capture(command: &mut Command) -> Outcome<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| could_not_start(command, &error))?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        return Err(Failure::because(format!(
            "`{}` failed ({}):\n{}",
            shown(command),
            output.status,
            complaint.trim_end()
        )));
    }
    String::from_utf8(output.stdout)
        .map_err(|_| Failure::because(format!("`{}` did not print UTF-8", shown(command))))
}

/// As [`capture`] without its output, but ended when it takes longer than `limit`.
pub(crate) fn run_within(limit: Duration, command: &mut Command) -> Outcome {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| could_not_start(command, &error))?;
    let mut errors = child
        .stderr
        .take()
        .expect("standard error was asked for as a pipe");
    let (ended, waiting) = mpsc::channel();
    std::thread::spawn(move || {
        let mut complaint = Vec::new();
        let read = errors.read_to_end(&mut complaint);
        // Nobody listens any more once the limit has passed.
        let _ = ended.send(read.map(|_| String::from_utf8_lossy(&complaint).into_owned()));
    });

    let Ok(complaint) = waiting.recv_timeout(limit) else {
        child
            .kill()
            .map_err(|error| could_not_read(command, &error))?;
        child
            .wait()
            .map_err(|error| could_not_read(command, &error))?;
        return Err(Failure::because(format!(
            "`{}` was ended after {} seconds",
            shown(command),
            limit.as_secs()
        )));
    };
    let status = child
        .wait()
        .map_err(|error| could_not_read(command, &error))?;
    if status.success() {
        return Ok(());
    }
    let complaint = complaint.unwrap_or_default();
    let reason = complaint.lines().next().unwrap_or("it said nothing");
    Err(Failure::because(format!(
        "`{}` failed: {reason}",
        shown(command)
    )))
}

/// Whether the program is there and answers.
pub(crate) fn answers(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The command as a person would type it, with the path of `cargo` left out.
fn shown(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let program = match program.file_name() {
        Some(name) if name == "cargo" => name.to_string_lossy(),
        _ => program.to_string_lossy(),
    };
    std::iter::once(program)
        .chain(
            command
                .get_args()
                .map(|argument| argument.to_string_lossy()),
        )
        .map(|word| {
            if word.contains(' ') {
                format!("'{word}'").into()
            } else {
                word
            }
        })
        .collect::<Vec<_>>()
        .join(" ")
}

fn require_success(command: &Command, status: std::process::ExitStatus) -> Outcome {
    if status.success() {
        return Ok(());
    }
    Err(Failure::because(format!(
        "`{}` ended with {status}",
        shown(command)
    )))
}

fn could_not_start(command: &Command, error: &std::io::Error) -> Failure {
    Failure::because(format!("cannot start `{}`: {error}", shown(command)))
}

fn could_not_read(command: &Command, error: &std::io::Error) -> Failure {
    Failure::because(format!("lost contact with `{}`: {error}", shown(command)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_failing_program_is_named_with_its_status() {
        let failure = run(&mut shell("exit 7")).expect_err("status 7");
        assert_eq!(
            failure.to_string(),
            "`sh -c 'exit 7'` ended with exit status: 7"
        );
    }

    #[test]
    fn a_missing_program_is_named() {
        let failure = run(&mut Command::new("no-such-program")).expect_err("not there");
        assert!(
            failure
                .to_string()
                .starts_with("cannot start `no-such-program`"),
            "{failure}"
        );
    }

    #[test]
    fn every_line_is_watched_even_without_its_line_end() {
        let mut seen = Vec::new();
        run_watching(&mut shell("printf 'one\\ntwo'"), |line| {
            seen.push(line.to_owned())
        })
        .expect("printf works");
        assert_eq!(seen, ["one", "two"]);
    }

    #[test]
    fn what_a_captured_program_complained_of_is_told() {
        let failure = capture(&mut shell("echo no space >&2; exit 1")).expect_err("status 1");
        assert!(failure.to_string().ends_with("no space"), "{failure}");
    }

    #[test]
    fn a_program_that_hangs_is_ended_at_its_limit() {
        let failure = run_within(
            Duration::from_millis(50),
            &mut shell("exec tail -f /dev/null"),
        )
        .expect_err("it never ends by itself");
        assert!(failure.to_string().contains("was ended after"), "{failure}");
    }

    #[test]
    fn the_first_complaint_of_a_limited_program_is_told() {
        let failure = run_within(
            Duration::from_secs(30),
            &mut shell("echo a >&2; echo b >&2; false"),
        )
        .expect_err("false");
        assert!(failure.to_string().ends_with("failed: a"), "{failure}");
    }
}
