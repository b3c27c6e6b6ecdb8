use super::*;

fn listed(id: &str, kind: &str, status: &str) -> Listed {
    Listed {
        id: id.to_owned(),
        kind: kind.to_owned(),
        status: status.to_owned(),
    }
}

fn arrival(job: &str, kind: &str, taken: u32) -> Arrival {
    Arrival {
        job: job.to_owned(),
        kind: kind.to_owned(),
        at: "2026-03-01T12:00:00.000Z".to_owned(),
        taken,
        ..Arrival::default()
    }
}

/// A job that ran to its end, of which everything was told.
fn good() -> DeliveryBooks {
    let hooked = |job: &str, is_for_the_dead: bool| Hooked {
        job: job.to_owned(),
        caller: 0,
        ran: !is_for_the_dead,
        is_for_the_dead,
    };
    let told = Told {
        status: "completed".to_owned(),
        deliveries: vec![
            listed("msg_1_2", "job.running", "delivered"),
            listed("msg_1_3", "job.completed", "delivered"),
        ],
    };
    let of_the_dead = Told {
        status: "cancelled".to_owned(),
        deliveries: vec![listed("msg_2_1", "job.cancelled", "failed")],
    };
    DeliveryBooks {
        hooked: vec![hooked("job_1", false), hooked("job_2", true)],
        told: BTreeMap::from([
            ("job_1".to_owned(), told),
            ("job_2".to_owned(), of_the_dead),
        ]),
        arrivals: BTreeMap::from([
            ("msg_1_2".to_owned(), arrival("job_1", "job.running", 2)),
            ("msg_1_3".to_owned(), arrival("job_1", "job.completed", 1)),
        ]),
        are_final: true,
    }
}

/// The one thing that is wrong with the good books after a change.
fn wrong_after(change: impl FnOnce(&mut DeliveryBooks)) -> String {
    let mut books = good();
    change(&mut books);
    let found = books.discrepancies();
    assert_eq!(found.len(), 1, "{found:#?}");
    found[0].clone()
}

fn of<'a>(books: &'a mut DeliveryBooks, job: &str) -> &'a mut Told {
    books.told.get_mut(job).unwrap()
}

#[test]
fn everything_told_and_nothing_else_is_what_is_promised() {
    assert_eq!(good().discrepancies(), [""; 0]);
    assert_eq!(good().events().count(), 2);
}

#[test]
fn what_was_never_taken_is_noticed() {
    let words = wrong_after(|books| books.arrivals.get_mut("msg_1_2").unwrap().taken = 0);
    assert!(words.contains("never taken"), "{words}");
    let words = wrong_after(|books| drop(books.arrivals.remove("msg_1_3")));
    assert!(words.contains("never taken"), "{words}");
}

#[test]
fn an_event_that_was_not_written_down_is_noticed() {
    for (number, words) in [(0, "no event says so"), (1, "0 events say completed")] {
        let found = wrong_after(|books| {
            let lost = of(books, "job_1").deliveries.remove(number);
            books.arrivals.remove(&lost.id);
        });
        assert!(found.contains(words), "{found}");
    }
    let found = wrong_after(|books| drop(books.told.remove("job_2")));
    assert!(found.contains("is not there"), "{found}");
}

#[test]
fn what_was_given_up_or_still_waits_is_noticed() {
    for status in ["failed", "pending"] {
        let change = |books: &mut DeliveryBooks| {
            of(books, "job_1").deliveries[1].status = status.to_owned();
        };
        assert!(wrong_after(change).ends_with(status));
    }
    let mut books = good();
    books.are_final = false;
    of(&mut books, "job_1").deliveries[1].status = "pending".to_owned();
    assert_eq!(books.discrepancies(), [""; 0]);
}

#[test]
fn what_is_no_event_and_was_sent_all_the_same_is_noticed() {
    let words = wrong_after(|books| {
        let odd = arrival("job_1", "job.failed", 1);
        books.arrivals.insert("msg_1_4".to_owned(), odd);
    });
    assert!(words.contains("is no event"), "{words}");
    let words = wrong_after(|books| {
        let deliveries = &mut of(books, "job_1").deliveries;
        deliveries.push(listed("msg_1_9", "job.running", "delivered"));
        let again = arrival("job_1", "job.running", 1);
        books.arrivals.insert("msg_1_9".to_owned(), again);
    });
    assert!(words.contains("two ids"), "{words}");
}

#[test]
fn nobody_can_have_answered_for_the_dead() {
    let words = wrong_after(|books| {
        of(books, "job_2").deliveries[0].status = "delivered".to_owned();
    });
    assert!(words.contains("to nobody"), "{words}");
}
