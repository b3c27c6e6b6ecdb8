//! Records as past gateways packed them, and as later ones may.

use batchway_domain::job::{Job, Lane};
use batchway_domain::ports::{
    DeliveryRequest, DueRequest, JobQuery, JobStore, ReadError, StoreError, WebhookOutbox,
};
use batchway_domain::webhooks::Delivery;
use batchway_port_contracts::specimens;
use std::time::Duration;

use super::fixture::Fixture;
use crate::packing::{pack_event, pack_record, unpack};

const RECORD: &str = include_str!("../fixtures/record.json");
const EVENT: &str = include_str!("../fixtures/event.json");
const DELIVERY: &str = include_str!("../fixtures/delivery.json");

/// A form is read for ever, so a fixture is never changed: a new form gets fixtures of its own.
#[test]
fn every_form_is_read_as_ever() {
    let forms = [
        (include_str!("../fixtures/record-form-1.hex"), RECORD),
        (include_str!("../fixtures/event-form-2.hex"), EVENT),
        (include_str!("../fixtures/delivery-form-2.hex"), DELIVERY),
    ];
    for (packed, json) in forms {
        let packed = bytes_of(packed);
        assert_eq!(unpack(&packed).unwrap(), json.trim_end().as_bytes());
    }
    let plain = [&[0], RECORD.as_bytes()].concat();
    assert_eq!(unpack(&plain).unwrap(), RECORD.as_bytes());
}

fn bytes_of(hex: &str) -> Vec<u8> {
    let digits = hex.trim_end();
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
        .collect()
}

#[test]
fn what_is_packed_is_small_and_comes_back() {
    let record = RECORD.trim_end().as_bytes();
    Job::decode(record).unwrap();
    let packed = pack_record(record);
    assert!(
        packed.len() * 5 < record.len() * 2,
        "{} of {}",
        packed.len(),
        record.len()
    );
    assert_eq!(unpack(&packed).unwrap(), record);
    let event = EVENT.trim_end().as_bytes();
    let packed = pack_event(event);
    assert!(
        packed.len() * 5 < event.len() * 2,
        "{} of {}",
        packed.len(),
        event.len()
    );
    assert_eq!(unpack(&packed).unwrap(), event);
    let delivery = DELIVERY.trim_end().as_bytes();
    Delivery::decode(delivery).unwrap();
    let packed = pack_event(delivery);
    assert!(
        packed.len() * 5 < delivery.len() * 3,
        "{} of {}",
        packed.len(),
        delivery.len()
    );
    assert_eq!(unpack(&packed).unwrap(), delivery);
    for odd in [&b""[..], b"{}", &[0xff; 70_000]] {
        assert_eq!(unpack(&pack_record(odd)).unwrap(), odd);
    }
}

#[test]
fn damage_and_later_forms_are_told_apart() {
    let later = unpack(&[9, 1, 2, 3]).unwrap_err().to_string();
    assert!(later.contains("upgrade"), "{later}");
    let packed = pack_record(RECORD.as_bytes());
    for damaged in [&[][..], &[1], &[1, 0, 0], &packed[..packed.len() / 2]] {
        let error = unpack(damaged).unwrap_err();
        assert!(error.to_string().contains("damaged"), "{error}");
    }
}

/// A job that a later gateway wrote is not read, and keeps nobody from the others.
#[tokio::test(flavor = "multi_thread")]
async fn a_later_record_stops_nobody_else() {
    let fixture = Fixture::new().await;
    let key = fixture.key_of("ada").await;
    let jobs = fixture.admit_many("ada", &key, 3).await;
    let later = &jobs[1];
    let hash = format!("{{bw:{}}}:jobs", later.id.shard());
    let value = [&[0; 24][..], b"qd", &[0], &[9, 1, 2, 3]].concat();
    fixture.put(&hash, later.id.as_str(), &value);

    let read = JobStore::load(&fixture.store, &later.id).await;
    assert!(
        matches!(read, Err(StoreError::Unreadable { .. })),
        "{read:?}"
    );
    let found = fixture.store.find(&key, &later.id).await;
    let unreadable =
        |error: &ReadError| matches!(error, ReadError::Store(StoreError::Unreadable { .. }));
    assert!(found.is_err_and(|error| unreadable(&error)));
    let due = DueRequest {
        lane: Lane::Dispatch(specimens::backend()),
        limit: 10,
        lease: Duration::from_secs(30),
        created_before: None,
    };
    let taken = JobStore::take_due(&fixture.store, &due).await.unwrap();
    assert_eq!(taken, [jobs[0].clone(), jobs[2].clone()]);
    let times = jobs.iter().map(|job| (job.id.clone(), job.created_at));
    let times: Vec<_> = times.collect();
    fixture.store.reschedule(&times).await.unwrap();
    let taken = JobStore::take_due(&fixture.store, &due).await.unwrap();
    assert_eq!(taken.len(), 2);
    let page = JobQuery {
        limit: 10,
        ..JobQuery::default()
    };
    let listed = JobStore::list(&fixture.store, &key, &page).await;
    assert!(listed.is_err_and(|error| unreadable(&error)));
}

/// The same of a delivery, whose receiver gets the others meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn a_later_delivery_stops_no_other() {
    let fixture = Fixture::new().await;
    let key = fixture.key_of("ada").await;
    let mut told = Vec::new();
    for _ in 0..3 {
        told.push(fixture.post("ada", &key).await);
    }
    let later = told.remove(1).id;
    let hash = format!("{{bw:{}}}:deliveries", later.job().shard());
    let value = [&[0; 8][..], &[9, 1, 2, 3]].concat();
    fixture.put(&hash, &later.to_string(), &value);

    let read = WebhookOutbox::load(&fixture.store, &later).await;
    assert!(
        matches!(read, Err(StoreError::Unreadable { .. })),
        "{read:?}"
    );
    let request = DeliveryRequest {
        limit: 10,
        per_receiver: 10,
        except: Vec::new(),
        lease: Duration::from_secs(30),
    };
    let taken = WebhookOutbox::take_due(&fixture.store, &request).await;
    assert_eq!(taken.unwrap(), told);
}
