//! The control endpoint: bad days on demand, and the truth about every job.
//!
//! All of it lies under `/_control`, takes and gives JSON, and says itself what there is:
//! `GET /_control`.

use std::sync::Arc;
use std::time::Duration;

use hyper::http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::events::Tampering;
use super::executor::Outcome;
use super::history::JobRecord;
use super::listener::Asked;
use super::machine::{Inside, Machine};
use super::reply::Reply;
use super::tags::percent_decoded;
use crate::faults::FaultRule;
use crate::{BlockingReason, Exit, Millis};

const HELP: &str = include_str!("control.txt");

/// Answers what was asked at `/_control{path}`.
pub(super) fn answer(machine: &Machine, path: &str, asked: &Asked) -> Reply {
    let parts: Vec<String> = path.split('/').skip(1).map(percent_decoded).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let get = asked.parts.method == Method::GET;
    let post = asked.parts.method == Method::POST;
    let delete = asked.parts.method == Method::DELETE;
    let body = &*asked.body;
    let done = match parts.as_slice() {
        [] | [""] if get => Ok(Reply::text(HELP.to_owned())),
        ["jobs"] if get => Ok(jobs(machine, asked.parts.uri.query())),
        ["jobs", id] if get => job(machine, id),
        ["jobs", id, "log"] if get => log(machine, id, asked.parts.uri.query()),
        ["jobs", id, action] if post => to_a_job(machine, id, action, body),
        ["calls"] if get => Ok(machine.look(|inside| Reply::ok(inside.history.calls()))),
        ["faults"] if get => Ok(faults(machine)),
        ["faults"] if post => add_faults(machine, body),
        ["faults"] if delete => Ok(clear_faults(machine)),
        ["lag"] if post => set_lag(machine, body),
        ["blocked"] if post => block(machine, body),
        ["outcome"] if post => set_outcome(machine, body),
        ["events"] if get => Ok(events(machine)),
        ["events"] if post => tamper(machine, body),
        ["time"] if get => Ok(time(machine)),
        ["time"] if post => pass_time(machine, body),
        _ => Err(no_such_thing(asked)),
    };
    done.unwrap_or_else(|refusal| refusal)
}

type Done = Result<Reply, Reply>;

fn jobs(machine: &Machine, query: Option<&str>) -> Reply {
    let prefix = parameter(query, "name").unwrap_or_default();
    machine.look(|inside| {
        let named = |job: &&JobRecord| job.job_name.starts_with(&prefix);
        let jobs: Vec<&JobRecord> = inside.history.jobs().filter(named).collect();
        Reply::ok(&json!({ "jobs": jobs }))
    })
}

fn job(machine: &Machine, id: &str) -> Done {
    machine.look(|inside| Ok(Reply::ok(record(inside, id)?)))
}

/// What the attempt wrote, or the last one there was.
fn log(machine: &Machine, id: &str, query: Option<&str>) -> Done {
    let number = parameter(query, "attempt").map(|number| number.parse::<u32>());
    let stream = machine.look(|inside| {
        let runs = &record(inside, id)?.runs;
        let run = match number {
            Some(number) => {
                let number = number.map_err(|error| invalid(&format!("attempt: {error}")))?;
                runs.iter().find(|run| run.attempt == number)
            }
            None => runs.last(),
        };
        Ok(run.map(|run| Arc::clone(&run.log_stream_name)))
    })?;
    let text = stream.and_then(|stream| machine.logs().text(&stream));
    text.map(Reply::text)
        .ok_or_else(|| missing("no such attempt of the job was started"))
}

fn to_a_job(machine: &Machine, id: &str, action: &str, body: &[u8]) -> Done {
    machine.act(|inside, now| {
        record(inside, id)?;
        let struck = match action {
            "reclaim" => inside.account.reclaim_spot(id, now),
            "lose-host" => inside.account.lose_host(id, now),
            "vanish" => inside.vanish(id),
            "hide" => {
                let Span { millis } = parse(body)?;
                inside.account.hide(id, now.plus(Millis(millis)))
            }
            "exit" => {
                let End { code, reason } = parse(body)?;
                inside.end(id, Exit { code, reason }, now)
            }
            _ => return Err(missing("no such thing can be done to a job")),
        };
        let message = "the job is in no state for that: see GET /_control/jobs/{id}";
        struck
            .then(accepted)
            .ok_or_else(|| refusal(StatusCode::CONFLICT, message))
    })
}

fn faults(machine: &Machine) -> Reply {
    machine.look(|inside| Reply::ok(&json!({ "faults": inside.faults.rules() })))
}

