//! What mirroring sees of a project of Supabase: a real PostgreSQL, and before it a stand-in for
//! PostgREST, which comes as a program for no registry that tests can rely on.

use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::leash::{Leash, NotReady};
use crate::port::Port;
use crate::postgres::Postgres;
use crate::program;

const DATABASE: &str = include_str!("supabase/database.sql");
const REST: &str = include_str!("supabase/rest.py");
const READY: &str = "ready\n";
const TAKEN: &str = "Address already in use";
const START_LIMIT: Duration = Duration::from_secs(150);

/// A project of Supabase for one test, without a table.
#[derive(Debug)]
pub struct Supabase {
    rest: Mutex<Option<Leash>>,
    port: Port,
    folder: TempDir,
    postgres: Postgres,
}

impl Supabase {
    /// An empty project.
    ///
    /// # Panics
    ///
    /// With what to install, where PostgreSQL or the tests' Python packages are missing.
    #[must_use]
    pub fn start() -> Self {
        let postgres = Postgres::start();
        postgres.sql(DATABASE);
        let folder = TempDir::with_prefix("batchway-supabase-")
            .unwrap_or_else(|error| panic!("could not create a temporary folder: {error}"));
        loop {
            let port = Port::reserve();
            match serve(port.number(), postgres.port(), &folder) {
                Ok(leash) => {
                    return Self {
                        rest: Mutex::new(Some(leash)),
                        port,
                        folder,
                        postgres,
                    };
                }
                // By somebody who knows nothing of our reservations.
                Err(words) if words.contains(TAKEN) => {}
                Err(words) => panic!("{words}"),
            }
        }
    }

    /// The project's URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port.number())
    }

    /// Its secret key.
    #[must_use]
    pub fn secret_key(&self) -> &'static str {
        "sb_secret_of_the_tests"
    }

    /// The older form of it: a JWT of the role `service_role`.
    #[must_use]
    pub fn service_role_key(&self) -> String {
        self.token(&json!({"role": "service_role"}))
    }

    /// Its publishable key.
    #[must_use]
    pub fn publishable_key(&self) -> &'static str {
        "sb_publishable_of_the_tests"
    }

    /// What somebody has who has signed in with these claims.
    ///
    /// # Panics
    ///
    /// While it doesn't serve.
    #[must_use]
    pub fn token(&self, claims: &Value) -> String {
        let mut response = ureq::post(format!("{}/token", self.url()))
            .send_json(claims)
            .unwrap_or_else(|error| panic!("no token was made: {error}"));
        let token: Value = response.body_mut().read_json().expect("a token is JSON");
        token.as_str().expect("a token is a text").to_owned()
    }

    /// What an app gets of a table, with this key and, where somebody has signed in, their token:
    /// the status and the rows, or the error.
    ///
    /// # Panics
    ///
    /// While it doesn't serve.
    #[must_use]
    pub fn read(&self, table: &str, key: &str, token: Option<&str>) -> (u16, Value) {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .build()
            .into();
        let url = format!("{}/rest/v1/{table}", self.url());
        let mut request = agent.get(url).header("apikey", key);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let answer = request.call();
        let mut answer = answer.unwrap_or_else(|error| panic!("nothing was read: {error}"));
        let rows = answer.body_mut().read_json().expect("answers are JSON");
        (answer.status().as_u16(), rows)
    }

    /// Does this as the owner of the database. See [`Postgres::sql`].
    ///
    /// # Panics
    ///
    /// With what PostgreSQL says, where it refuses.
    pub fn sql(&self, statements: &str) -> String {
        self.postgres.sql(statements)
    }

    /// The database on its own, to stop it.
    #[must_use]
    pub fn database(&self) -> &Postgres {
        &self.postgres
    }

    /// From now on nobody listens at its URL.
    pub fn go_away(&self) {
        self.rest().take();
    }

    /// It serves again after [`go_away`](Self::go_away).
    ///
    /// # Panics
    ///
    /// Where it does not start.
    pub fn come_back(&self) {
        self.go_away();
        let started = serve(self.port.number(), self.postgres.port(), &self.folder);
        *self.rest() = Some(started.unwrap_or_else(|words| panic!("{words}")));
    }

    fn rest(&self) -> MutexGuard<'_, Option<Leash>> {
        self.rest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn serve(port: u16, postgres: u16, folder: &TempDir) -> Result<Leash, String> {
    let mut command = Command::new(program::of_python("python"));
    command.args(["-c", REST, "--port", &port.to_string()]);
    command.args(["--postgres", &postgres.to_string()]);
    let leash = Leash::start(&command, &folder.path().join("rest.log"));
    match leash.wait_for(READY, START_LIMIT) {
        Ok(()) => Ok(leash),
        Err(NotReady::Ended(words)) => Err(format!("the stand-in for PostgREST ended:\n{words}")),
        Err(NotReady::Silent(words)) => Err(format!("no stand-in for PostgREST:\n{words}")),
    }
}
