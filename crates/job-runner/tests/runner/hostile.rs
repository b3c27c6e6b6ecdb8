//! Programs that misbehave.

use std::os::unix::ffi::OsStrExt;
use std::process::Command;

use batchway_domain::artifacts::ProgramEnd;
use batchway_domain::runner::{exit_codes, variables};

use crate::stage::{Stage, until};

#[test]
fn a_gigabyte_of_output_passes_through_and_is_cut() {
    let stage = Stage::new().with(variables::LOG_BYTES, 100_000);
    let script = "echo first; head -c 1G /dev/zero; echo; echo last";
    let mut runner = stage.command(&["/bin/sh", "-c", script]).spawn().unwrap();
    let mut output = runner.stdout.take().unwrap();
    let passed = std::io::copy(&mut output, &mut std::io::sink()).unwrap();
    assert_eq!(runner.wait().unwrap().code(), Some(0));
    assert_eq!(passed, 6 + (1 << 30) + 1 + 5);
    let log = stage.log();
    assert!(log.len() < 101_000, "{}", log.len());
    let text = String::from_utf8(log).unwrap();
    assert!(text.contains("first\n\0"), "the beginning is kept");
    assert!(text.contains("bytes of output were left out here"));
    assert!(text.contains("\0\nlast\n"), "the end is kept");
}

#[test]
fn binary_rubbish_is_kept_as_it_is() {
    let stage = Stage::new();
    assert_eq!(stage.exit_code(r"printf '\377\376\000\033[31m\200\n'"), 0);
    let log = stage.log();
    assert!(log.ends_with(b"\xff\xfe\0\x1b[31m\x80\n"), "{log:?}");
}

#[test]
fn output_that_nobody_reads_does_not_stop_the_work() {
    let stage = Stage::new();
    let script = "head -c 10M /dev/zero; echo done > $BATCHWAY_OUTPUT_DIR/done";
    let mut runner = stage.command(&["/bin/sh", "-c", script]).spawn().unwrap();
    drop(runner.stdout.take());
    assert_eq!(runner.wait().unwrap().code(), Some(0));
    assert_eq!(stage.artifact("done").as_deref(), Some("done\n"));
}

#[test]
fn a_program_that_closes_its_output_goes_on() {
    let stage = Stage::new();
    let script = "exec >&- 2>&-; sleep 0.2; echo done > $BATCHWAY_OUTPUT_DIR/done";
    assert_eq!(stage.exit_code(script), 0);
    assert_eq!(stage.artifact("done").as_deref(), Some("done\n"));
}

#[test]
fn progress_by_the_ten_thousand_and_rubbish_among_it_do_no_harm() {
    let stage = Stage::new();
    let script = r#"
        head -c 3M /dev/urandom > $BATCHWAY_PROGRESS
        echo > $BATCHWAY_PROGRESS
        i=0
        while [ $i -lt 20000 ]; do
            echo "{\"progress\": 0.$i, \"message\": \"step $i\"}"
            i=$((i + 1))
        done >> $BATCHWAY_PROGRESS
        echo done > $BATCHWAY_OUTPUT_DIR/done"#;
    assert_eq!(stage.exit_code(script), 0);
    assert_eq!(stage.artifact("done").as_deref(), Some("done\n"));
}

#[test]
fn a_program_that_reads_or_removes_its_progress_does_not_hang() {
    let stage = Stage::new();
    let script = r#"
        (timeout 0.2 cat $BATCHWAY_PROGRESS; true)
        rm $BATCHWAY_PROGRESS
        echo '{"progress": 0.5}' > $BATCHWAY_PROGRESS"#;
    assert_eq!(stage.exit_code(script), 0);
}

#[test]
fn odd_names_and_links_are_left_out_and_named() {
    let stage = Stage::new();
    let script = r#"
        cd $BATCHWAY_OUTPUT_DIR
        echo good > 'good ü name'
        mkdir -p a/b; echo deep > a/b/deep
        ln -s /etc/passwd link
        ln -s /etc folder-link
        ln /etc/hostname hard 2>/dev/null; rm -f hard
        mkfifo pipe
        echo x > "$(printf 'new\nline')"
        echo x > "$(printf 'not\377text')"
        echo x > 'back\slash'
        mkdir _batchway; echo x > _batchway/manifest.json"#;
    assert_eq!(stage.exit_code(script), 0);
    let manifest = stage.manifest().unwrap();
    let names: Vec<&str> = manifest.objects.iter().map(|o| o.name.as_str()).collect();
    assert_eq!(names, ["a/b/deep", "good ü name"]);
    let remark = manifest.message.unwrap();
    assert!(remark.starts_with("Not among the results: "), "{remark}");
    let log = stage.log_text();
    for left_out in [
        "link",
        "folder-link",
        "pipe",
        "new",
        "not",
        "back",
        "_batchway",
    ] {
        let line = format!("not among the results: \"{left_out}");
        assert!(log.contains(&line), "{left_out}: {log}");
    }
    let stored = stage.path("artifacts/objects/test/ada");
    let mut passwd = false;
    visit(&stored, &mut |path| {
        let content = std::fs::read(path).unwrap();
        passwd |= content.windows(5).any(|bytes| bytes == b"root:");
        assert!(!path.as_os_str().as_bytes().contains(&b'\n'));
    });
    assert!(!passwd, "nothing from outside was taken");
}

