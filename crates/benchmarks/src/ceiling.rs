//! The ceiling: what is left of the gateway when it does nothing but its one round trip. A bare
//! poem handler parses the same body and calls one script through fred, which stores, or reads,
//! as many bytes as a job has.

use std::net::SocketAddr;
use std::sync::Arc;

use fred::clients::Client;
use fred::interfaces::{ClientLike, LuaInterface};
use fred::types::config::Config;
use poem::http::StatusCode;
use poem::listener::TcpListener;
use poem::web::{Data, Path};
use poem::{EndpointExt, Route, Server, get, handler};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::Outcome;

/// Stores a record and an entry of the index.
const ADMIT: &str = "redis.call('SET', KEYS[1], ARGV[1]) \
     redis.call('ZADD', KEYS[2], 0, ARGV[2]) return redis.call('GET', KEYS[3])";
const FIND: &str = "return redis.call('GET', KEYS[1])";
/// The newest twenty.
const LIST: &str = "local ids = redis.call('ZRANGE', KEYS[1], '+', '-', 'BYLEX', 'REV', 'LIMIT', 0, 20) \
     local jobs = {} for i, id in ipairs(ids) do jobs[i] = redis.call('GET', '{bench}:job:' .. id) end \
     return jobs";

/// About what a job's record takes, and its answer.
const RECORD: usize = 700;

#[derive(Clone)]
struct Scripts {
    client: Client,
    admit: Arc<str>,
    find: Arc<str>,
    list: Arc<str>,
    record: Arc<str>,
}

#[derive(Deserialize)]
struct Submission<'a> {
    job_type: &'a str,
    #[serde(borrow)]
    params: &'a RawValue,
    idempotency_key: Option<&'a str>,
}

/// Serves until it is killed.
pub(crate) async fn serve(listen: SocketAddr, redis: &str) -> Outcome {
    let client = Client::new(Config::from_url(redis)?, None, None, None);
    client.init().await?;
    let load = async |script: &str| -> Outcome<Arc<str>> {
        let hash: String = client.script_load(script).await?;
        Ok(hash.into())
    };
    let filler = RECORD - r#"{"filler":""}"#.len();
    let scripts = Scripts {
        admit: load(ADMIT).await?,
        find: load(FIND).await?,
        list: load(LIST).await?,
        record: format!(r#"{{"filler":"{}"}}"#, "x".repeat(filler)).into(),
        client,
    };
    let routes = Route::new()
        .at("/api/v1/jobs", get(list).post(submit))
        .at("/api/v1/jobs/:id", get(find))
        .data(scripts);
    Server::new(TcpListener::bind(listen)).run(routes).await?;
    Ok(())
}

#[handler]
async fn submit(scripts: Data<&Scripts>, body: Vec<u8>) -> poem::Result<(StatusCode, String)> {
    let submission: Submission<'_> =
        serde_json::from_slice(&body).map_err(poem::error::BadRequest)?;
    let id = submission.idempotency_key.unwrap_or(submission.job_type);
    let keys = vec![
        format!("{{bench}}:job:{id}"),
        "{bench}:index".to_owned(),
        "{bench}:key".to_owned(),
    ];
    let record = format!("{}{}", scripts.record, submission.params.get());
    let _: Option<String> = scripts
        .client
        .evalsha(&*scripts.admit, keys, vec![record, id.to_owned()])
        .await
        .map_err(poem::error::ServiceUnavailable)?;
    let answer = format!(r#"{{"job_id":"{id}","status":"queued","estimated_time":11}}"#);
    Ok((StatusCode::ACCEPTED, answer))
}

#[handler]
async fn find(scripts: Data<&Scripts>, Path(id): Path<String>) -> poem::Result<String> {
    let found: Option<String> = scripts
        .client
        .evalsha(&*scripts.find, format!("{{bench}}:job:{id}"), ())
        .await
        .map_err(poem::error::ServiceUnavailable)?;
    found.ok_or_else(|| StatusCode::NOT_FOUND.into())
}

#[handler]
async fn list(scripts: Data<&Scripts>) -> poem::Result<String> {
    let jobs: Vec<String> = scripts
        .client
        .evalsha(&*scripts.list, "{bench}:index", ())
        .await
        .map_err(poem::error::ServiceUnavailable)?;
    Ok(format!(
        r#"{{"jobs":[{}],"next_cursor":null}}"#,
        jobs.join(",")
    ))
}
