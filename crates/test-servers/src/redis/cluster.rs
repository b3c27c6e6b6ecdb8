//! A Redis Cluster for one test.

use std::time::Duration;

use super::server::RedisServer;
use super::wire::RedisReply;
use crate::deadline;

/// Redis' own number of hash slots.
const SLOTS: u16 = 16_384;
/// A new cluster lets two seconds pass before it takes writes.
const AGREEMENT_LIMIT: Duration = Duration::from_secs(150);
/// Keys that are moved in one step.
const KEYS_PER_STEP: &str = "100";

/// Some Redis masters that share the hash slots, without replicas.
///
/// All methods block; starting takes about three seconds, mostly of waiting.
/// With a node gone the whole cluster refuses, as Redis does by default; start
/// with `["--cluster-require-full-coverage", "no"]` for the rest to carry on.
#[derive(Debug)]
pub struct RedisCluster {
    nodes: Vec<RedisServer>,
}

impl RedisCluster {
    /// A cluster of so many nodes (three or more), each with an equal part of the slots.
    ///
    /// # Panics
    ///
    /// With what to install, where there is no `redis-server`.
    #[must_use]
    pub fn start(nodes: usize) -> Self {
        Self::start_with(nodes, &[])
    }

    /// As [`start`](Self::start), with further arguments for each node.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start); with Redis' own words, where it refuses the arguments.
    #[must_use]
    pub fn start_with(nodes: usize, arguments: &[&str]) -> Self {
        let cluster_mode = ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"];
        let arguments = [&cluster_mode, arguments].concat();
        let cluster = Self {
            nodes: (0..nodes)
                .map(|_| RedisServer::start_process(&arguments, false))
                .collect(),
        };
        cluster.share_slots();
        cluster.introduce();
        cluster.wait_for_agreement();
        cluster
    }

    fn share_slots(&self) {
        let count = u16::try_from(self.nodes.len()).expect("fewer nodes than slots");
        for (index, node) in (0..).zip(&self.nodes) {
            // Each its own, or they would have to settle who is right.
            node.cli(&["CLUSTER", "SET-CONFIG-EPOCH", &(index + 1).to_string()]);
            let first_of = |index: u16| u32::from(index) * u32::from(SLOTS) / u32::from(count);
            let slots: Vec<String> = (first_of(index)..first_of(index + 1))
                .map(|slot| slot.to_string())
                .collect();
            let command = ["CLUSTER", "ADDSLOTS"].into_iter();
            let command: Vec<&str> = command.chain(slots.iter().map(String::as_str)).collect();
            node.cli(&command);
        }
    }

    fn introduce(&self) {
        let Some((first, others)) = self.nodes.split_first() else {
            return;
        };
        for other in others {
            first.cli(&["CLUSTER", "MEET", "127.0.0.1", &other.port().to_string()]);
        }
    }

    /// Returns when every node that runs sees all slots served.
    ///
    /// # Panics
    ///
    /// Where they don't agree within minutes.
    pub fn wait_for_agreement(&self) {
        let known = format!("cluster_known_nodes:{}", self.nodes.len());
        let agrees = |node: &RedisServer| {
            node.ask(&["CLUSTER", "INFO"])
                .map(RedisReply::into_text)
                .is_ok_and(|info| info.contains("cluster_state:ok") && info.contains(&known))
        };
        deadline::within(AGREEMENT_LIMIT, || {
            self.nodes.iter().all(agrees).then_some(())
        })
        .unwrap_or_else(|| {
            let seen = self.nodes[0].ask(&["CLUSTER", "NODES"]);
            panic!("the nodes don't agree; the first sees: {seen:?}")
        });
    }