fn visit(folder: &std::path::Path, look: &mut dyn FnMut(&std::path::Path)) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.file_type().unwrap().is_dir() {
            visit(&entry.path(), look);
        } else {
            look(&entry.path());
        }
    }
}

#[test]
fn what_a_program_leaves_running_ends_with_it() {
    let stage = Stage::new();
    let script = "
        sleep 600 &
        setsid sleep 600 &
        (setsid sh -c 'sleep 600 & touch $STAGE/all; sleep 600' &)
        until [ -e $STAGE/all ]; do :; done";
    assert_eq!(stage.exit_code(script), 0);
    assert_eq!(stage.processes(), [0; 0]);
}

#[test]
fn a_killed_runner_takes_its_program_with_it() {
    let stage = Stage::new();
    let running = stage.start("touch $STAGE/started; exec sleep 600");
    // With what made the file, it may be one more at first.
    until(|| stage.processes().len() == 2);
    running.signal(rustix::process::Signal::KILL);
    drop(running);
    until(|| stage.processes().is_empty());
}

#[test]
fn ends_are_told_apart() {
    let cases = [
        ("exit 0", 0, ProgramEnd::Exited { code: 0 }),
        ("exit 3", 3, ProgramEnd::Exited { code: 3 }),
        ("exit 255", 255, ProgramEnd::Exited { code: 255 }),
        // What is the runner's to say is not said for the program; the manifest has its own.
        ("exit 117", 117, ProgramEnd::Exited { code: 117 }),
        ("exit 118", 1, ProgramEnd::Exited { code: 118 }),
        ("exit 119", 1, ProgramEnd::Exited { code: 119 }),
        ("exit 125", 1, ProgramEnd::Exited { code: 125 }),
        ("exit 126", 126, ProgramEnd::Exited { code: 126 }),
        ("kill -TERM $$", 143, ProgramEnd::Signalled { signal: 15 }),
        ("kill -ABRT $$", 134, ProgramEnd::Signalled { signal: 6 }),
        ("kill -KILL $$", 137, ProgramEnd::Signalled { signal: 9 }),
    ];
    for (script, code, end) in cases {
        let stage = Stage::new();
        assert_eq!(stage.exit_code(script), code, "{script}");
        assert_eq!(stage.manifest().unwrap().end, end, "{script}");
    }
}

#[test]
fn a_program_that_can_not_be_started_is_named() {
    for program in ["/no/such/program", "no-such-program", "/etc/passwd", "/tmp"] {
        let stage = Stage::new();
        let output = stage.command(&[program]).output().unwrap();
        assert_eq!(output.status.code(), Some(exit_codes::NOT_STARTED));
        let manifest = stage.manifest().unwrap();
        assert_eq!(manifest.end, ProgramEnd::NotStarted);
        assert_eq!(manifest.started_at, None);
        assert!(manifest.message.unwrap().contains(program));
        assert!(stage.log_text().contains(program));
        assert!(stage.leftovers().is_empty());
    }
}

#[test]
fn long_params_are_handed_over_in_the_file() {
    let long = format!("{{\"text\": \"{}\"}}", "x".repeat(250_000));
    let stage = Stage::new().without(variables::JOB_PARAMS);
    let key = crate::stage::folder_of(&crate::stage::job(1)).params();
    stage.put(&key, long.as_bytes());
    let script = "test -z \"$JOB_PARAMS\" && cp $BATCHWAY_PARAMS_FILE $BATCHWAY_OUTPUT_DIR/params";
    assert_eq!(stage.exit_code(script), 0);
    assert_eq!(stage.artifact("params").unwrap(), long);
}

#[test]
fn the_token_is_for_the_runner_alone() {
    let stage = Stage::new()
        .with(variables::JOB_TOKEN, "secret-token")
        .with(variables::GATEWAY_URL, "http://127.0.0.1:9");
    let output = stage.run("env; cat /proc/self/environ; ls -l /proc/self/fd");
    let output = String::from_utf8(output.stdout).unwrap();
    assert!(output.contains("BATCHWAY_OUTPUT_DIR="));
    assert!(!output.contains("secret-token"), "{output}");
    // Whoever runs the tests may leave files open for all that descends from them.
    let ours = Command::new("ls").args(["-l", "/proc/self/fd"]).output();
    let ours = String::from_utf8(ours.unwrap().stdout).unwrap();
    let open = |list: &str| list.lines().filter(|line| line.contains(" -> ")).count();
    assert_eq!(open(&output), open(&ours), "{output}\n{ours}");
}

#[test]
fn the_program_can_not_read_the_runners_environment() {
    let stage = Stage::new().with(variables::JOB_TOKEN, "the-token");
    // Whoever may trace every process can read it all the same.
    let script = "
        unprivileged=
        if [ $(id -u) = 0 ]; then unprivileged='setpriv --bounding-set=-all --inh-caps=-all'; fi
        $unprivileged cat /proc/$PPID/environ > $BATCHWAY_OUTPUT_DIR/environ
        $unprivileged cat /proc/self/environ > $BATCHWAY_OUTPUT_DIR/own
        true";
    assert_eq!(stage.exit_code(script), 0);
    assert_eq!(stage.artifact("environ").as_deref(), Some(""));
    assert!(stage.artifact("own").unwrap().contains("USER_ID=ada"));
}
