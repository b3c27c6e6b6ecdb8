//! A full disk harms the job that fills it, and nothing else.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::gateway::{Installation, text};

/// A file system of its own, of a few megabytes.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path) -> Self {
        std::fs::create_dir(at).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=24m,mode=0700", "tmpfs"])
            .arg(at)
            .status()
            .unwrap();
        assert!(
            mounted.success(),
            "a small tmpfs could not be mounted, which needs root: run the tests as root, or in \
             `unshare --user --map-root-user --mount`"
        );
        Self(at.to_owned())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a runner may be on its last words.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[test]
fn a_job_that_fills_the_disk_fails_and_the_gateway_goes_on() {
    let parent = tempfile::tempdir().unwrap();
    let disk = SmallDisk::mount(&parent.path().join("disk"));
    let installation = Installation::with_test_job_types()
        .set("BATCHWAY_DATA_DIR", disk.0.join("data").to_str().unwrap());
    let key = installation.create_key("user123");
    let gateway = installation.serve();
    let api = gateway.api(&key);

    let id = api.submit("fill", &json!({"megabytes": 100}));
    let failed = api.wait_for_status(&id, "failed");
    assert!(failed["failure"]["remedy"].is_string(), "{failed:#}");

    api.get("/readyz").expect(200);
    let witness = installation.path().join("witness");
    let next = api.submit("note", &json!({"text": "still here", "witness": witness}));
    let job = api.wait_for_status(&next, "completed");
    assert_eq!(api.fetch(text(&job, "result_url")).bytes, b"still here");
}
