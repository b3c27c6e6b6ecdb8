use std::sync::atomic::{AtomicBool, Ordering};

use batchway_test_servers::{RedisCluster, RedisReply};

/// What a client does: it asks the owner, and goes where it is sent.
fn increment(cluster: &RedisCluster, key: &str) -> i64 {
    let mut node = 0;
    let mut is_asking = false;
    loop {
        let node_asked = &cluster.nodes()[node];
        let reply = if is_asking {
            node_asked.ask_in_turn(&[&["ASKING"], &["INCR", key]])
        } else {
            node_asked.ask(&["INCR", key])
        };
        match reply.expect("every node runs") {
            RedisReply::Integer(number) => return number,
            RedisReply::Error(refusal) => (node, is_asking) = redirection(cluster, &refusal),
            odd => panic!("{odd:?}"),
        }
    }
}

/// The node that `MOVED 1234 127.0.0.1:7001` or `ASK …` names, and which of the two it is.
fn redirection(cluster: &RedisCluster, refusal: &str) -> (usize, bool) {
    let ports = cluster.nodes().iter().map(|node| node.port().to_string());
    let node = ports
        .map(|port| refusal.ends_with(&format!(":{port}")))
        .position(|is_named| is_named)
        .unwrap_or_else(|| panic!("{refusal}"));
    (node, refusal.starts_with("ASK "))
}

#[test]
fn a_slot_moves_under_load_and_no_increment_is_lost() {
    let cluster = RedisCluster::start(3);
    let keys: Vec<String> = (0..250).map(|n| format!("{{tenant}}:{n}")).collect();
    let slot = cluster.slot_of(&keys[0]);
    for key in &keys {
        increment(&cluster, key);
    }
    let from = cluster.owner_of(slot);
    let to = (from + 1) % 3;

    let is_over = AtomicBool::new(false);
    let under_load = std::thread::scope(|scope| {
        let load = scope.spawn(|| {
            let mut count = 0;
            for key in keys.iter().cycle() {
                increment(&cluster, key);
                count += 1;
                if is_over.load(Ordering::Relaxed) {
                    break;
                }
            }
            count
        });
        cluster.move_slot(slot, from, to);
        is_over.store(true, Ordering::Relaxed);
        load.join().unwrap()
    });

    assert_eq!(cluster.owner_of(slot), to);
    let values = keys
        .iter()
        .map(|key| cluster.nodes()[to].cli(&["GET", key]));
    let total: i64 = values.map(|value| value.parse::<i64>().unwrap()).sum();
    assert_eq!(total, 250 + under_load);
}

#[test]
fn a_node_that_was_killed_comes_back_with_its_slots() {
    let cluster = RedisCluster::start(3);
    assert_eq!(cluster.urls().len(), 3);
    assert!(cluster.url().starts_with("redis-cluster://127.0.0.1:"));
    let owner = cluster.owner_of(16_383);
    assert_eq!(owner, 2);
    cluster.kill_node(owner);
    assert!(cluster.nodes()[owner].ask(&["PING"]).is_err());
    cluster.start_node_again(owner);
    assert_eq!(cluster.owner_of(16_383), owner);
}
