//! Requests to run a try, and what becomes of them.

use std::time::Duration;

use super::world::{Copy, Phase, Request, SendFate, World};
use crate::job::machine::Observation;
use crate::job::machine::specimens::{claimed, id};
use crate::job::{BackendId, JobState};

const LEASE: Duration = Duration::from_secs(30);

/// How long a signed request is accepted: SigV4's quarter of an hour.
const SIGNATURE: Duration = Duration::from_secs(15 * 60);

impl World {
    pub(super) fn claim(&mut self) {
        let epoch = self.job.current_try.epoch;
        self.tell(claimed(self.now.plus(LEASE)));
        if self.job.current_try.epoch > epoch {
            self.to_send.push(Request {
                epoch: self.job.current_try.epoch,
                try_number: self.job.current_try.number,
                signed_at: self.now,
            });
        }
    }

    pub(super) fn send(&mut self, fate: SendFate) {
        let Some(request) = self.to_send.pop() else {
            return;
        };
        let late = self.now.since(request.signed_at) >= LEASE;
        let epoch = request.epoch;
        let retry_at = self.now.plus(Duration::from_secs(10));
        match fate {
            // Nobody sends once the lease is over; what was on its way by then is stalled.
            _ if late => self.stall(request),
            SendFate::Taken => {
                let backend_id = self.take_in(&request);
                self.tell(Observation::SubmitAccepted { epoch, backend_id });
            }
            SendFate::TakenReplyLost => {
                self.take_in(&request);
                self.tell(Observation::SubmitUnknown { epoch });
            }
            SendFate::TakenReplyLate => {
                let backend_id = self.take_in(&request);
                self.write(Observation::SubmitAccepted { epoch, backend_id });
            }
            SendFate::Stalled => {
                self.stall(request);
                self.tell(Observation::SubmitUnknown { epoch });
            }
            SendFate::Lost => self.tell(Observation::SubmitUnknown { epoch }),
            SendFate::Refused => self.tell(Observation::SubmitRefused {
                epoch,
                reason: "too \"large\"\u{1}\n".repeat(60),
            }),
            SendFate::Held => self.tell(Observation::SubmitHeld {
                epoch,
                waiting: crate::job::WaitingReason {
                    code: "credentials".repeat(30),
                    message: "\\\"\u{7}".repeat(300),
                },
                retry_at,
            }),
            SendFate::DidNotHappen => {
                self.tell(Observation::SubmitDidNotHappen { epoch, retry_at });
            }
        }
    }

    pub(super) fn stall(&mut self, request: Request) {
        // Where a look-up is authoritative, nothing can be on its way.
        if !self.is_authoritative() {
            self.stalled.push(request);
        }
    }

    pub(super) fn stalled_request_arrives(&mut self) {
        let Some(request) = self.stalled.pop() else {
            return;
        };
        if self.now.since(request.signed_at) < SIGNATURE {
            let epoch = request.epoch;
            let backend_id = self.take_in(&request);
            self.write(Observation::SubmitAccepted { epoch, backend_id });
        }
    }

    pub(super) fn take_in(&mut self, request: &Request) -> BackendId {
        let name = format!("copy-{}-of-try-{}", self.copies.len(), request.try_number);
        self.copies.push(Copy {
            id: id(&name),
            try_number: request.try_number,
            phase: Phase::Waiting,
            born: self.now,
            attempts: Vec::new(),
            told_to_stop: false,
            forgotten: false,
        });
        id(&name)
    }

    pub(super) fn expire_lease(&mut self) {
        if let JobState::Submitting { lease_until } = self.job.state {
            self.now = self.now.max(lease_until);
            if self.is_authoritative() {
                self.to_send.clear();
            }
        }
        self.tell(Observation::LeaseExpired);
    }
}
