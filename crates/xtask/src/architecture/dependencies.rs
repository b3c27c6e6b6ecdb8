//! Which crate uses which, as the manifests declare it and as cargo resolved it.

use std::collections::{HashMap, HashSet, VecDeque};

use super::table::{NEVER_USED, Ours, Outsiders, Row};
use super::violation::Violation;
use crate::metadata::{DependencyKind, Metadata, Package};

pub(crate) fn violations(metadata: &Metadata, table: &[Row]) -> Vec<Violation> {
    let house = House::of(metadata);
    let mut found = Vec::new();
    for package in metadata.ours() {
        let folder = package.folder_name().to_owned();
        if package.name != format!("batchway-{folder}") {
            let package = package.name.clone();
            found.push(Violation::NameDiffersFromFolder {
                folder: folder.clone(),
                package,
            });
        }
        match table.iter().find(|row| row.folder == folder) {
            None => found.push(Violation::NotInTable { folder }),
            Some(row) => {
                found.extend(house.misused(package, row));
                found.extend(row.never_links.iter().filter_map(|outsiders| {
                    let chain = house.chain_to(package, outsiders)?;
                    Some(Violation::LinksOutsider {
                        folder: folder.clone(),
                        are: outsiders.are,
                        chain,
                    })
                }));
            }
        }
    }
    found
}

struct House<'a> {
    by_id: HashMap<&'a str, &'a Package>,
    /// The folder of each of our packages, by the package's name.
    folders: HashMap<&'a str, &'a str>,
}

impl<'a> House<'a> {
    fn of(metadata: &'a Metadata) -> Self {
        Self {
            by_id: metadata
                .packages
                .iter()
                .map(|package| (package.id.as_str(), package))
                .collect(),
            folders: metadata
                .ours()
                .map(|package| (package.name.as_str(), package.folder_name()))
                .collect(),
        }
    }

    /// Our own crates that this one declares and must not.
    fn misused(&self, package: &Package, row: &Row) -> Vec<Violation> {
        let uses = package.declared.iter().filter_map(|dependency| {
            self.folders
                .get(dependency.name.as_str())
                .map(|used| (*used, dependency.kind))
        });
        uses.filter_map(|(used, kind)| {
            let folder = row.folder.to_owned();
            let for_shipping = allows(row.may_use, used);
            let for_tests = for_shipping || allows(row.tests_may_use, used);
            let used_name = used.to_owned();
            match kind {
                _ if NEVER_USED.contains(&used) => Some(Violation::DependsOnTheTop {
                    folder,
                    used: used_name,
                }),
                DependencyKind::Shipped if !for_shipping => Some(Violation::UsesForbiddenCrate {
                    folder,
                    used: used_name,
                }),
                DependencyKind::Development if !for_tests => {
                    Some(Violation::TestsUseForbiddenCrate {
                        folder,
                        used: used_name,
                    })
                }
                _ => None,
            }
        })
        .collect()
    }

    /// The shortest way by which the package links one of the outsiders.
    fn chain_to(&self, package: &'a Package, outsiders: &Outsiders) -> Option<Vec<String>> {
        let mut reached_from: HashMap<&str, &str> = HashMap::new();
        let mut seen = HashSet::from([package.id.as_str()]);
        let mut waiting = VecDeque::from([package]);
        while let Some(current) = waiting.pop_front() {
            if outsiders.include(&current.name) {
                return Some(self.way_back(&current.id, &reached_from));
            }
            for link in &current.links {
                if let Some(next) = self.by_id.get(link.as_str())
                    && seen.insert(link)
                {
                    reached_from.insert(link, &current.id);
                    waiting.push_back(next);
                }
            }
        }
        None
    }

    fn way_back(&self, end: &str, reached_from: &HashMap<&str, &str>) -> Vec<String> {
        let mut chain: Vec<String> =
            std::iter::successors(Some(end), |id| reached_from.get(id).copied())
                .filter_map(|id| self.by_id.get(id).map(|package| package.name.clone()))
                .collect();
        chain.reverse();
        chain
    }
}

fn allows(ours: Ours, folder: &str) -> bool {
    match ours {
        Ours::Only(folders) => folders.contains(&folder),
        Ours::AsNeeded => true,
    }
}
