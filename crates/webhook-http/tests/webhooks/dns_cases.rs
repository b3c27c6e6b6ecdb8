//! Names whose addresses are not public, or not all of them, or not any more.

use std::net::IpAddr;

use crate::receiver::answers;
use crate::scene::{PUBLIC, Scene};
use crate::special::{V4, V6, embedded};
use crate::world::Lookup;

/// What the DNS says, look-up by look-up.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    lookups: Vec<Vec<IpAddr>>,
}

/// Each address that is not public: alone, beside a public one, beside another of the inside, and
/// in the place of a public one that was there before.
pub(crate) fn cases() -> Vec<Case> {
    let inside = V4
        .into_iter()
        .flat_map(embedded)
        .chain(V4.map(str::to_owned))
        .chain(V6.map(str::to_owned))
        .map(|text| text.parse::<IpAddr>().unwrap());
    inside
        .flat_map(|inside| {
            let (public, other) = (public(), IpAddr::from([127, 0, 0, 1]));
            [
                vec![vec![inside]],
                vec![vec![inside, public]],
                vec![vec![public, inside, other]],
                vec![vec![other, inside]],
                vec![vec![public], vec![inside]],
                vec![vec![inside], vec![public], vec![inside]],
            ]
        })
        .map(|lookups| Case { lookups })
        .collect()
}

fn public() -> IpAddr {
    PUBLIC.parse().unwrap()
}

/// For each look-up one attempt: where there is a public address, that one alone is connected to,
/// and where there is none, nobody.
#[tokio::test]
async fn only_public_addresses_are_connected_to() {
    let (scene, receiver) = Scene::with_receiver(answers("204 No Content")).await;
    let url = format!("http://x.example.org:{}/hook", scene.world.canary.port);
    let mut deliveries = 0;
    for case in cases() {
        let lookups = case.lookups.iter().cloned().map(Lookup::Finds);
        scene.world.name("x.example.org", lookups);
        for addresses in &case.lookups {
            let sent = scene.send(&url).await;
            let seen = scene.world.seen();
            assert_eq!(seen.lookups.len(), 1, "{case:?}");
            if addresses.contains(&public()) {
                deliveries += 1;
                assert_eq!(sent, Ok(204), "{case:?}");
                assert_eq!(seen.connections.len(), 1, "{case:?}");
                assert_eq!(seen.connections[0].ip(), public(), "{case:?}");
            } else {
                let inside = "The host name resolves to an address that is not public.";
                assert_eq!(sent, Err(inside.to_owned()), "{case:?}");
                assert_eq!(seen.connections, [], "{case:?}");
            }
        }
        scene.assert_canary_untouched(&format!("{case:?}")).await;
    }
    assert_eq!(receiver.received().len(), deliveries);
}