/// One rule, or a list of them.
fn add_faults(machine: &Machine, body: &[u8]) -> Done {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Rules {
        Many(Vec<FaultRule>),
        One(FaultRule),
    }
    // A list is told by its first byte, so that what is wrong in a rule can be named.
    let is_list = body.trim_ascii_start().first() == Some(&b'[');
    let rules = if is_list {
        Rules::Many(parse(body)?)
    } else {
        Rules::One(parse(body)?)
    };
    machine.act(|inside, _| match rules {
        Rules::Many(rules) => rules.into_iter().for_each(|rule| inside.faults.add(rule)),
        Rules::One(rule) => inside.faults.add(rule),
    });
    Ok(accepted())
}

fn clear_faults(machine: &Machine) -> Reply {
    machine.act(|inside, _| inside.faults.clear());
    accepted()
}

fn set_lag(machine: &Machine, body: &[u8]) -> Done {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Lag {
        list_millis: Option<i64>,
        describe_millis: Option<i64>,
    }
    let lag: Lag = parse(body)?;
    machine.act(|inside, _| {
        if let Some(millis) = lag.list_millis {
            inside.account.set_list_lag(Millis(millis));
        }
        if let Some(millis) = lag.describe_millis {
            inside.account.set_describe_lag(Millis(millis));
        }
    });
    Ok(accepted())
}

/// Without a reason, the queue is free again.
fn block(machine: &Machine, body: &[u8]) -> Done {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Blocked {
        job_queue: String,
        reason: Option<String>,
    }
    let Blocked { job_queue, reason } = parse(body)?;
    let reason = reason.as_deref().map(blocking_reason).transpose()?;
    let blocked = machine.act(|inside, now| match reason {
        Some(reason) => inside.account.block_queue_head(&job_queue, reason, now),
        None => inside.account.unblock_queue(&job_queue, now),
    });
    blocked.map_err(|error| invalid(&error.message))?;
    Ok(accepted())
}

/// By the code that Batch writes, which ends at the first space.
fn blocking_reason(text: &str) -> Result<BlockingReason, Reply> {
    let code = text.split(' ').next().unwrap_or_default();
    BlockingReason::ALL
        .into_iter()
        .find(|reason| reason.code() == code)
        .ok_or_else(|| invalid(&format!("Batch knows no reason {code}")))
}

fn set_outcome(machine: &Machine, body: &[u8]) -> Done {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Asked {
        run_millis: Option<u64>,
        #[serde(default)]
        exit_code: i32,
    }
    let asked: Asked = parse(body)?;
    machine.act(|inside, _| {
        inside.outcome = Outcome {
            run_time: asked.run_millis.map(Duration::from_millis),
            exit_code: asked.exit_code,
        };
    });
    Ok(accepted())
}

fn events(machine: &Machine) -> Reply {
    let tampering = machine.outbox().map(super::events::Outbox::tampering);
    Reply::ok(&tampering.unwrap_or_default())
}

fn tamper(machine: &Machine, body: &[u8]) -> Done {
    let tampering: Tampering = parse(body)?;
    let outbox = machine.outbox();
    outbox
        .ok_or_else(|| missing("events go nowhere: no queue of SQS was given at the start"))?
        .tamper(tampering);
    Ok(accepted())
}

fn time(machine: &Machine) -> Reply {
    Reply::ok(&json!({ "now": machine.now().0 }))
}

fn pass_time(machine: &Machine, body: &[u8]) -> Done {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Passing {
        advance_millis: u64,
    }
    let Passing { advance_millis } = parse(body)?;
    machine.advance(Duration::from_millis(advance_millis));
    Ok(time(machine))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Span {
    millis: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    code: Option<i32>,
    reason: Option<String>,
}

fn record<'a>(inside: &'a Inside, id: &str) -> Result<&'a JobRecord, Reply> {
    let record = inside.history.job(id);
    record.ok_or_else(|| missing("no job of that id was ever accepted"))
}

fn parameter(query: Option<&str>, name: &str) -> Option<String> {
    let mut pairs = query?.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .find(|(found, _)| *found == name)
        .map(|(_, value)| percent_decoded(value))
}

fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Reply> {
    serde_json::from_slice(body).map_err(|error| invalid(&error.to_string()))
}

fn accepted() -> Reply {
    Reply::ok(&json!({}))
}

fn invalid(message: &str) -> Reply {
    refusal(StatusCode::BAD_REQUEST, message)
}

fn missing(message: &str) -> Reply {
    refusal(StatusCode::NOT_FOUND, message)
}

fn no_such_thing(asked: &Asked) -> Reply {
    let (method, path) = (&asked.parts.method, asked.parts.uri.path());
    missing(&format!("there is no {method} {path}: see GET /_control"))
}

fn refusal(status: StatusCode, message: &str) -> Reply {
    #[derive(Serialize)]
    struct Refusal<'a> {
        message: &'a str,
    }
    Reply::json(status, &Refusal { message })
}
