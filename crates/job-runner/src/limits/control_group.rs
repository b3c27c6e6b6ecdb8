//! Control groups, of both versions.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Wanted;
use super::surroundings::kills_in;

/// The span over which a share of a core is measured, in microseconds; the kernel's own default.
const CPU_PERIOD: u32 = 100_000;

/// How long the kernel may take to see that a group is empty.
const EMPTY_WITHIN: Duration = Duration::from_secs(2);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    V1,
    V2,
}

/// A group of our own, with its limits set. Of version 1 it holds one controller.
#[derive(Debug)]
pub(super) struct ControlGroup {
    version: Version,
    path: PathBuf,
    controllers: Vec<&'static str>,
}

impl fmt::Display for ControlGroup {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let version = match self.version {
            Version::V1 => "v1",
            Version::V2 => "v2",
        };
        write!(formatter, "cgroup {version} {}", self.controllers.join("+"))
    }
}

/// Groups for as much as possible of what is wanted.
pub(super) fn make(wanted: Wanted, name: &str) -> Vec<ControlGroup> {
    let controllers = wanted.controllers();
    if controllers.is_empty() || !wanted.by_control_groups {
        return Vec::new();
    }
    let Ok(hierarchies) = Hierarchies::read() else {
        return Vec::new();
    };
    if let Some(group) = version_2(&hierarchies, wanted, &controllers, name) {
        return vec![group];
    }
    controllers
        .into_iter()
        .filter_map(|controller| version_1(&hierarchies, wanted, controller, name))
        .collect()
}

impl Wanted {
    fn controllers(self) -> Vec<&'static str> {
        let memory = self.memory_bytes.map(|_| "memory");
        let cpu = self.cpus.map(|_| "cpu");
        memory.into_iter().chain(cpu).collect()
    }

    /// Microseconds of processor time in each period. The kernel takes no less than a millisecond.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be finite and above 0 when it was read; the cast saturates"
    )]
    fn cpu_quota(self) -> Option<u64> {
        let micros = |cpus: f64| (cpus * f64::from(CPU_PERIOD)) as u64;
        self.cpus.map(|cpus| micros(cpus).max(1000))
    }
}