    /// `redis://127.0.0.1:{port}` of each node.
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        self.nodes.iter().map(RedisServer::url).collect()
    }

    /// `redis-cluster://127.0.0.1:{port}?node=…`, as fred reads it.
    #[must_use]
    pub fn url(&self) -> String {
        let mut addresses = self
            .nodes
            .iter()
            .map(|node| format!("127.0.0.1:{}", node.port()));
        let first = addresses.next().unwrap_or_default();
        let others: Vec<String> = addresses.map(|address| format!("node={address}")).collect();
        format!("redis-cluster://{first}?{}", others.join("&"))
    }

    /// The nodes, in the order in which the others' methods count them, from 0.
    #[must_use]
    pub fn nodes(&self) -> &[RedisServer] {
        &self.nodes
    }

    /// The slot of a key.
    #[must_use]
    pub fn slot_of(&self, key: &str) -> u16 {
        let slot = self.nodes[0].cli(&["CLUSTER", "KEYSLOT", key]);
        slot.parse().expect("Redis answers with a number")
    }

    /// Which node serves a slot, as that node itself sees it.
    ///
    /// # Panics
    ///
    /// Where none does.
    #[must_use]
    pub fn owner_of(&self, slot: u16) -> usize {
        self.nodes
            .iter()
            .position(|node| serves(node, slot))
            .unwrap_or_else(|| panic!("no node serves slot {slot}"))
    }

    /// Moves a slot and its keys while clients use them, as Redis' own tools do.
    ///
    /// In between clients meet `ASK`, and for several keys at once `TRYAGAIN`.
    ///
    /// # Panics
    ///
    /// Where a node refuses a step, as it does if `from` does not serve the slot.
    pub fn move_slot(&self, slot: u16, from: usize, to: usize) {
        self.begin_move(slot, from, to);
        while self.move_some_keys(slot, from, to) {}
        self.finish_move(slot, from, to);
    }

    /// The first part of [`move_slot`](Self::move_slot): no key is moved yet.
    ///
    /// # Panics
    ///
    /// As [`move_slot`](Self::move_slot).
    pub fn begin_move(&self, slot: u16, from: usize, to: usize) {
        let slot = slot.to_string();
        let (source, target) = (&self.nodes[from], &self.nodes[to]);
        let (source_id, target_id) = (id(source), id(target));
        target.cli(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &source_id]);
        source.cli(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &target_id]);
    }

    /// Moves up to a hundred keys; whether there was one left to move.
    ///
    /// # Panics
    ///
    /// As [`move_slot`](Self::move_slot).
    pub fn move_some_keys(&self, slot: u16, from: usize, to: usize) -> bool {
        let (source, target) = (&self.nodes[from], &self.nodes[to]);
        let keys = source.cli(&["CLUSTER", "GETKEYSINSLOT", &slot.to_string(), KEYS_PER_STEP]);
        if keys.is_empty() {
            return false;
        }
        let port = target.port().to_string();
        let mut migrate = vec!["MIGRATE", "127.0.0.1", &port, "", "0", "10000", "KEYS"];
        migrate.extend(keys.lines());
        source.cli(&migrate);
        true
    }

    /// The last part of [`move_slot`](Self::move_slot): all are told who serves the slot.
    ///
    /// # Panics
    ///
    /// As [`move_slot`](Self::move_slot).
    pub fn finish_move(&self, slot: u16, from: usize, to: usize) {
        let slot = slot.to_string();
        let new_owner = id(&self.nodes[to]);
        let told = |node: usize| {
            self.nodes[node].cli(&["CLUSTER", "SETSLOT", &slot, "NODE", &new_owner]);
        };
        // The new owner first: there is no moment at which nobody serves the slot.
        told(to);
        told(from);
        (0..self.nodes.len())
            .filter(|node| ![from, to].contains(node))
            .for_each(told);
    }

    /// Kills a node without a chance to tidy up. Returns when it is gone.
    pub fn kill_node(&self, node: usize) {
        self.nodes[node].kill();
    }

    /// Starts a node again after [`kill_node`](Self::kill_node), and waits until all agree.
    ///
    /// # Panics
    ///
    /// Where it does not start, or they don't agree within minutes.
    pub fn start_node_again(&self, node: usize) {
        self.nodes[node].start_again();
        self.wait_for_agreement();
    }
}

fn id(node: &RedisServer) -> String {
    node.cli(&["CLUSTER", "MYID"])
}

/// By the ranges in its line about itself, such as `… myself,master … connected 0-5460 7000`.
fn serves(node: &RedisServer, slot: u16) -> bool {
    let Ok(RedisReply::Text(nodes)) = node.ask(&["CLUSTER", "NODES"]) else {
        return false;
    };
    let itself = nodes.lines().find(|line| line.contains("myself,"));
    let mut ranges = itself.unwrap_or_default().split(' ').skip(8);
    ranges.any(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        // Slots that are being moved stand in brackets.
        matches!((first.parse::<u16>(), last.parse::<u16>()), (Ok(first), Ok(last))
            if (first..=last).contains(&slot))
    })
}
