//! `batchway smoke`: uses a running gateway as its users do, over HTTP and with a key of its own,
//! and says of each step whether it went as it should.
//!
//! * [`steps`]: what is done, in one function, and [`visitor`]: how, over the SDK.
//! * [`course`]: doing it step by step, within its time, until someone interrupts it.
//! * [`trouble`] and [`evidence`]: what is told where a step fails.
//! * [`downloads`] and [`manifest`]: whether what is handed out is what the runner stored.
//! * [`clean_up`]: what was begun is ended, whatever happened.
//! * [`address`]: where the gateway is; [`report`]: for a person and for programs.

mod address;
mod clean_up;
mod course;
mod downloads;
mod evidence;
mod manifest;
mod report;
mod steps;
mod trouble;
mod visitor;

use std::time::Duration;

use crate::configuration::{Configuration, Secret};
use crate::failure::Failure;
use crate::life_cycle::Shutdown;

pub(crate) use report::{Audience, Report};

use address::Address;
use course::Course;
use visitor::Doorstep;

/// What was asked for.
#[derive(Debug)]
pub(crate) struct Errand {
    pub(crate) configuration: Configuration,
    /// Instead of the address that is configured.
    pub(crate) url: Option<String>,
    /// Instead of a key made for this run.
    pub(crate) key: Option<Secret>,
    /// For all steps together but the clean-up.
    pub(crate) limit: Duration,
    pub(crate) audience: Audience,
}

/// Does all of it, and cleans up.
pub(crate) async fn run(errand: Errand) -> Result<Report, Failure> {
    let address = Address::choose(errand.url.clone(), &errand.configuration)?;
    let doorstep = Doorstep::at(address, &errand)?;
    let leaving = Shutdown::on_signals()?.drain;
    let mut course = Course::new(errand.audience, errand.limit, leaving);
    course.announce(doorstep.url());
    steps::follow(&mut course, &doorstep).await;
    Ok(course.end(doorstep.url()))
}