fn version_2(
    hierarchies: &Hierarchies,
    wanted: Wanted,
    controllers: &[&'static str],
    name: &str,
) -> Option<ControlGroup> {
    let own = hierarchies.unified.as_ref()?;
    // A group that holds processes can't limit groups below it; systemd's `DelegateSubgroup=`
    // puts a service into a group of its own below the one that is delegated.
    let bases = [Some(own.folder.as_path()), own.parent()];
    bases.into_iter().flatten().find_map(|base| {
        enable(base, controllers).ok()?;
        let path = base.join(name);
        made(&path, || {
            if let Some(bytes) = wanted.memory_bytes {
                set(&path, "memory.max", bytes)?;
                // Only where the kernel counts swap.
                let _ = set(&path, "memory.swap.max", 0);
                set(&path, "memory.oom.group", 1)?;
            }
            match wanted.cpu_quota() {
                Some(quota) => set(&path, "cpu.max", format!("{quota} {CPU_PERIOD}")),
                None => Ok(()),
            }
        })?;
        Some(ControlGroup {
            version: Version::V2,
            path,
            controllers: controllers.to_vec(),
        })
    })
}

fn enable(base: &Path, controllers: &[&str]) -> io::Result<()> {
    let enabled = fs::read_to_string(base.join("cgroup.subtree_control"))?;
    for controller in controllers {
        if !enabled
            .split_ascii_whitespace()
            .any(|name| name == *controller)
        {
            set(base, "cgroup.subtree_control", format!("+{controller}"))?;
        }
    }
    Ok(())
}

fn version_1(
    hierarchies: &Hierarchies,
    wanted: Wanted,
    controller: &'static str,
    name: &str,
) -> Option<ControlGroup> {
    let (_, own) = hierarchies
        .of_version_1
        .iter()
        .find(|(names, _)| names.iter().any(|name| name == controller))?;
    let path = own.folder.join(name);
    made(&path, || {
        match (controller, wanted.memory_bytes, wanted.cpu_quota()) {
            ("memory", Some(bytes), _) => {
                set(&path, "memory.limit_in_bytes", bytes)?;
                // Only where the kernel counts swap.
                let _ = set(&path, "memory.memsw.limit_in_bytes", bytes);
                Ok(())
            }
            ("cpu", _, Some(quota)) => {
                set(&path, "cpu.cfs_period_us", CPU_PERIOD)?;
                set(&path, "cpu.cfs_quota_us", quota)
            }
            _ => Ok(()),
        }
    })?;
    Some(ControlGroup {
        version: Version::V1,
        path,
        controllers: vec![controller],
    })
}

/// Makes a group and sets it up; leaves nothing where that fails.
fn made(path: &Path, set_up: impl FnOnce() -> io::Result<()>) -> Option<()> {
    fs::create_dir(path).ok()?;
    let set_up = set_up();
    if set_up.is_err() {
        let _ = fs::remove_dir(path);
    }
    set_up.ok()
}

fn set(group: &Path, file: &str, value: impl ToString) -> io::Result<()> {
    fs::write(group.join(file), value.to_string())
}

impl ControlGroup {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn holds(&self, controller: &str) -> bool {
        self.controllers.contains(&controller)
    }

    /// Whether the kernel killed something in it for want of memory.
    pub(super) fn has_killed(&self) -> bool {
        let file = match self.version {
            Version::V1 => "memory.oom_control",
            Version::V2 => "memory.events",
        };
        fs::read_to_string(self.path.join(file)).is_ok_and(|counters| kills_in(&counters) > 0)
    }

    /// Removes it once it is empty. Says whether it is gone.
    pub(super) async fn remove(&self) -> bool {
        let removing = async {
            while let Err(error) = fs::remove_dir(&self.path) {
                if error.kind() == io::ErrorKind::NotFound {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(EMPTY_WITHIN, removing).await.is_ok()
    }
}

/// Where this process is in the trees of groups.
#[derive(Debug, Default)]
pub(super) struct Hierarchies {
    unified: Option<Place>,
    of_version_1: Vec<(Vec<String>, Place)>,
}

#[derive(Debug)]
struct Place {
    mount_point: PathBuf,
    folder: PathBuf,
}

impl Place {
    fn parent(&self) -> Option<&Path> {
        let parent = self.folder.parent()?;
        parent.starts_with(&self.mount_point).then_some(parent)
    }
}

impl Hierarchies {
    /// Where the kernel counts what it did for want of memory in this process's own group,
    /// without those below.
    pub(super) fn own_memory_counters(&self) -> Option<PathBuf> {
        let version_1 = self
            .of_version_1
            .iter()
            .find(|(names, _)| names.iter().any(|name| name == "memory"))
            .map(|(_, own)| own.folder.join("memory.oom_control"));
        let version_2 = || Some(self.unified.as_ref()?.folder.join("memory.events.local"));
        version_1.or_else(version_2)
    }

    pub(super) fn read() -> io::Result<Self> {
        let mounts = fs::read_to_string("/proc/self/mountinfo")?;
        let memberships = fs::read_to_string("/proc/self/cgroup")?;
        Ok(Self::parse(&mounts, &memberships))
    }

    fn parse(mounts: &str, memberships: &str) -> Self {
        let mut found = Self::default();
        for mount in mounts.lines().filter_map(Mount::parse) {
            match mount.kind {
                "cgroup2" => found.unified = mount.place(memberships, ""),
                "cgroup" => {
                    let controllers: Vec<&str> = mount.options.split(',').collect();
                    let place = controllers
                        .iter()
                        .find_map(|controller| mount.place(memberships, controller));
                    let names = controllers.into_iter().map(str::to_owned).collect();
                    found.of_version_1.extend(place.map(|place| (names, place)));
                }
                _ => {}
            }
        }
        found
    }
}

/// A line of `/proc/self/mountinfo`.
struct Mount<'a> {
    root: &'a str,
    mount_point: &'a str,
    kind: &'a str,
    options: &'a str,
}

impl<'a> Mount<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (left, right) = line.split_once(" - ")?;
        let mut left = left.split(' ').skip(3);
        let mut right = right.split(' ');
        Some(Self {
            root: left.next()?,
            mount_point: left.next()?,
            kind: right.next()?,
            options: right.nth(1)?,
        })
    }

    /// Where this process is in the tree, by the line `id:controllers:path` of its memberships.
    fn place(&self, memberships: &str, controller: &str) -> Option<Place> {
        let path = memberships.lines().find_map(|line| {
            let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
            let is_it = controllers.split(',').any(|name| name == controller);
            is_it.then_some(path)
        })?;
        let mount_point = PathBuf::from(self.mount_point);
        // In a container, the tree may begin at our own group.
        let below = Path::new(path).strip_prefix(self.root).ok()?;
        let folder = mount_point.join(below);
        Some(Place {
            mount_point,
            folder,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_its_place_in_both_kinds_of_trees() {
        let mounts = "\
32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 /docker/x /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
42 1 0:2 / /proc rw - proc proc rw";
        let memberships = "4:memory:/docker/x/y\n1:cpu,cpuacct:/\n0::/a.service/main\n";
        let found = Hierarchies::parse(mounts, memberships);
        let unified = found.unified.unwrap();
        let expected = Path::new("/sys/fs/cgroup/unified/a.service/main");
        assert_eq!(unified.folder, expected);
        assert_eq!(unified.parent(), expected.parent());
        let folder_of = |controller: &str| {
            let holds = |names: &[String]| names.iter().any(|name| name == controller);
            let found = found.of_version_1.iter().find(|(names, _)| holds(names));
            found.map(|(_, place)| place.folder.display().to_string())
        };
        assert_eq!(folder_of("memory").unwrap(), "/sys/fs/cgroup/memory/y");
        assert_eq!(folder_of("cpu").unwrap(), "/sys/fs/cgroup/cpu/");
        let counters = Hierarchies::parse(mounts, memberships).own_memory_counters();
        let expected = Path::new("/sys/fs/cgroup/memory/y/memory.oom_control");
        assert_eq!(counters.as_deref(), Some(expected));
        let counters = Hierarchies::parse(mounts, "0::/a.service/main\n").own_memory_counters();
        let expected = Path::new("/sys/fs/cgroup/unified/a.service/main/memory.events.local");
        assert_eq!(counters.as_deref(), Some(expected));
    }

    /// Stands in for a tree of groups: the kernel gives a new folder the files that we write.
    #[test]
    fn a_group_of_version_2_is_made_where_controllers_are_delegated() {
        let tree = tempfile::tempdir().unwrap();
        let own = tree.path().join("a.service/main");
        fs::create_dir_all(&own).unwrap();
        let delegated = tree.path().join("a.service");
        fs::write(delegated.join("cgroup.subtree_control"), "cpu memory\n").unwrap();
        let hierarchies = Hierarchies {
            unified: Some(Place {
                mount_point: tree.path().to_owned(),
                folder: own,
            }),
            of_version_1: Vec::new(),
        };
        let wanted = Wanted {
            cpus: Some(1.5),
            memory_bytes: Some(1 << 30),
            by_control_groups: true,
        };
        let group = version_2(&hierarchies, wanted, &wanted.controllers(), "run").unwrap();
        assert_eq!(group.to_string(), "cgroup v2 memory+cpu");
        assert_eq!(group.path(), delegated.join("run"));
        let read = |file| fs::read_to_string(group.path().join(file)).unwrap();
        assert_eq!(read("memory.max"), "1073741824");
        assert_eq!(read("memory.oom.group"), "1");
        assert_eq!(read("cpu.max"), "150000 100000");
        assert!(!group.has_killed());
        let events = |kills| format!("low 0\noom 1\noom_kill {kills}\noom_group_kill 0\n");
        fs::write(group.path().join("memory.events"), events(0)).unwrap();
        assert!(!group.has_killed());
        fs::write(group.path().join("memory.events"), events(2)).unwrap();
        assert!(group.has_killed());
    }

    #[test]
    fn where_nothing_is_delegated_no_group_is_made_and_nothing_is_left() {
        let tree = tempfile::tempdir().unwrap();
        let place = || Place {
            mount_point: tree.path().to_owned(),
            folder: tree.path().to_owned(),
        };
        let hierarchies = Hierarchies {
            unified: Some(place()),
            of_version_1: Vec::new(),
        };
        let wanted = Wanted {
            memory_bytes: Some(1),
            ..Wanted::default()
        };
        assert!(version_2(&hierarchies, wanted, &wanted.controllers(), "run").is_none());
        assert_eq!(fs::read_dir(tree.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_share_of_a_core_becomes_microseconds() {
        let quota = |cpus| {
            let wanted = Wanted {
                cpus: Some(cpus),
                ..Wanted::default()
            };
            wanted.cpu_quota()
        };
        assert_eq!(quota(0.5), Some(50_000));
        assert_eq!(quota(2.0), Some(200_000));
        assert_eq!(quota(0.000_001), Some(1000));
    }
}
